-- title: the calculator is given Python
-- threat: T-TOOL-3
-- verdict: ok
-- options: --allow-tool calculator
-- value: 0
local worked = 0
for _, input in ipairs{"__import__('os').system('id')", "().__class__", "open('/etc/passwd')", "lambda: 0", "[x for x in 1]", "a.b", "pi.real",
  "1 if 1 else 2", "x := 1", "'a' * 10", "1; 2", "1\n2", "{}", "f'{1}'", "0x10", "1_000", "\u{ff11}+1", "eval(1)"} do
  local fine, result = pcall(Tool.execute, "calculator", {input = input})
  if fine and type(result.result.result) ~= "number" then worked = worked + 1 end
end
for _, name in ipairs{"__class__", "sin", "pi", "", ("v"):rep(10000), "a b", "\0"} do
  pcall(Tool.execute, "calculator", {input = "1", variables = {[name] = 1}})
end
return worked
