-- A pipeline of agents: one drafts, two review at the same time, one puts it all together.
-- With `echo` each agent repeats its task, which shows what flows where; a real model does the work.
--
--   llmspell run examples/pipeline.lua
--   llmspell run examples/pipeline.lua "why tests matter"
--   llmspell run examples/pipeline.lua "why tests matter" --model openai/gpt-4o-mini      (with OPENAI_API_KEY set)

local topic = ARGS[1] or "why the sky is blue"

local function role(name, prompt)
  return Agent.create{name = name, system_prompt = prompt}
end
local writer = role("writer", "You write one clear paragraph.")
local reviewers = {
  role("skeptic", "You look for claims without a reason."),
  role("stylist", "You look for words that can go."),
}
local editor = role("editor", "You improve a draft by its reviews. Give only the new text.")

local function step(name, text)
  print(("[%s] %s"):format(name, text))
  return text
end

-- 1. A draft.
local draft = step("writer", writer:execute("Write about " .. topic .. ".").text)

-- 2. Reviews, all at the same time.
local tasks = {}
for i, reviewer in ipairs(reviewers) do
  tasks[i] = function() return reviewer:execute("Review: " .. draft).text end
end
local reviews = parallel(tasks)
for i, review in ipairs(reviews) do step(tostring(reviewers[i]), review) end

-- 3. The new text, streamed.
io.write("[editor] ")
local final = editor:invokeStream(
  "Draft: " .. draft .. " Reviews: " .. table.concat(reviews, " "),
  function(chunk) io.write(chunk.text) end
)
print()

-- 4. A check that no model is needed for.
local words = Tool.execute("text-manipulator", {operation = "split", input = final.text}).result.result
print(("%d words by %d agents"):format(#words, #Agent.list()))
