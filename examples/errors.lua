-- Errors: a failing call raises a value with `kind`, `message` and `details`, and `pcall` catches it.
-- Limits of the whole run (memory, time, calls) cannot be caught.
--
--   llmspell run examples/errors.lua
--   llmspell run examples/errors.lua -- --uncaught    (ends as an error, with the line of the spell)

local function show(what, fn, ...)
  local fine, problem = pcall(fn, ...)
  assert(not fine, "this was meant to fail")
  print(("%-13s %-11s %s"):format(what, problem.kind, problem.message))
end

show("unknown tool:", Tool.execute, "calculater", {input = "1"})
show("bad params:", Tool.execute, "calculator", {expresion = "1"})
show("bad input:", Tool.execute, "calculator", {input = "1 / zero"})
show("not granted:", Tool.execute, "file-operations", {operation = "read", path = "secrets.txt"})
show("no provider:", Agent.create, {name = "nobody", model = "acme/big"})
show("not sendable:", Tool.execute, "calculator", {input = print})
show("not here yet:", function() return Workflow.sequential end) -- llmspell: off unknown-name

-- The kind decides what to do; the message is for people.
local fine, problem = pcall(Tool.execute, "calculater", {input = "1"})
if not fine and problem.kind == "not_found" then
  print("falling back: " .. Tool.execute("calculator", {input = "1"}).text)
elseif not fine then
  error(problem) -- goes on as it came
end

-- Errors of the spell's own work as in any Lua.
print(select(2, pcall(error, "a plain text", 0)))
print(select(2, pcall(error, {code = 7})).code)

local function deep()
  error("nobody catches this")
end
if ARGS.uncaught then deep() end
