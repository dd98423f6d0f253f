-- title: methods of agents, tools and builders are called with a forged self
-- threat: T-ENG-1
-- verdict: ok
-- options: --allow-model echo/*
-- value: {}
local agent, builder, tool = Agent.create{name = "mine"}, Agent.builder(), Tool.list()[1]
local leaked = {}
for _, forged in ipairs{{id = 1}, {id = "mine"}, {id = {}}, setmetatable({}, {__index = agent}), _G, {id = -1}, {id = "../x"}} do
  for name, object in next, {agent = agent, builder = builder, tool = tool} do
    for method, f in next, getmetatable(object) ~= nil and type(getmetatable(object)) == "table" and getmetatable(object) or {} do
      if type(f) == "function" then leaked[#leaked + 1] = name .. "." .. method end
    end
    pcall(function() object.execute(forged, "x") end)
    pcall(function() object.build(forged) end)
    pcall(function() object.get_state(forged) end)
  end
end
return leaked
