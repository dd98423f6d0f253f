-- One run: load the source, run it, and tell how it ended, in scalars only.
local ll = ...
local type, tostring, load, next, setmetatable = type, tostring, load, next, setmetatable
local find, sub, format, concat, byte, rep = string.find, string.sub, string.format, table.concat, string.byte, string.rep
local pcall, xpcall, getinfo = ll.pcall, xpcall, debug.getinfo
local unpack_list = table.unpack
local MEMORY = ll.memory_message
local MAX_FRAMES = 30

local script_name, last_line
local reserve

-- Where the script was at the last collection: all that is known of a place when memory has run out (E14).
local function plant_sentinel()
  setmetatable({}, {__gc = function()
    for level = 2, 12 do
      local info = getinfo(level, "Sl")
      if not info then break end
      if info.currentline > 0 and byte(info.source) == 64 then
        last_line, ll.last_file = info.currentline, sub(info.source, 2)
        break
      end
    end
    if not ll.ended then plant_sentinel() end
  end})
end

-- The frames of the script above this function: text for people, and the first file and line.
local function trace(level)
  local frames, file, line = {}, nil, nil
  while #frames < MAX_FRAMES do
    local info = getinfo(level, "Sln")
    if not info then break end
    level = level + 1
    if byte(info.source) == 64 then -- "@": a script; the adapter's own chunks begin with "="
      local where = format("%s:%d", sub(info.source, 2), info.currentline)
      if not file then file, line = sub(info.source, 2), info.currentline end
      local what = info.what == "main" and "main chunk" or info.name and format("function '%s'", info.name)
        or format("function <line %d>", info.linedefined)
      frames[#frames + 1] = where .. ": in " .. what
    end
  end
  return frames, file, line
end

local function describe(problem)
  if ll.is_error(problem) then
    return type(problem.kind) == "string" and problem.kind or "runtime", tostring(problem)
  end
  if type(problem) == "string" then return "runtime", problem end
  if problem == nil then return "runtime", "the script raised nil: error(nil) says nothing of what happened" end
  local fine, text = pcall(tostring, problem)
  if not fine or type(text) ~= "string" then text = "a " .. type(problem) .. " whose __tostring fails" end
  if type(problem) == "table" and type(problem.message) == "string" then text = problem.message end
  return "runtime", text
end

local function on_error(problem)
  local frames, file, line = trace(3)
  local fine, kind, message = pcall(describe, problem)
  if not fine then kind, message = "runtime", "the error could not be described" end
  -- "spell.lua:12: message": the place is said apart
  local _, stop, at_file, at_line = find(message, "^([^\n]-):(%d+): ")
  if stop and (at_file == script_name or at_file == file) then
    message, file, line = sub(message, stop + 1), at_file, at_line
  end
  return {kind = kind, message = message, file = file, line = line, trace = concat(frames, "\n")}
end

local function failed(kind, message, file, line, frames)
  return "failed", kind, message, file or "", line and format("%d", line) or "", frames or "", ll.refusals
end

local function out_of_memory()
  reserve = nil
  ll.ended = true
  ll.refusals = ll.refusals + 1
  return failed("memory", MEMORY, ll.last_file, last_line, "")
end

-- Runs (or, to check, only loads) a source; gives "done", packed value, refusals, or "failed" and what is known.
function ll.run(source, name, arguments, mode)
  script_name = name
  ll.ended, ll.refusals, last_line, ll.last_file = false, 0, nil, nil
  ll.reset_calls()
  local fine, G = pcall(ll.prepare, arguments)
  if not fine then return out_of_memory() end
  reserve = rep("\0", 65536)
  if sub(source, 1, 1) == "#" then source = "--" .. source end -- a first line for the shell
  local chunk, why = load(source, "@" .. name, "t", G)
  source = nil
  if not chunk then
    if why == MEMORY then return out_of_memory() end
    local _, stop, line = find(why, ":(%d+): ")
    return failed("syntax", stop and sub(why, stop + 1) or why, name, line, "")
  end
  if mode == "check" then return "done", "\xc0", 0 end
  plant_sentinel()
  local ok, result = xpcall(chunk, on_error, ll.positionals())
  reserve = nil
  ll.ended = true
  if not ok then
    if result == MEMORY then return out_of_memory() end
    if type(result) ~= "table" then -- an error while the error was handled
      return failed("runtime", tostring(result), ll.last_file, last_line, "")
    end
    if result.message == MEMORY then
      ll.last_file, last_line = result.file or ll.last_file, result.line or last_line
      return out_of_memory()
    end
    return failed(result.kind, result.message, result.file, result.line, result.trace)
  end
  local packed_fine, packed, problem = pcall(ll.pack, result, "result")
  if not packed_fine then return out_of_memory() end
  if not packed then return failed("validation", problem, name, nil, "") end
  return "done", packed, ll.refusals
end

-- ARGS[0] script, ARGS[1..] positionals, ARGS.name for `--name value`; `arg` is the same table.
function ll.prepare(arguments)
  local given = ll.unpack(arguments, 1)
  local args = {[0] = script_name}
  local positionals = given.positionals or {}
  for i = 1, #positionals do args[i] = positionals[i] end
  for k, v in next, given.named or {} do args[k] = v end
  ll.G.ARGS, ll.G.arg = args, args
  ll.args = args
  return ll.G
end

function ll.positionals() return unpack_list(ll.args, 1, #ll.args) end
