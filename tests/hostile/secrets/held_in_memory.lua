-- title: everything in the memory, environment and command line of a live worker is searched for keys
-- threat: T-SEC-1
-- verdict: crash
-- passes: memory
-- stdin: endless
-- options: --allow-model echo/* --allow-tool calculator
local mark = "hold this in " .. "memory"
HELD = {mark, Agent.create{}:execute("hello"), Provider.list(), Tool.list(), pcall(Agent.create, {model = "planted/small"})}
print("ready")
io.read("l")
print(mark)
