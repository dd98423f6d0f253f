-- A tour in one spell: tools are called, an agent answers, its answer is streamed, and a refusal is caught.
-- It needs neither a key nor a network: without a configured model agents answer through `echo`.
--
--   llmspell run examples/tour.lua

-- Tools run in the host. The spell runs in a worker process and sees their results.
local area = Tool.execute("calculator", {input = "pi() * r^2", variables = {r = 2.5}})
print(("calculator: a circle with r = 2.5 has the area %.3f"):format(area.result.result))
local hash = Tool.execute("hash-calculator", {operation = "hash", algorithm = "sha256", input = "open sesame"})
print("hash-calculator: " .. hash.text:sub(1, 16) .. "...")

-- An agent. Keys stay in the host; the spell only asks.
local guide = Agent.create{name = "guide", system_prompt = "You are a guide. Answer in one sentence."}
print("guide: " .. guide:execute("A spell has 50 MiB and no keys.").text)

-- The same, shown while it is being written.
io.write("guide, streamed: ")
local chunks = 0
for chunk in guide:stream("Each word of this sentence is a chunk of its own.") do
  io.write(chunk.text)
  chunks = chunks + 1
end
print(" (" .. chunks .. " chunks)")

-- What was not granted is refused, and the spell may handle that.
local fine, problem = pcall(Tool.execute, "file-operations", {operation = "read", path = "/etc/passwd"})
print("file-operations: " .. (fine and "allowed?!" or problem.kind))
