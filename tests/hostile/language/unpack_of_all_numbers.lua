-- title: unpack of Lua 5.1 is given a range whose width wraps to nothing, and writes beyond its stack
-- threat: T-ENG-3
-- verdict: ok
-- options: --engine lua@5.1
-- passes: command
-- value: [0, 3, 3, 2]
local unpacked = 0
local odd = {-2^31, 2^31 - 1, 2^31, 2^40, -2^40, 1/0, -1/0, 0/0, 2^53, "-2147483648", "2147483647", -1, 0, 1, 8000, 1e6, 1e7}
for _, first in ipairs(odd) do
  for _, last in ipairs(odd) do
    local fine, count = pcall(function() return select("#", unpack({}, first, last)) end)
    if fine and count > 8002 then unpacked = unpacked + 1 end
  end
end
for _, last in ipairs(odd) do pcall(unpack, {}, nil, last) pcall(unpack, {}, last) pcall(unpack, last, last) end
return {unpacked, select("#", unpack{1, 2, 3}), select("#", unpack({}, -1, 1)), (select(2, unpack({1, 2}, "1")))}
