-- wrk: every request is a new alarm of Alertmanager's shape, about 850 bytes; made before the clock starts, so that
-- the client is never what is slow.
local number = 0
local seed = tostring(os.time()) .. "-"
local template = '{"version":"4","groupKey":"{}:{alertname=\\"DiskFull\\"}","truncatedAlerts":0,"status":"firing",'
  .. '"receiver":"tocsin","groupLabels":{"alertname":"DiskFull"},"commonLabels":{"alertname":"DiskFull","severity":'
  .. '"critical"},"commonAnnotations":{},"externalURL":"http://am.example:9093","alerts":[{"status":"firing","labels":'
  .. '{"alertname":"DiskFull","instance":"db-%s:9100","job":"node","severity":"critical","team":"storage"},'
  .. '"annotations":{"summary":"/ is 97%% full","description":"The root file system of db is nearly full, it will be '
  .. 'full in about two hours.","runbook_url":"https://wiki.example/disk"},"startsAt":"2026-11-21T01:00:00.123Z",'
  .. '"endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prom.example/graph?g0.expr=node_filesystem_free_bytes",'
  .. '"fingerprint":"%s"}]}'

local prepared = {}

function init()
  for i = 1, 60000 do
    local name = seed .. i
    prepared[i] = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, string.format(template, name, name))
  end
end

function request()
  number = number % 60000 + 1
  return prepared[number]
end
