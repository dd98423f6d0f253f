-- wants: unknown-tool 4:14 error
-- wants: unknown-function 5:6 error
pcall(function() Tool.zz = 1 end)
Tool.execute("no-such-tool", {})
Tool.exceute("calculator", {})
Tool.zz()
Agent.create = print
Agent.create({modle = "x"})
pcall(function() Tool.yy[1] = 1 end)
