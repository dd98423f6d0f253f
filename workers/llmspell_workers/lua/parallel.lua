-- `parallel`: functions whose calls are open at the same time.
-- A branch is a coroutine; a call in it is begun and yielded, and the branch goes on when its reply is there. A list
-- inside a branch joins the branches that run already. Inside the script's own coroutines and in callbacks of C
-- functions nothing can yield to them, so there calls go one after another, and a list there is run to its end alone.
local ll = ...
local host_wait, host_forget = ll.host_wait, ll.host_forget
local make_error, in_branch, branches, state = ll.make_error, ll.in_branch, ll.branches, ll.call_state
local pcall, error, type, next, format, rawlen, rawget = pcall, error, type, next, string.format, rawlen, rawget
local create, resume, yield, status = coroutine.create, coroutine.resume, coroutine.yield, coroutine.status
local empty_lists = ll.empty_lists
local WAITING, JOIN, MAX_OPEN = ll.WAITING, ll.JOIN, ll.MAX_OPEN

local arrived = {} -- replies that one list read for another around it

-- The next reply to one of `waiting`: its id, and what `take` needs. Nothing where even that is refused memory.
local function next_reply(waiting)
  while true do
    for id, reply in next, arrived do
      if waiting[id] then
        arrived[id] = nil
        return id, reply[1], reply[2], reply[3]
      end
    end
    local fine, id, ok, pos, body = pcall(host_wait)
    if not fine or not id then return nil end
    state.open = state.open - 1
    if waiting[id] then return id, ok, pos, body end
    arrived[id] = {ok, pos, body}
    if next(waiting) == nil then return nil end -- room for another call was all that was wanted
  end
end

-- Runs the branches of `root`, and of the lists inside them, to their end.
local function schedule(root, waiting)
  local queue, head, tail, stalled, news = {}, 1, 0, {}, false

  local function fill(group)
    while group.live < MAX_OPEN and group.begun < group.count do
      group.begun = group.begun + 1
      group.live = group.live + 1
      local branch = create(group.functions[group.begun])
      branches[branch] = true
      state.live = state.live + 1
      tail = tail + 1
      queue[tail] = {branch = branch, group = group, index = group.begun}
    end
  end

  local function step(entry, ...)
    local fine, what, detail = resume(entry.branch, ...)
    local group = entry.group
    if fine and status(entry.branch) ~= "dead" then
      if what == WAITING then waiting[detail] = entry
      elseif what == JOIN then detail.parent = entry fill(detail)
      else stalled[#stalled + 1] = entry return end
      news = true
      return
    end
    news = true
    if fine then group.results[entry.index] = what
    else group.errors[entry.index] = {what, ll.trace(entry.branch)} end
    state.live = state.live - 1
    group.live = group.live - 1
    if group.begun < group.count then fill(group)
    elseif group.live == 0 and group.parent then
      tail = tail + 1
      queue[tail] = group.parent
    end
  end

  fill(root)
  while root.live > 0 do
    if head <= tail then
      local entry = queue[head]
      queue[head] = nil
      head = head + 1
      step(entry)
    elseif news and #stalled > 0 then
      news, queue, head, tail, stalled = false, stalled, 1, #stalled, {}
    elseif next(waiting) ~= nil then
      local id, ok, pos, body = next_reply(waiting)
      if not id then error(ll.memory_message, 0) end
      local entry = waiting[id]
      waiting[id] = nil
      step(entry, ok, pos, body)
    else
      if state.open >= MAX_OPEN then next_reply(waiting) -- a call of a list around this one must make room
      else ll.break_loop() end -- each branch waits for a module that another one loads
      news = true
    end
  end
end

-- To its end, or, where the memory for that is refused, given up: what is on its way is then waited for by nobody.
local function run_alone(group)
  local waiting, live = {}, state.live
  local fine, problem = pcall(schedule, group, waiting)
  if fine then return end
  state.live = live
  for id in next, waiting do
    state.open = state.open - 1
    pcall(host_forget, id)
  end
  error(problem, 0)
end

local function invalid(what) error(make_error("validation", "parallel needs a list of functions" .. what), 0) end

function ll.parallel(functions)
  if type(functions) ~= "table" then invalid(", not a " .. type(functions)) end
  local count = rawlen(functions)
  if count == 0 and next(functions) ~= nil then invalid(", not a table of named ones") end
  local group = {functions = {}, count = count, begun = 0, live = 0, results = {}, errors = {}}
  for i = 1, count do
    local one = rawget(functions, i)
    if type(one) ~= "function" then invalid(format(": [%d] is a %s", i, type(one))) end
    group.functions[i] = one
  end
  if count == 0 then
    empty_lists[group.results] = true
    return group.results
  end
  if in_branch() then yield(JOIN, group) else run_alone(group) end
  for i = 1, count do
    local raised = group.errors[i]
    if raised then
      ll.raised = raised -- where it was, for the report
      error(raised[1], 0)
    end
  end
  return group.results
end

function ll.reset_calls()
  state.open, state.live, arrived = 0, 0, {}
  ll.raised = nil
  ll.reset_codec()
end
