SELECT facts.entity, facts.time, coalesce(sum(facts.impressions), 0) AS impressions, coalesce(sum(facts.seconds_in_view), 0) AS seconds_in_view
FROM (SELECT pairs.entity AS entity, toDateTime64(date_trunc('week', fact.hour), 6, 'UTC') AS time, fact.impressions AS impressions, fact.seconds_in_view AS seconds_in_view
FROM ad_hour AS fact
INNER JOIN (SELECT tupleElement(row, 1) AS key, tupleElement(row, 2) AS entity FROM (SELECT arrayJoin(arrayZip({p1:Array(Int64)}, {p2:Array(Int64)})) AS row)) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = {p0:Int64} AND fact.hour >= {p3:DateTime64(6, 'UTC')} AND fact.hour < {p4:DateTime64(6, 'UTC')}
UNION ALL
SELECT pairs.entity AS entity, toDateTime64(date_trunc('week', fact.ts), 6, 'UTC') AS time, CASE WHEN fact.event = 'impressions' THEN 1 ELSE 0 END AS impressions, CASE WHEN fact.event = 'seconds_in_view' THEN fact.value ELSE 0 END AS seconds_in_view
FROM ad_event AS fact
INNER JOIN (SELECT tupleElement(row, 1) AS key, tupleElement(row, 2) AS entity FROM (SELECT arrayJoin(arrayZip({p1:Array(Int64)}, {p2:Array(Int64)})) AS row)) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = {p0:Int64} AND fact.ts >= {p5:DateTime64(6, 'UTC')} AND fact.ts < {p6:DateTime64(6, 'UTC')}
UNION ALL
SELECT pairs.entity AS entity, toDateTime64(date_trunc('week', fact.hour), 6, 'UTC') AS time, CASE WHEN fact.event = 'impressions' THEN fact.events ELSE 0 END AS impressions, CASE WHEN fact.event = 'seconds_in_view' THEN fact.value ELSE 0 END AS seconds_in_view
FROM ad_event_fresh AS fact
INNER JOIN (SELECT tupleElement(row, 1) AS key, tupleElement(row, 2) AS entity FROM (SELECT arrayJoin(arrayZip({p1:Array(Int64)}, {p2:Array(Int64)})) AS row)) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = {p0:Int64} AND fact.hour >= {p7:DateTime64(6, 'UTC')} AND fact.hour < {p8:DateTime64(6, 'UTC')}) AS facts
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
