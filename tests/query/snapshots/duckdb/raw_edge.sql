SELECT facts.entity, facts.time, coalesce(sum(facts.impressions), 0)::BIGINT AS impressions, coalesce(sum(facts.seconds_in_view), 0)::BIGINT AS seconds_in_view
FROM (SELECT pairs.entity AS entity, date_trunc('week', fact.hour)::TIMESTAMP AS time, fact.impressions AS impressions, fact.seconds_in_view AS seconds_in_view
FROM ad_hour AS fact
INNER JOIN (SELECT unnest($2::BIGINT[]) AS key, unnest($3::BIGINT[]) AS entity) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = $1::BIGINT AND fact.hour >= $4::TIMESTAMP AND fact.hour < $5::TIMESTAMP
UNION ALL
SELECT pairs.entity AS entity, date_trunc('week', fact.ts)::TIMESTAMP AS time, CASE WHEN fact.event = 'impressions' THEN 1 ELSE 0 END AS impressions, CASE WHEN fact.event = 'seconds_in_view' THEN fact.value ELSE 0 END AS seconds_in_view
FROM ad_event AS fact
INNER JOIN (SELECT unnest($2::BIGINT[]) AS key, unnest($3::BIGINT[]) AS entity) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = $1::BIGINT AND fact.ts >= $6::TIMESTAMP AND fact.ts < $7::TIMESTAMP
UNION ALL
SELECT pairs.entity AS entity, date_trunc('week', fact.hour)::TIMESTAMP AS time, CASE WHEN fact.event = 'impressions' THEN fact.events ELSE 0 END AS impressions, CASE WHEN fact.event = 'seconds_in_view' THEN fact.value ELSE 0 END AS seconds_in_view
FROM ad_event_fresh AS fact
INNER JOIN (SELECT unnest($2::BIGINT[]) AS key, unnest($3::BIGINT[]) AS entity) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = $1::BIGINT AND fact.hour >= $8::TIMESTAMP AND fact.hour < $9::TIMESTAMP) AS facts
GROUP BY 1, 2
ORDER BY 1, 2;
-- columns: entity, time, impressions, seconds_in_view
-- 0: 7
-- 1: [11, 12]
-- 2: [11, 12]
-- 3: 2024-02-26 00:00:00
-- 4: 2024-02-26 13:00:00
-- 5: 2024-02-26 13:00:00
-- 6: 2024-02-26 13:30:00
-- 7: 2024-02-26 00:00:00
-- 8: 2024-02-26 13:00:00
