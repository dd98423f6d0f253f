-- The smallest spell: it greets you, or whoever you name.
--
--   llmspell run examples/hello.lua
--   llmspell run examples/hello.lua Ada

local name = ARGS[1] or "world"
print("Hello, " .. name .. "!")
