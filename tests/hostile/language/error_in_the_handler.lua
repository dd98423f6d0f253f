-- title: error handlers that fail, inside error handlers that fail
-- threat: T-LANG-4
-- verdict: limit cpu
local function storm(depth)
  return (xpcall(error, function() if depth > 0 then storm(depth - 1) end error(depth) end))
end
local result
for i = 1, 200 do result = storm(50) end
return result
