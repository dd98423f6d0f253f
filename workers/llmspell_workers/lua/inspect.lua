-- `debug` for a script: where its functions are and what calls them, and nothing to change.
-- The adapter stands in no traceback: what it did for the script is one function of C, as in Lua itself.
local ll = ...
local type, tostring, tonumber, select, error, format = type, tostring, tonumber, select, error, string.format
local find, match, gmatch, gsub, concat = string.find, string.match, string.gmatch, string.gsub, table.concat
local traceback, getinfo = debug.traceback, debug.getinfo
local OURS, C = "^=llmspell/", "^\t%[C%]: in "
local GLOBAL = "^(\t%[C%]: in )global '" -- what Lua would say of its own globals

-- The lines of a traceback, innermost first. Functions of C that one of ours has called stand above it, and go with it.
local function tidied(text)
  local lines, ours, count = {}, {}, 0
  for line in gmatch(text, "[^\n]+") do
    local what = match(line, "^\tllmspell/%a+:%d+: in (.*)$")
    if what then
      while count > 0 and (ours[count] or find(lines[count], C)) do count = count - 1 end
      count = count + 1
      lines[count], ours[count] = "\t[C]: in " .. (find(what, "<", 1, true) and "?" or what), true
      lines[count] = gsub(lines[count], GLOBAL, "%1function '")
    elseif not (ours[count] and find(line, "^\t%(.*tail call")) then
      count = count + 1
      lines[count], ours[count] = (gsub(line, GLOBAL, "%1function '")), false
    end
  end
  if ours[count] then lines[count] = "\t[C]: in ?" end -- what runs the script
  return concat(lines, "\n", 1, count)
end

local function number_of(level, place, what)
  local number = tonumber(level)
  if number then return number end
  error(format("bad argument #%d to '%s' (number expected, got %s)", place, what, type(level)), 3)
end

-- A function that ends with `return debug.traceback()` has left its own level: for a function of C it would still be there.
local tells_tail = not ll.of_frame
local function lost(level) return tells_tail and getinfo(level + 1, "t").istailcall and 1 or 0 end

local function trace(thread, message, level)
  local kind = type(message)
  if message ~= nil and kind ~= "string" and kind ~= "number" then return message end
  local said = message and tostring(message) .. "\n" or ""
  local text
  if thread then text = traceback(thread, "", level and number_of(level, 3, "traceback") or 0)
  else text = traceback("", (level and number_of(level, 2, "traceback") or 1) + 2 - lost(2)) end
  return said .. tidied(text)
end

local library = {}
function library.traceback(...)
  local first = (...)
  local text
  if type(first) == "thread" then text = trace(...) else text = trace(nil, ...) end
  return text -- no tail call: it would be a level less
end

-- What is known of a function or of a level; of those that are not the script's, as of one of C.
local function told(info)
  if not info or not find(info.source, OURS) then
    if info and info.what == "C" then info.func = nil end -- it may be one that only the adapter has
    return info
  end
  return {
    source = "=[C]", short_src = "[C]", what = "C", currentline = -1, linedefined = -1, lastlinedefined = -1, nups = 0,
    nparams = 0, isvararg = true, name = info.name, namewhat = info.namewhat, istailcall = info.istailcall,
  }
end
function library.getinfo(...)
  local thread, of, what = ...
  local place = 2
  if type(thread) ~= "thread" then thread, of, what, place = nil, thread, of, 1 end
  if what ~= nil then
    if type(what) ~= "string" then error(format("bad argument #%d to 'getinfo' (string expected, got %s)", place + 1, type(what)), 2) end
    what = "S" .. what -- in front: a `>` there has Lua 5.1 take this very text for a function, and a zero byte ends it
  end
  if type(of) ~= "function" then of = number_of(of, place, "getinfo") + (thread and 0 or 1 - lost(1)) end
  local info
  if thread then
    if what then info = getinfo(thread, of, what) else info = getinfo(thread, of) end
  elseif what then info = getinfo(of, what)
  else info = getinfo(of) end
  return told(info)
end
ll.debug = library
