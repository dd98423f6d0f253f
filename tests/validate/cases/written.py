# wants: unknown-tool 4:14 error
if ARGS:
    Tool.zz = 1
Tool.execute("no-such-tool", {})
Agent[ARGS[0]] = print
Agent.create({"modle": "x"})
Tool.yy[0] = 1
