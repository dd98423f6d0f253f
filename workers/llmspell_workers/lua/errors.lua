-- What an error that nobody caught says: its kind, and a text for people, whatever value it is.
local ll = ...
local type, tostring, next, rawlen, rawget, rawequal, pcall = type, tostring, next, rawlen, rawget, rawequal, pcall
local sub, gsub, format, concat, sort, math_type, utf8_len = string.sub, string.gsub, string.format, table.concat, table.sort, math.type, utf8.len
local metatable_of, stringify = debug.getmetatable, ll.json.stringify
local MAX_DEPTH, MAX_ENTRIES, MAX_TEXT, MAX_LENGTH = 4, 32, 256, 2048

-- The kinds that a script may end with: those that a call can fail with. All else is "runtime".
local KINDS = {
  tool = true, provider = true, denied = true, validation = true, timeout = true, budget = true, not_found = true,
  internal = true,
}

local show

local function show_text(text)
  if #text <= MAX_TEXT then return stringify(text) end
  local stop = MAX_TEXT
  while stop > MAX_TEXT - 4 and utf8_len(text) and not utf8_len(text, 1, stop) do stop = stop - 1 end
  return (gsub(stringify(sub(text, 1, stop)), '"$', '..."'))
end

-- The keys in order, so that the same value gives the same text: numbers, then text, then what says nothing by itself.
local function keys_of(t)
  local numbers, texts, others = {}, {}, 0
  for k in next, t do
    if math_type(k) then numbers[#numbers + 1] = k
    elseif type(k) == "string" then texts[#texts + 1] = k
    else others = others + 1 end
  end
  sort(numbers)
  sort(texts)
  for i = 1, #texts do numbers[#numbers + 1] = texts[i] end
  return numbers, others
end

local function show_table(t, depth, parents)
  if parents[t] then return '"(itself)"' end
  if depth > MAX_DEPTH then return '"..."' end
  local keys, others = keys_of(t)
  local is_list = others == 0 and #keys > 0 and #keys == rawlen(t) and rawequal(keys[#keys], #keys)
  parents[t] = true
  local parts = {}
  for i = 1, #keys do
    if i > MAX_ENTRIES then
      parts[i] = is_list and '"..."' or '"...": "..."'
      break
    end
    local shown = show(rawget(t, keys[i]), depth + 1, parents)
    parts[i] = is_list and shown or show_text(tostring(keys[i])) .. ": " .. shown
  end
  if others > 0 and #keys <= MAX_ENTRIES then parts[#parts + 1] = '"...": "..."' end
  parents[t] = nil
  return (is_list and "[" or "{") .. concat(parts, ", ") .. (is_list and "]" or "}")
end

function show(value, depth, parents)
  local kind = type(value)
  if kind == "table" and not ll.names_of[value] then return show_table(value, depth, parents) end
  if kind == "string" then return show_text(value) end
  if kind == "function" or kind == "thread" or kind == "userdata" then return '"a ' .. kind .. '"' end
  return stringify(value)
end

-- A table as JSON, as far as JSON can say it, and cut to a bound: no function of the script is asked.
local function show_whole(t)
  local text = show(t, 1, {})
  return #text > MAX_LENGTH and sub(text, 1, MAX_LENGTH) .. "..." or text
end

-- The kind and the text of an error value.
function ll.describe(problem)
  if ll.is_error(problem) then
    return KINDS[problem.kind] and problem.kind or "runtime", tostring(problem)
  end
  local kind = type(problem)
  if kind == "string" then return "runtime", problem end
  if problem == nil then return "runtime", "the script raised nil: error(nil) says nothing of what happened" end
  if kind == "function" or kind == "thread" then return "runtime", "the script raised a " .. kind end
  if kind == "table" and type(problem.message) == "string" then return "runtime", problem.message end
  local meta = metatable_of(problem)
  if kind == "table" and not (meta and rawget(meta, "__tostring")) then return "runtime", show_whole(problem) end
  local fine, text = pcall(tostring, problem)
  if fine and type(text) == "string" then return "runtime", text end
  return "runtime", format("a %s whose __tostring fails", kind)
end
