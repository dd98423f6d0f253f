-- title: the calculator is asked for powers of powers, factorials and shifts
-- threat: T-TOOL-1
-- verdict: ok
-- options: --allow-tool calculator --timeout 5
for _, input in ipairs{"9^9^9", "9^9^9^9^9^9", "2^1000000", "exp(exp(exp(9)))", "(((9^9)^9)^9)^9", "1e308*10", "-9^0.5", "0^-1",
  ("9^"):rep(300) .. "9", ("("):rep(500), ("-"):rep(990) .. "1", "1" .. ("0"):rep(999), ("sin("):rep(200) .. "1" .. (")"):rep(200)} do
  pcall(Tool.execute, "calculator", {input = input})
end
return Tool.execute("calculator", {input = "1+1"}).text
