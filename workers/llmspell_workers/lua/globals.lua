-- The globals of a script: an allow list, made anew; nothing of the real globals is reachable.
local ll = ...
local type, tostring, select, error, load, next, rawget, setmetatable = type, tostring, select, error, load, next, rawget, setmetatable
local concat, format, math_type, find, sub = table.concat, string.format, math.type, string.find, string.sub
local raw_pcall, raw_xpcall, traceback = pcall, xpcall, debug.traceback
local tonumber, running, tointeger = tonumber, coroutine.running, math.tointeger
local gsub, unpack_list, metatable_of = string.gsub, table.unpack, debug.getmetatable
local OUTPUT, EXIT = 4, 5
local MEMORY = "not enough memory"
ll.memory_message = MEMORY
ll.deadlock = false
ll.refusals = 0

-- An error that survives pcall as a table: kind, message, details, and a __tostring.
local error_type = {__name = "llmspell error", __metatable = "error"}
function error_type.__tostring(e) return type(e.message) == "string" and e.message or "error" end
function error_type.__concat(a, b) return tostring(a) .. tostring(b) end
function ll.make_error(kind, message, details)
  return setmetatable({kind = kind, message = message, details = details or {}}, error_type)
end
function ll.is_error(e) return metatable_of(e) == error_type end

local function noting(fine, ...)
  if not fine and (...) == MEMORY then ll.refusals = ll.refusals + 1 end
  return fine, ...
end
local function pcall(...) return noting(raw_pcall(...)) end
local function xpcall(...) return noting(raw_xpcall(...)) end
ll.pcall = raw_pcall

