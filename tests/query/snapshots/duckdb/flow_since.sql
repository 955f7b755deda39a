SELECT pairs.entity AS entity, fact.component_id AS component, coalesce(sum(fact.component_impressions), 0)::BIGINT AS component_impressions, coalesce(sum(fact.component_continues), 0)::BIGINT AS component_continues
FROM ad_flow_day AS fact
INNER JOIN (SELECT unnest($2::BIGINT[]) AS key, unnest($3::BIGINT[]) AS entity) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = $1::BIGINT AND fact.day >= $4::DATE
GROUP BY 1, 2
ORDER BY 1, 2;
-- columns: entity, component, component_impressions, component_continues
-- 0: 7
-- 1: [11]
-- 2: [11]
-- 3: 2024-02-26
