-- A load of questions and facts for wrk, against a server of one's own:
--
--   HEADWATER_KEY=hw_live_… wrk -t2 -c32 -d60s --latency -s deploy/load/questions.lua http://127.0.0.1:8000
--
-- HEADWATER_KEY    an API key that may read, and write for facts
-- CREATIVES        ids of creatives, separated by commas; one is enough
-- COLD             share of questions that nobody has asked before (0.1)
-- FACTS            share of requests that send a batch of events (0)
-- BATCH            events in such a batch (500)
--
-- It writes real events where FACTS is above 0: use an organisation for it alone.

local key = os.getenv("HEADWATER_KEY") or error("Set HEADWATER_KEY to an API key of the server.")
local cold = tonumber(os.getenv("COLD") or "0.1")
local facts = tonumber(os.getenv("FACTS") or "0")
local batch = tonumber(os.getenv("BATCH") or "500")
local creatives = {}
for id in (os.getenv("CREATIVES") or error("Set CREATIVES to ids of creatives.")):gmatch("%d+") do
  creatives[#creatives + 1] = id
end

local DAY = 86400
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  math.randomseed(os.time() * 1000 + number)
  wrk.headers["Authorization"] = "Bearer " .. key
end

local function any(list)
  return list[math.random(#list)]
end

local function day(time)
  return os.date("!%Y-%m-%dT00:00:00Z", time)
end

local function question()
  local ids = "&id=" .. any(creatives)
  local pick = math.random(3)
  if pick == 1 then
    return wrk.format("GET", "/v2/aggregation-api/counts?resource=creative" .. ids)
  end
  local from, days = os.time() - 30 * DAY, 30
  if math.random() < cold then
    -- A span of days that begins somewhere within the last year is hardly ever asked for twice.
    from, days = os.time() - math.random(30, 365) * DAY, math.random(1, 29)
  end
  local span = "&time_from=" .. day(from) .. "&time_to=" .. day(from + days * DAY)
  if pick == 2 then
    return wrk.format("GET", "/v2/aggregation-api/domains?resource=creative" .. ids .. span)
  end
  return wrk.format("GET",
    "/v2/aggregation-api/buckets?resource=creative&time_frame=day&metric=impressions,link_clicks" .. ids .. span)
end

local function events()
  local lines = {}
  for place = 1, batch do
    lines[place] = string.format(
      '{"ts":"%s","creative_id":%s,"event":"impressions","domain":"site%d.example","session_id":"%08x%08x%08x"}',
      os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - math.random(0, 3600)),
      any(creatives), math.random(20), number, math.random(0, 0x7fffffff), math.random(0, 0x7fffffff))
  end
  return wrk.format("POST", "/api/v1/ingest/ad-events", {
    ["Authorization"] = "Bearer " .. key,
    ["Content-Type"] = "application/x-ndjson",
  }, table.concat(lines, "\n"))
end

function request()
  if math.random() < facts then
    return events()
  end
  return question()
end

local told = {}

function response(status)
  if status >= 400 and not told[status] then
    told[status] = true
    print("A request was answered with " .. status .. ".")
  end
end
