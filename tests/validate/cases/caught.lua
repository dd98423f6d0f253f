-- wants: unknown-tool 3:31 note
-- wants: unknown-parameter 4:33 note
pcall(function() Tool.execute("nobody", {}) end)
xpcall(function() Agent.create({modle = "x"}) end, print)
