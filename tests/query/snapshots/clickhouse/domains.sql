SELECT pairs.entity AS entity, fact.domain AS domain, fact.dsp AS dsp, coalesce(sum(fact.impressions), 0) AS impressions
FROM ad_placement_day AS fact
INNER JOIN (SELECT tupleElement(row, 1) AS key, tupleElement(row, 2) AS entity FROM (SELECT arrayJoin(arrayZip({p1:Array(Int64)}, {p2:Array(Int64)})) AS row)) AS pairs ON pairs.key = fact.creative_id
WHERE fact.organisation_id = {p0:Int64} AND fact.day >= {p3:Date32} AND fact.day < {p4:Date32}
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
-- columns: entity, domain, dsp, impressions
-- 0: 7
-- 1: [11]
-- 2: [11]
-- 3: 2024-02-26
-- 4: 2024-03-04
