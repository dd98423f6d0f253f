-- title: the environment is asked for keys by every name
-- threat: T-LANG-1
-- verdict: ok
-- value: {}
local found = {}
for _, name in ipairs{"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "PLANTED_KEY", "HOME", "PATH", "PWD", "USER", "LD_PRELOAD",
  "PYTHONPATH", "TMPDIR", "LLMSPELL_CONFIG", "", "\0", "A=B"} do
  found[name ~= "" and name or "empty"] = os.getenv(name)
end
pcall(os.getenv)
pcall(os.getenv, {})
pcall(os.getenv, setmetatable({}, {__tostring = function() return "HOME" end}))
return found
