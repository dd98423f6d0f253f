-- title: a chain of weak tables that the collector goes over again and again
-- threat: T-MEM-5
-- verdict: limit cpu | limit memory
local weak = setmetatable({}, {__mode = "k"})
local key = {}
FIRST = key
while true do
  local next_key = {}
  weak[key] = {next_key, setmetatable({[next_key] = key}, {__mode = "k"})}
  key = next_key
end
