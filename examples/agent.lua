-- An agent: a model with a name, a system prompt and a conversation that it remembers.
-- Without a key it answers through `echo`, which repeats what it is asked and is no model at all.
--
--   llmspell run examples/agent.lua
--   llmspell run examples/agent.lua --model openai/gpt-4o-mini      (with OPENAI_API_KEY set)
--
-- The spell names no model, so the one of the command line or of the configuration answers.
-- `Agent.create{model = "anthropic/claude-sonnet-4-5"}` would choose one here.

local poet = Agent.create{
  name = "poet",
  system_prompt = "You are a poet. Answer in one line.",
  temperature = 0.2,
  max_tokens = 100,
}

print("poet: " .. poet:execute("A line about the sea, please.").text)

-- The second question carries the first one and its answer, so a model knows what "it" is.
local reply = poet:execute{text = "Now put the moon into it.", parameters = {temperature = 0.9}}
print("poet: " .. reply.text)
print(("that took %d tokens to ask and %d to answer"):format(
  reply.metadata.prompt_tokens, reply.metadata.completion_tokens))

-- What the spell wants to keep with an agent stays in the host until the run ends.
poet:set_state{lines = 2, mood = "calm"}
local metrics = poet:get_metrics()
print(("%d questions, %d messages kept, mood %s"):format(
  metrics.executions, metrics.messages, poet:get_state().mood))

poet:reset() -- forgets the conversation, keeps the configuration and the state
print("after reset: " .. poet:get_metrics().messages .. " messages")
