-- Calls to the host, and `parallel`: functions whose calls are open at the same time.
-- A branch is a coroutine; a call in it is begun and yielded, and the branch goes on when its reply is there. Inside
-- the script's own coroutines and in callbacks of C functions nothing can yield, so calls go one after another there.
local ll = ...
local dispatch, pack, unpack, make_error = ll.dispatch, ll.pack, ll.unpack, ll.make_error
local pcall, error, type, next, setmetatable, format = ll.pcall, error, type, next, setmetatable, string.format
local create, resume, yield, running = coroutine.create, coroutine.resume, coroutine.yield, coroutine.running
local isyieldable, status = coroutine.isyieldable, coroutine.status
local rawlen, gsub = rawlen, string.gsub
local CALL, BEGIN, WAIT_ANY = 1, 2, 3
local MAX_OPEN = 250 -- the wire admits 256 open calls

local branches = setmetatable({}, {__mode = "k"})
local open = 0
local arrived = {} -- replies that a nested `parallel` read for the one around it
local WAITING, AGAIN = {}, {} -- what a branch yields: a call was begun; try again after the next reply

-- Every way to the host: an error of the adapter itself is never handed to the script as an object.
local function host(...)
  local fine, a, b, c, d = pcall(dispatch, ...)
  if fine then return a, b, c, d end
  error(ll.memory_message, 0)
end

local function raise_unsendable(message) error(make_error("validation", message), 0) end

local function take(ok, pos, body)
  local value = unpack(body, pos)
  if ok then return value end
  error(make_error(value.kind, value.message, value.details), 0)
end

-- Whether the running function may hand control to `parallel`.
local function in_branch()
  return branches[running()] and isyieldable()
end

-- Calls `capability` with a map of arguments and gives the value, or raises the error of the reply.
local function call(capability, arguments)
  local packed, why = pack(arguments, "")
  if not packed then raise_unsendable((gsub(why, "^%.", ""))) end
  if in_branch() then
    while open >= MAX_OPEN do yield(AGAIN) end
    local id, problem = host(BEGIN, capability, packed)
    if not id then raise_unsendable(problem) end
    open = open + 1
    return take(yield(WAITING, id))
  end
  local ok, pos, body = host(CALL, capability, packed)
  if ok == nil then raise_unsendable(pos) end
  return take(ok, pos, body)
end

local function next_reply(waiting)
  for id, reply in next, arrived do
    if waiting[id] then
      arrived[id] = nil
      return id, reply[1], reply[2], reply[3]
    end
  end
  return host(WAIT_ANY)
end

-- Runs `functions` as branches until each has ended; gives results and errors by index.
local function run_branches(functions, count)
  local results, errors, ready, waiting = {}, {}, {}, {}
  for i = 1, count do
    local branch = create(functions[i])
    branches[branch] = true
    ready[i] = {branch = branch, index = i}
  end
  local stalled = {}
  local function step(entry, ...)
    local fine, a, b = resume(entry.branch, ...)
    if not fine then errors[entry.index] = {a}
    elseif status(entry.branch) == "dead" then results[entry.index] = a
    elseif a == WAITING then waiting[b] = entry
    else stalled[#stalled + 1] = entry end
  end
  while true do
    local runnable = ready
    ready = {}
    for i = 1, #runnable do step(runnable[i]) end
    if next(waiting) then
      local id, ok, pos, body = next_reply(waiting)
      local entry = waiting[id]
      if entry then
        waiting[id] = nil
        open = open - 1
        step(entry, ok, pos, body)
      else
        arrived[id] = {ok, pos, body}
      end
      ready, stalled = stalled, {}
    elseif #stalled > 0 then
      if #stalled == #runnable and #runnable > 0 and not next(ready) then
        ll.break_loop() -- each branch waits for a module that another one loads
      end
      ready, stalled = stalled, {}
    else
      return results, errors
    end
  end
end

function ll.parallel(functions)
  if type(functions) ~= "table" then error(make_error("validation", "parallel needs a list of functions, not a " .. type(functions)), 0) end
  local count = rawlen(functions)
  for i = 1, count do
    if type(functions[i]) ~= "function" then
      error(make_error("validation", format("parallel needs a list of functions: [%d] is a %s", i, type(functions[i]))), 0)
    end
  end
  if in_branch() then -- a list inside a branch goes one after another: its calls still yield
    local results = {}
    local first
    for i = 1, count do
      local fine, value = pcall(functions[i])
      if fine then results[i] = value elseif not first then first = {value} end
    end
    if first then error(first[1], 0) end
    return results
  end
  local results, errors = run_branches(functions, count)
  for i = 1, count do
    if errors[i] then error(errors[i][1], 0) end
  end
  return results
end

-- Gives way to the other branches until something has happened; false where that is not possible.
function ll.give_way()
  if not in_branch() then return false end
  yield(AGAIN)
  return true
end

function ll.reset_calls() open, arrived = 0, {} end

ll.call, ll.host, ll.in_branch, ll.branches = call, host, in_branch, branches
