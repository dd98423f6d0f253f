-- One run: load the source, run it, and tell how it ended, in scalars only.
local ll = ...
local type, tostring, next, setmetatable, rawequal, rawset = type, tostring, next, setmetatable, rawequal, rawset
local find, sub, gsub, format, byte, rep = string.find, string.sub, string.gsub, string.format, string.byte, string.rep
local concat = table.concat
local pcall, xpcall, getinfo, running = pcall, xpcall, debug.getinfo, coroutine.running
local unpack_list, collect, tonumber, floor, min, max =
  table.unpack, collectgarbage, tonumber, math.floor, math.min, math.max
local MEMORY = ll.memory_message
local MAX_FRAMES, MAX_DEPTH, MAX_MESSAGE, MAX_POSITIONS = 30, 100, 8192, 250
local DEEP = 20000 -- calls inside one another: Lua ends at up to 1,000,000, for which 50 MiB are not enough
local TOO_DEEP = format("stack overflow: over %d calls inside one another, until no memory was left", DEEP)
local OF_FRAME = ll.of_frame or "Slnt"
local AT = 64 -- "@": a script or a module; the adapter's own chunks begin with "="

local script_name, short_name, script_source
local last_line, is_deep
local runs = 0 -- of the session
local PAGE = rep("\0", 4096)
local RESERVED = max(16, min(128, floor(ll.safe_heap / 4 / 8))) -- pages: up to an eighth of what Lua may safely hold
local reserve -- let go of for the last words; and as long as it is there, the collector looks at a small heap less often
local seen -- the last error that nobody caught: itself, and where it was

-- Where the script was at the last collection: all that is known of a place when memory has run out (E14).
local on_collection = ll.on_collection or function(run) setmetatable({}, {__gc = run}) end
local function plant_sentinel(run)
  on_collection(function()
    if run ~= runs then return end -- it is of an earlier run, and would be planted by this one for ever
    is_deep = getinfo(DEEP, "l") ~= nil
    for level = 2, 40 do
      local info = getinfo(level, "S")
      if not info then break end
      if info.source == script_source then
        last_line = getinfo(level, "l").currentline
        break
      end
    end
    if not ll.ended then plant_sentinel(run) end
  end)
end

-- The frames of script and modules: text for people, and the innermost line of the script's own file.
-- Of the running coroutine from `level` on, or of one that has ended.
function ll.trace(thread, level)
  local frames, line, count = {}, nil, 0
  local inner
  for at = level or 0, (level or 0) + MAX_DEPTH do
    local info
    if thread then info = getinfo(thread, at, OF_FRAME) else info = getinfo(at, OF_FRAME) end
    if not info then break end
    if byte(info.source) == AT then
      local file = sub(info.source, 2)
      inner = inner or file
      if not line and info.source == script_source then line = info.currentline end
      local what = info.what == "main" and "main chunk" or info.name and format("function '%s'", info.name)
        or format("function <line %d>", info.linedefined)
      count = count + 1
      if count <= MAX_FRAMES then
        frames[count] = format("%s:%d: in %s", file, info.currentline, what)
        if info.istailcall then frames[count] = frames[count] .. "\n(...tail calls...)" end -- Lua keeps nothing of them
      end
    end
  end
  return {frames = concat(frames, "\n"), line = line, file = inner}
end

local function on_error(problem)
  seen = nil
  local raised = ll.raised
  local where = raised and rawequal(raised[1], problem) and raised[2] or ll.trace(nil, 3)
  seen = {problem, where}
  return problem -- as it is: what the script closes on the way out is given it
end

local function failed(kind, message, line, frames)
  if #message > MAX_MESSAGE then message = sub(message, 1, MAX_MESSAGE) .. "..." end
  return "failed", kind, message, line and format("%d", line) or "", frames or "", ll.refusals
end

local function out_of_memory(line)
  if is_deep then return failed("runtime", TOO_DEEP, line or last_line) end
  ll.refusals = ll.refusals + 1
  return failed("memory", MEMORY, line or last_line)
end

-- Why the script failed. Its positions are said apart: "spell.lua:12: message" is a message and a line.
local function failure(problem)
  local where = seen and rawequal(seen[1], problem) and seen[2] or {}
  if rawequal(problem, MEMORY) then return out_of_memory(where.line) end
  local fine, kind, message = pcall(ll.describe, problem)
  if not fine then kind, message = "runtime", "the error could not be described" end
  local line = where.line
  message = gsub(message, "^llmspell/%a+:%d+: ", "") -- a place in the adapter says nothing to anybody
  for _ = 1, MAX_POSITIONS do -- each coroutine that an error leaves adds one
    local _, stop, file, at = find(message, "^([^\n]-):(%d+): ")
    if not stop or #at > 9 or (file ~= script_name and file ~= short_name) then break end
    message, line = sub(message, stop + 1), tonumber(at)
  end
  if message == MEMORY then return out_of_memory(line) end
  if message == "" then message = "the script raised an error without a message" end
  return failed(kind, message, line, where.frames)
end

-- ARGS[0] script, ARGS[1..] positionals, ARGS.name for `--name value`; `arg` is the same table.
local function prepare(arguments)
  local given = ll.unpack(arguments, 1)
  local args = {[0] = script_name}
  local positionals = given.positionals or {}
  for i = 1, #positionals do args[i] = positionals[i] end
  for k, v in next, given.named or {} do args[k] = v end
  rawset(ll.G, "ARGS", args) -- an earlier run of the session may have given the globals a metatable
  rawset(ll.G, "arg", args)
  return positionals
end

local function syntax_error(why)
  if why == MEMORY then return out_of_memory() end
  local _, stop, line = find(why, ":(%d+): ")
  return failed("syntax", stop and sub(why, stop + 1) or why, line and #line < 10 and tonumber(line) or nil)
end

local function run(source, arguments, mode)
  local positionals = prepare(arguments)
  local chunk, why = ll.load_file(ll.text_of(source), script_source, ll.G)
  source = nil
  if not chunk then return syntax_error(why) end
  if mode == "check" then return "done", "\192", 0 end
  short_name = getinfo(chunk, "S").short_src
  plant_sentinel(runs)
  local ok, result = xpcall(chunk, on_error, unpack_list(positionals))
  ll.ended, reserve = true, nil
  if not ok then return failure(result) end
  local packed, problem = ll.pack(result, "result")
  if not packed then return failed("validation", problem) end
  return "done", packed, ll.refusals
end

-- Runs (or, to check, only loads) a source; gives "done", packed value, refusals, or "failed" and what is known.
function ll.run(source, name, arguments, mode)
  script_name, short_name, script_source = name, name, "@" .. name
  ll.ended, ll.refusals, last_line, is_deep, seen = false, 0, nil, false, nil
  runs = runs + 1
  ll.reset_calls()
  reserve = rep(PAGE, RESERVED) -- of pages: `rep` copies a string of one byte byte by byte
  local finish = function(fine, first, ...)
    ll.ended, reserve = true, nil
    if fine then return first, ... end
    if first == MEMORY then return out_of_memory() end
    return failed("internal", type(first) == "string" and first or "the adapter failed")
  end
  return finish(pcall(run, source, arguments, mode))
end

-- Frees what can be freed, for the last frame.
function ll.collect()
  ll.ended, reserve = true, nil
  collect()
end
