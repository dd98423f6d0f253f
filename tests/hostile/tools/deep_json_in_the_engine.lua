-- title: the same for JSON.parse, in the worker
-- threat: T-ENG-3
-- verdict: ok
-- options: --cpu 4
for _, text in ipairs{("["):rep(1000000), ('{"a":'):rep(100000), "1" .. ("0"):rep(100000), '"' .. ("\\u0000"):rep(100000) .. '"', '"\\ud800\\udc00\\udfff"',
  "[1,]", "{\"a\":1,}", "\0", "[1e400,-1e400]", "-", "tru", ("\\"):rep(1000)} do
  pcall(JSON.parse, text)
end
local t = {}
t.t = t
return pcall(JSON.stringify, t)
