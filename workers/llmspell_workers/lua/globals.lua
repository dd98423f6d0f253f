-- The globals of a script: an allow list, made anew; nothing of the real globals is reachable.
-- The tables of the standard library are the real ones, so the adapter keeps what it uses of them in locals.
local ll = ...
local type, tostring, select, error, next, rawget = type, tostring, select, error, next, rawget
local concat, format, gsub, byte, math_type, tointeger = table.concat, string.format, string.gsub, string.byte, math.type, math.tointeger
local raw_pcall, raw_xpcall, unpack, tonumber = pcall, xpcall, unpack, tonumber
local LOWEST, HIGHEST, MOST_UNPACKED = -2147483648, 2147483647, 1000000
local running, yield, resume, close, isyieldable = coroutine.running, coroutine.yield, coroutine.resume, coroutine.close, coroutine.isyieldable
local MEMORY, branches = ll.memory_message, ll.branches
ll.refusals = 0

-- An error that a script catches. One of a C function that the adapter called for it has a place in the adapter, which
-- says nothing to the script. And who catches "not enough memory" may go on; how often it was refused is told.
local function caught(problem, ...)
  if type(problem) == "string" then
    if problem == MEMORY then ll.refusals = ll.refusals + 1 end
    problem = gsub(problem, "^llmspell/%a+:%d+: ", "")
  end
  return false, problem, ...
end
local function noting(fine, ...)
  if fine then return true, ... end
  return caught(...)
end
local function pcall(...) return noting(raw_pcall(...)) end
local function xpcall(...) return noting(raw_xpcall(...)) end

-- A branch of `parallel` is no coroutine of the script: it is not resumed or closed, and there is none to yield from.
local function guard_branches(library)
  function library.yield(...)
    if branches[running()] then error("attempt to yield from outside a coroutine", 2) end
    return yield(...)
  end
  function library.isyieldable(...)
    if branches[(...) or running()] then return false end
    return isyieldable(...)
  end
  local function check(co, what)
    if type(co) ~= "thread" then error(format("bad argument #1 to '%s' (coroutine expected, got %s)", what, type(co)), 3) end
  end
  function library.resume(co, ...)
    check(co, "resume")
    if branches[co] then return false, "cannot resume a branch of parallel" end
    return noting(resume(co, ...))
  end
  if close then library.close = function(co)
    check(co, "close")
    if branches[co] then error("cannot close a branch of parallel", 2) end
    return noting(close(co))
  end end
end

local function make_os(environment)
  local library = {time = os.time, date = os.date, clock = os.clock, difftime = os.difftime}
  function library.getenv(name) return (rawget(environment, name)) end
  function library.exit(code)
    if code == nil or code == true then code = 0 elseif code == false then code = 1 end
    local status = math_type(code) and tointeger(code)
    if not status then error(format("bad argument #1 to 'exit' (integer expected, got %s)", type(code)), 2) end
    local low = status % 256 -- as the kernel keeps it; but what is not 0 is no success
    ll.host_exit(low == 0 and status ~= 0 and 255 or low) -- does not come back
  end
  return library
end

-- Off until `warn("@on")`, as in Lua's own interpreter.
local function make_warn()
  local shown = false
  return function(...)
    local parts, count = {...}, select("#", ...)
    for i = 1, count > 0 and count or 1 do
      local kind = type(parts[i])
      if kind ~= "string" and kind ~= "number" then
        error(format("bad argument #%d to 'warn' (string expected, got %s)", i, i > count and "no value" or kind), 2)
      end
    end
    local text = concat(parts)
    if count == 1 and byte(text) == 64 then -- @: for `warn` itself
      if text == "@on" then shown = true elseif text == "@off" then shown = false end
    elseif shown then ll.output("stderr", "Lua warning: " .. text .. "\n") end
  end
end

-- `unpack` of Lua 5.1 counts in 32 bits: a range that is as wide wraps to nothing, and is written beyond the stack.
local function bounded_unpack(t, first, last)
  if type(t) == "table" then
    local from, to = first == nil and 1 or tonumber(first) or 1, last == nil and #t or tonumber(last) or 1
    local counted = from >= LOWEST and from <= HIGHEST and to >= LOWEST and to <= HIGHEST
    if not counted or to - from >= MOST_UNPACKED then error("too many results to unpack", 2) end
  end
  return unpack(t, first, last)
end

function ll.make_globals(environment)
  local G = {_VERSION = _VERSION, pcall = pcall, xpcall = xpcall}
  G._G = G
  for _, name in next, {
    "assert", "error", "getmetatable", "setmetatable", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen",
    "rawset", "select", "tonumber", "tostring", "type", "collectgarbage",
  } do G[name] = _G[name] end
  if unpack then -- Lua 5.1 and LuaJIT
    G.unpack, G.bit = bounded_unpack, bit
    function G.loadstring(chunk, name) return G.load(chunk, name) end
  end
  string.dump = nil
  G.string, G.table, G.math, G.utf8, G.coroutine = string, table, math, utf8, coroutine
  G.debug = ll.debug
  guard_branches(coroutine)

  function G.load(chunk, name, _mode, ...)
    local kind = type(chunk)
    if kind ~= "string" and kind ~= "function" then
      error(format("bad argument #1 to 'load' (function expected, got %s)", kind), 2)
    end
    if name == nil then name = kind == "string" and chunk or "=(load)" end
    if type(name) ~= "string" then error(format("bad argument #2 to 'load' (string expected, got %s)", type(name)), 2) end
    local environment = G
    if select("#", ...) > 0 then environment = (...) end
    return ll.load_text(chunk, name, environment)
  end

  function G.print(...)
    local parts = {...}
    for i = 1, select("#", ...) do parts[i] = tostring(parts[i]) end
    ll.output("stdout", concat(parts, "\t") .. "\n")
  end

  if warn then G.warn = make_warn() end -- since Lua 5.4
  G.io = ll.make_io()
  G.os = make_os(environment)
  ll.add_absent(G.io, G.os)
  local loaded = {
    string = string, table = table, math = math, utf8 = utf8, coroutine = coroutine, os = G.os, io = G.io, debug = G.debug,
    _G = G,
  }
  G.package = {loaded = loaded, preload = {}, path = "./?.lua;./?/init.lua", cpath = "", config = "/\n;\n?\n!\n-\n"}
  loaded.package = G.package
  ll.make_modules(G, G.package)
  return G
end
