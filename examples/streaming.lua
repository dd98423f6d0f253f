-- Streaming: an answer is shown while it is being written, chunk by chunk.
--
--   llmspell run examples/streaming.lua

local teller = Agent.create{name = "teller", system_prompt = "You tell very short tales."}

-- 1. A loop. The next chunk is fetched when the loop asks for it, so the spell sets the pace.
for chunk in teller:stream("Once upon a time a worker had fifty megabytes.") do
  io.write(chunk.text)
  if chunk.is_final then
    print(("\n  (%d chunks, %d tokens)"):format(chunk.index + 1, chunk.metadata.token_count))
  end
end

-- 2. Leaving the loop early: close the stream, and the host drops the rest of the answer.
local stream = teller:stream("It found a dragon and then it went home again.")
for chunk in stream do
  io.write(chunk.text)
  if chunk.text:find("dragon") then break end
end
stream.close()
print("... (no more of that)")

-- 3. A function that is given each chunk.
local done = teller:invokeStream("The end.", function(chunk) io.write("<", chunk.text, ">") end)
print(" " .. done.chunks_received .. " chunks: " .. done.text)

-- 4. A stream of the spell's own.
local countdown = Streaming.create(function()
  for n = 3, 1, -1 do Streaming.yield(n) end
end)
while not countdown.isDone() do io.write(countdown.next(), " ") end
print("go")