function ll.make_globals(environment)
  local G = {_VERSION = _VERSION, pcall = pcall, xpcall = xpcall}
  G._G = G
  for _, name in next, {
    "assert", "error", "getmetatable", "setmetatable", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen",
    "rawset", "select", "tonumber", "tostring", "type", "collectgarbage",
  } do G[name] = _ENV[name] end
  string.dump = nil
  G.string, G.table, G.math, G.utf8 = string, table, math, utf8
  G.coroutine = coroutine
  G.debug = {traceback = traceback}

  -- In a branch of `parallel` there is no coroutine of the script to yield from.
  local yield = coroutine.yield
  function coroutine.yield(...)
    if ll.branches[running()] then error("attempt to yield from outside a coroutine", 2) end
    return yield(...)
  end

  function G.load(chunk, name, _mode, ...)
    if select("#", ...) > 0 then return load(chunk, name, "t", (...)) end
    return load(chunk, name, "t", G)
  end

  local function output(stream, text) ll.host(OUTPUT, stream, text) end
  function G.print(...)
    local parts = {...}
    for i = 1, select("#", ...) do parts[i] = tostring(parts[i]) end
    output("stdout", concat(parts, "\t") .. "\n")
  end

  local function writer(stream)
    local file = {}
    local function write(first, ...)
      local parts = first == file and {...} or {first, ...}
      local count = select("#", ...) + (first == file and 0 or 1)
      for i = 1, count do
        local kind = type(parts[i])
        if kind == "number" then parts[i] = tostring(parts[i])
        elseif kind ~= "string" then error(format("bad argument #%d to 'write' (string expected, got %s)", i, kind), 2) end
      end
      if count > 0 then output(stream, concat(parts)) end
      return file
    end
    file.write = write
    function file.flush() return file end
    function file.setvbuf() return true end
    return file, write
  end
  local stdout, write = writer("stdout")
  local stderr = writer("stderr")

  -- The run's stdin, read through the host, with what was read too far kept here.
  local buffer, ended = "", false
  local function more()
    if ended then return false end
    local data = ll.call("stdin.read", {size = 65536})
    if data == nil or data == "" then ended = true return false end
    buffer = buffer .. data
    return true
  end
  local function take(length)
    local taken = sub(buffer, 1, length)
    buffer = sub(buffer, length + 1)
    return taken
  end
  local function read_line(keep)
    local at = find(buffer, "\n", 1, true)
    while not at and more() do at = find(buffer, "\n", 1, true) end
    if not at then
      if buffer == "" then return nil end
      return take(#buffer)
    end
    local line = take(at)
    return keep and line or sub(line, 1, -2)
  end
  local function read_number()
    while find(buffer, "^%s*$") and more() do end
    local from, to = find(buffer, "^%s*[%w%.+-]+")
    while to == #buffer and more() do from, to = find(buffer, "^%s*[%w%.+-]+") end
    if not from then return nil end
    return tonumber(take(to))
  end
  local function read_one(what)
    if math_type(what) == "integer" then
      while #buffer < what and more() do end
      if buffer == "" and (what > 0 or not more()) then return nil end
      return take(what)
    end
    what = type(what) == "string" and (sub(what, 1, 1) == "*" and sub(what, 2, 2) or sub(what, 1, 1)) or what
    if what == "l" or what == "L" then return read_line(what == "L") end
    if what == "n" then return read_number() end
    if what == "a" then
      while more() do end
      return take(#buffer)
    end
    error("bad argument to 'read' (invalid format)", 3)
  end
  local stdin = {}
  local function read(first, ...)
    local formats = first == stdin and {...} or {first, ...}
    if #formats == 0 then return read_line(false) end
    local results = {}
    for i = 1, #formats do
      results[i] = read_one(formats[i])
      if results[i] == nil then return unpack_list(results, 1, i) end
    end
    return unpack_list(results, 1, #formats)
  end
  local function lines(_, what)
    return function() return read_one(what or "l") end
  end
  stdin.read, stdin.lines = read, lines
  G.io = {write = write, read = read, stdout = stdout, stderr = stderr, stdin = stdin}
  function G.io.lines(name, what)
    if name ~= nil then error("io.lines reads the run's stdin only; files are read with the file-operations tool", 2) end
    return lines(nil, what)
  end

  G.os = {time = os.time, date = os.date, clock = os.clock, difftime = os.difftime}
  function G.os.getenv(name) return (rawget(environment, name)) end
  function G.os.exit(code)
    if code == nil or code == true then code = 0 elseif code == false then code = 1 end
    if math_type(code) == "float" and code % 1 == 0 then code = tointeger(code) end
    if math_type(code) ~= "integer" then error("bad argument #1 to 'exit' (integer expected)", 2) end
    ll.host(EXIT, code & 255)
  end

  local loaded = {string = string, table = table, math = math, utf8 = utf8, coroutine = coroutine, os = G.os, io = G.io, debug = G.debug, _G = G}
  G.package = {loaded = loaded, path = "./?.lua;./?/init.lua", cpath = "", config = "/\n;\n?\n!\n-\n"}
  local loading = {}

  -- Where an error stands, without the text that did not parse: a file that is no script must not leak by its message.
  local function parse_module(source, name)
    local chunk, why = load(source, "@" .. name, "t", G)
    if chunk then return chunk end
    local _, _, line = find(why, ":(%d+):")
    error(ll.make_error("validation", format("module %s does not parse: line %s", name, line or "?")), 0)
  end

  function G.require(name)
    if type(name) ~= "string" then error("bad argument #1 to 'require' (string expected)", 2) end
    while true do
      if loaded[name] ~= nil then return loaded[name] end
      local loader = loading[name]
      if not loader then break end
      if loader == running() or not ll.give_way() or ll.deadlock then
        ll.deadlock = false
        error(ll.make_error("validation", format("module %s requires itself, directly or through another", name)), 0)
      end
    end
    loading[name] = running()
    local path = gsub(name, "%.", "/")
    local fine, value = raw_pcall(function()
      local found = ll.call("module.load", {name = name, paths = {path .. ".lua", path .. "/init.lua"}})
      return parse_module(found.source, found.name)(name, found.name)
    end)
    loading[name] = nil
    if not fine then error(value, 0) end
    if value == nil then value = loaded[name] end
    if value == nil then value = true end
    loaded[name] = value
    return value
  end

  function G.dofile(name)
    if type(name) ~= "string" then error("bad argument #1 to 'dofile' (string expected)", 2) end
    local found = ll.call("module.load", {name = name, paths = {name}})
    return parse_module(found.source, found.name)()
  end
  function ll.break_loop() ll.deadlock = true end

  return G
end
