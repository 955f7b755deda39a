SELECT facts.entity, coalesce(sum(facts.impressions), 0) AS impressions, coalesce(sum(facts.seconds_in_view), 0) AS seconds_in_view
FROM (SELECT pairs.entity AS entity, fact.impressions AS impressions, fact.seconds_in_view AS seconds_in_view
FROM ad_lifetime AS fact
INNER JOIN (SELECT tupleElement(row, 1) AS key, tupleElement(row, 2) AS entity FROM (SELECT arrayJoin(arrayZip({p1:Array(Int64)}, {p2:Array(Int64)})) AS row)) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = {p0:Int64}
UNION ALL
SELECT pairs.entity AS entity, CASE WHEN fact.event = 'impressions' THEN fact.events ELSE 0 END AS impressions, CASE WHEN fact.event = 'seconds_in_view' THEN fact.value ELSE 0 END AS seconds_in_view
FROM ad_event_fresh AS fact
INNER JOIN (SELECT tupleElement(row, 1) AS key, tupleElement(row, 2) AS entity FROM (SELECT arrayJoin(arrayZip({p1:Array(Int64)}, {p2:Array(Int64)})) AS row)) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = {p0:Int64}) AS facts
GROUP BY 1
ORDER BY 1;
-- columns: entity, impressions, seconds_in_view
-- 0: 7
-- 1: [11, 12]
-- 2: [101, 101]
