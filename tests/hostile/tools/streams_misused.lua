-- title: streams that are read after their end, closed twice, read by many branches at once, and forged
-- threat: T-TOOL-4
-- verdict: ok
-- options: --allow-model echo/*
-- value: "alive"
local agent = Agent.create{}
local stream = agent:stream("one two three")
parallel{stream.next, stream.next, stream.close, stream.next, stream.close}
pcall(stream.next) pcall(stream.close) pcall(stream.isDone)
pcall(agent.invokeStream, agent, "a b", function() agent:reset() error("in the callback") end)
pcall(agent.invokeStream, agent, "a b", function() for _ in agent:stream("inner") do end end)
local endless
endless = Streaming.create(function() while true do Streaming.yield(endless) end end)
for i = 1, 100 do endless.next() end
pcall(Streaming.yield, 1)
pcall(Streaming.create, setmetatable({}, {__call = print}))
local own
own = Streaming.create(function() own.next() end)
pcall(own.next) pcall(own.collect)
return "alive"
