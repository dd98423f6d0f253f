-- title: more locals, upvalues, constants and jumps than the compiler can count
-- threat: T-LANG-5
-- verdict: ok
-- value: [false, false, false]
local names = {}
for i = 1, 300 do names[i] = "v" .. i end
local all = table.concat(names, ",")
local far = "goto over " .. ("x = 1 "):rep(20000) .. " ::over::"
return {load("local " .. all) ~= nil, load("local a <close>, b <close> = nil, nil") ~= nil, load(far .. far) ~= nil}
