local text = ("x"):rep(4300000)
local _, problem = pcall(Tool.execute, "give_back", {value = text})
print(problem.message:match("^the call takes"))
return text
