SELECT pairs.entity AS entity, fact.component_id AS component, coalesce(sum(fact.component_impressions), 0) AS component_impressions, coalesce(sum(fact.component_continues), 0) AS component_continues
FROM ad_flow_day AS fact
INNER JOIN (SELECT tupleElement(row, 1) AS key, tupleElement(row, 2) AS entity FROM (SELECT arrayJoin(arrayZip({p1:Array(Int64)}, {p2:Array(Int64)})) AS row)) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = {p0:Int64} AND fact.day >= {p3:Date32}
GROUP BY 1, 2
ORDER BY 1, 2;
-- columns: entity, component, component_impressions, component_continues
-- 0: 7
-- 1: [11]
-- 2: [11]
-- 3: 2024-02-26
