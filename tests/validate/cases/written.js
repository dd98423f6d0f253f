// wants: unknown-tool 3:14 error
try { Tool.zz = 1 } catch {}
Tool.execute("no-such-tool", {});
Agent.create = console.log;
Agent.create({modle: "x"});
try { Tool.yy[1] = 1 } catch {}
