-- title: names of Python attributes are looked up on everything that the API gives
-- threat: T-ENG-1
-- verdict: ok
-- options: --allow-model echo/*
-- value: {}
local found = {}
local agent = Agent.create{}
local _, problem = pcall(Tool.execute, "nothing")
for _, object in ipairs{agent, Tool, Agent, Tool.list()[1], problem, JSON.null, Streaming.create(function() end), io.stdout, ARGS} do
  for _, name in ipairs{"__class__", "__globals__", "__builtins__", "f_globals", "gi_frame", "__subclasses__", "__init__",
    "__traceback__", "__getattribute__", "as_attrgetter", "set_overflow_handler", "eval"} do
    local fine, value = pcall(function() return object[name] end)
    if fine and value ~= nil then found[#found + 1] = name end
  end
end
return found
