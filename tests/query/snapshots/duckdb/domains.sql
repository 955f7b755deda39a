SELECT pairs.entity AS entity, fact.domain AS domain, fact.dsp AS dsp, coalesce(sum(fact.impressions), 0)::BIGINT AS impressions
FROM ad_placement_day AS fact
INNER JOIN (SELECT unnest($2::BIGINT[]) AS key, unnest($3::BIGINT[]) AS entity) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = $1::BIGINT AND fact.day >= $4::DATE AND fact.day < $5::DATE
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
-- columns: entity, domain, dsp, impressions
-- 0: 7
-- 1: [11]
-- 2: [11]
-- 3: 2024-02-26
-- 4: 2024-03-04
