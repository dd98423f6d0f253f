-- Parallel calls: `parallel` runs functions whose calls to the host are open at the same time.
-- Three questions to a model take as long as the slowest of them.
--
--   llmspell run examples/parallel.lua

local function ask(name, question)
  return function()
    print(name .. " is asked")
    local agent = Agent.create{name = name, system_prompt = "You are a " .. name .. "."}
    return name .. " says: " .. agent:execute(question).text
  end
end

-- The results stand in the order of the functions, whoever finished first.
local answers = parallel{
  ask("botanist", "Roses are red."),
  ask("painter", "Violets are violet."),
  ask("poet", "Sugar is sweet."),
}
for _, answer in ipairs(answers) do print(answer) end

-- An error is raised after every function has ended; a `pcall` inside keeps it to its own function.
local function attempt(input)
  return function()
    local fine, value = pcall(Tool.execute, "calculator", {input = input})
    return fine and value.result.result or "no value"
  end
end
print(table.concat(parallel{attempt("2 ^ 10"), attempt("1 / zero"), attempt("10 % 4")}, ", "))

-- Waiting in parallel: this takes a tenth of a second, not three of them.
parallel{function() sleep(0.1) end, function() sleep(0.1) end, function() sleep(0.1) end}
print("three waits are over")
