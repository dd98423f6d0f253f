-- Calls to the host: arguments packed, the reply unpacked, an error raised as a table that survives pcall.
-- In a branch of `parallel` a call is begun and the branch gives way; elsewhere it blocks.
local ll = ...
local host_call, host_begin, host_room = ll.host_call, ll.host_begin, ll.host_room
local pack, pack_arguments, unpack = ll.pack, ll.pack_arguments, ll.unpack
local pcall, error, type, tostring, setmetatable, rawequal = pcall, error, type, tostring, setmetatable, rawequal
local gsub, heap, metatable_of = string.gsub, collectgarbage, debug.getmetatable
local yield, running, isyieldable = coroutine.yield, coroutine.running, coroutine.isyieldable
local MEMORY = "not enough memory"
local LARGE = 65536
local SMALL_REPLY = 32768 -- bytes: for such an answer there is room before it is asked for
local MAX_OPEN = 250 -- the wire admits 256 open calls
ll.memory_message = MEMORY

-- An error that survives pcall as a table: kind, message, details, and a __tostring.
local error_type = {__name = "llmspell error", __metatable = "error"}
function error_type.__tostring(e) return type(e.message) == "string" and e.message or "error" end
function error_type.__concat(a, b) return tostring(a) .. tostring(b) end
local function make_error(kind, message, details)
  return setmetatable({kind = kind, message = message, details = details or {}}, error_type)
end
function ll.is_error(e) return rawequal(metatable_of(e), error_type) end
local function raise(kind, message) error(make_error(kind, message), 0) end

local branches = setmetatable({}, {__mode = "k"})
local state = {open = 0, live = 0} -- calls that are open and branches that are there, of every `parallel`
local WAITING, AGAIN, JOIN = {}, {}, {} -- what a branch yields: a call was begun; try again later; run these first

-- Whether the running function may hand control to `parallel`.
local function in_branch()
  return state.live > 0 and branches[running()] and isyieldable()
end

-- The value of a reply, or its error. Without a body there is none: a message, or the memory was not there for it.
local function take(ok, pos, body)
  if not body then
    if pos then raise("validation", pos) end
    heap("collect") -- so that there is room for the next one
    error(MEMORY, 0)
  end
  local value = unpack(body, pos)
  if ok then return value end
  error(make_error(value.kind, value.message, value.details), 0)
end

local function begin(capability, packed)
  while state.open >= MAX_OPEN do yield(AGAIN) end
  local fine, id, problem = pcall(host_begin, capability, packed)
  if not fine or not id then return take(nil, fine and problem, nil) end
  state.open = state.open + 1
  return take(yield(WAITING, id))
end

-- Bytes go to the host's side only when there is room for them: refused memory in the middle of that may hang (E12).
local safe_heap = ll.safe_heap
local function make_room(data)
  if #data <= LARGE then
    local used = heap("count") -- nothing inside a finalizer
    if used and used <= safe_heap then return end
  end
  if host_room(#data + SMALL_REPLY) then return end
  heap("collect") -- what the script has let go of may still be there: the host's side cannot ask Lua to collect it
  if not host_room(#data) then error(MEMORY, 0) end
end

local function send(capability, packed)
  make_room(packed)
  if state.live > 0 and in_branch() then return begin(capability, packed) end
  local fine, ok, pos, body = pcall(host_call, capability, packed)
  if not fine then error(MEMORY, 0) end -- an error of the adapter's own is never handed to the script
  return take(ok, pos, body)
end

-- Calls `capability` with a map of arguments and gives the value, or raises the error of the reply.
function ll.call(capability, arguments)
  local packed, why = pack(arguments, "")
  if not packed then raise("validation", (gsub(why, "^%.", ""))) end
  return send(capability, packed)
end

-- The same for at most three arguments, of which the names are packed already.
function ll.call_named(capability, names, keys, fixed, fixed_count, a, b, c)
  local packed, why = pack_arguments(names, keys, fixed, fixed_count, a, b, c)
  if not packed then raise("validation", why) end
  return send(capability, packed)
end

-- Bytes that the script prints.
local host_output = ll.host_output
function ll.output(stream, text)
  make_room(text)
  local fine, sent = pcall(host_output, stream, text)
  if not fine or not sent then error(MEMORY, 0) end
end

-- Gives way to the other branches until something has happened; false where that is not possible.
function ll.give_way()
  if not in_branch() then return false end
  yield(AGAIN)
  return true
end

ll.make_error, ll.in_branch, ll.branches, ll.call_state = make_error, in_branch, branches, state
ll.MAX_OPEN, ll.WAITING, ll.JOIN = MAX_OPEN, WAITING, JOIN
