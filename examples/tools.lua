-- Tools: functions of the host that a spell calls by name, each only if it is granted.
-- `run` grants the tools without side effects unless a configuration says otherwise.
--
--   llmspell run examples/tools.lua
--   llmspell tools list

-- A result holds `success`, `text` for people, and `result`, whose fields depend on the tool.
local area = Tool.execute("calculator", {input = "pi() * r^2", variables = {r = 2.5}})
print(("calculator:       %.3f (%s)"):format(area.result.result, area.result.result_type))

local sum = Tool.execute("hash-calculator", {operation = "hash", algorithm = "sha256", input = "open sesame"})
print("hash-calculator:  " .. sum.text:sub(1, 16) .. "...")

-- Both spellings of a name work. A v5 UUID depends on its name alone, so it never changes.
local id = Tool.execute("uuid_generator", {version = "v5", namespace = "url", name = "https://example.org/spell"})
print("uuid-generator:   " .. id.result.uuid)

local coded = Tool.execute("base64-encoder", {operation = "encode", input = "open sesame"})
print("base64-encoder:   " .. coded.text)

local short = Tool.execute("text-manipulator",
  {operation = "truncate", input = "The philosopher's stone", options = {max_length = 15}})
print("text-manipulator: " .. short.text)

local people = {{name = "Ada", age = 36}, {name = "Bob", age = 7}}
local names = Tool.execute("json-processor", {input = people, query = "[.[] | .name]"})
print("json-processor:   " .. table.concat(names.result, ", "))

-- A tool can be looked at before it is called, and called as an object.
local calculator = Tool.get("calculator")
print(calculator .. " takes a " .. calculator:getSchema().properties.input.type .. ": 6 * 7 is "
  .. calculator:execute{input = "6 * 7"}.text)

-- `executeAsync` never raises: a failure is an answer.
local answer = Tool.executeAsync("calculator", {input = "1 +"})
print("1 + " .. (answer.success and "works" or "fails: " .. answer.error))
