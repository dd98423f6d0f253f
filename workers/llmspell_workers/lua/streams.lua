-- Streams: those that the host feeds and the script pulls, and `Streaming`, generators written in the script.
local ll = ...
local type, error, setmetatable, concat, format = type, error, setmetatable, table.concat, string.format
local pcall, rawget = pcall, rawget
local create, resume, yield, status, running = coroutine.create, coroutine.resume, coroutine.yield, coroutine.status, coroutine.running
local call, make_error, branches = ll.call, ll.make_error, ll.branches
local pull = ll.pull or call

local function invalid(...) error(make_error("validation", format(...)), 0) end

-- An iterator over a stream that the script pulls: the reader sets the pace. Dropped, it is closed.
function ll.make_stream(spec, opened)
  local id, done = opened.stream, false
  local stream = {}
  local function finish()
    if not done then
      done = true
      call(spec.closes, {stream = id})
    end
  end
  local function next_chunk()
    if done then return nil end
    local fine, chunk = pcall(pull, spec.pulls, {stream = id})
    if not fine then
      done = true
      error(chunk, 0)
    end
    if chunk == nil then done = true end
    return chunk
  end
  stream.next, stream.close = next_chunk, finish
  function stream.isDone() return done end
  return setmetatable(stream, {
    __call = next_chunk, __close = finish, __name = "stream", __metatable = "stream",
    __gc = function() if not done and not ll.ended then pcall(finish) end end,
  })
end

-- Runs a stream to its end through a function of the script.
function ll.drain(spec, opened, each)
  local stream = ll.make_stream(spec, opened)
  return (ll.closing(stream.close, function()
    local count, parts, said = 0, {}, 0
    for chunk in stream.next do
      count = count + 1
      local text = rawget(chunk, "text")
      if rawget(chunk, "restarts") then parts, said = {}, 0 end -- what follows takes the place of what came
      said = said + 1
      parts[said] = type(text) == "string" and text or ""
      each(chunk)
    end
    return {success = true, chunks_received = count, text = concat(parts)}
  end))
end

local STREAMING = {}
function STREAMING.create(fn)
  if type(fn) ~= "function" then invalid("Streaming.create needs a function, not a %s", type(fn)) end
  local co = create(fn)
  local ahead, has_ahead, done = nil, false, false
  local function step()
    if done then return nil end
    local fine, value = resume(co)
    if not fine then
      done = true
      error(value, 0)
    end
    if status(co) == "dead" then
      done = true
      return nil
    end
    return value
  end
  local stream = {}
  function stream.next()
    if has_ahead then
      local value = ahead
      ahead, has_ahead = nil, false
      return value
    end
    return step()
  end
  function stream.isDone()
    if not done and not has_ahead then
      ahead = step()
      has_ahead = not done
    end
    return done and not has_ahead
  end
  function stream.collect()
    local all, count = {}, 0
    while not stream.isDone() do
      count = count + 1
      all[count] = stream.next()
    end
    if count == 0 then ll.empty_lists[all] = true end
    return all
  end
  return setmetatable(stream, {__call = stream.next, __name = "stream", __metatable = "stream"})
end
function STREAMING.yield(value)
  local co, main = running()
  if main or branches[co] then invalid("Streaming.yield works only inside a function given to Streaming.create") end
  return yield(value)
end
ll.streaming = STREAMING
