-- title: the same for run, whose configuration names a provider with a key
-- threat: T-SEC-1
-- verdict: crash
-- passes: memory
-- command: run
-- stdin: endless
local mark = "hold this in " .. "memory"
HELD = {mark, Provider.list(), Provider.get("planted"), Provider.getCapabilities("planted"), Config.get("providers", {})}
print("ready")
io.read("l")
print(mark)
