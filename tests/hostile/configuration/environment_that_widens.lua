-- title: the environment grants files, raises limits and names an engine, for a sandboxed script
-- threat: T-CONF-3
-- verdict: denied
-- options: --allow-read {scene}
-- place: file llmspell.env not read
local fine = pcall(Tool.execute, "file-operations", {operation = "read", path = "secret.txt"})
assert(not fine)
Tool.execute("file-operations", {operation = "read", path = "secret.txt"})
