SELECT pairs.entity AS entity, date_trunc('day', fact.day)::TIMESTAMP AS time, coalesce(sum(fact.impressions), 0)::BIGINT AS impressions
FROM ad_day AS fact
INNER JOIN (SELECT unnest($2::BIGINT[]) AS key, unnest($3::BIGINT[]) AS entity) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = $1::BIGINT AND fact.day >= $4::DATE AND fact.day < $5::DATE
GROUP BY 1, 2
ORDER BY 1, 2;
-- columns: entity, time, impressions
-- 0: 7
-- 1: [11, 12, 13]
-- 2: [201, 201, 201]
-- 3: 2024-02-26
-- 4: 2024-03-04
