-- title: the metatable that all strings share is turned against the adapter
-- threat: T-LANG-3
-- verdict: ok
-- options: --allow-tool calculator
-- value: 42
-- kept: mine\n
local meta = getmetatable("")
for _, name in ipairs{"__index", "__add", "__concat", "__len", "__eq", "__lt", "__le", "__call", "__unm", "__mod"} do
  meta[name] = function() error("mine", 0) end
end
meta.__name, meta.__metatable, meta.__tostring = "mine", "mine", function() return "mine" end
print("printed")
return Tool.execute("calculator", {input = "6*7"}).result.result
