-- JSON.parse and JSON.stringify: nothing lost on the way there and back.
-- Integers stay integers and floats floats; null is JSON.null; empty lists stay lists; bytes are {"$bytes": base64};
-- non-finite floats are "NaN", "Infinity", "-Infinity". Keys are written in order, so the same value gives the same text.
local ll = ...
local type, next, rawlen, error, tonumber, sort = type, next, rawlen, error, tonumber, table.sort
local math_type, format, find, sub, byte, char = math.type, string.format, string.find, string.sub, string.byte, string.char
local concat, utf8_len, utf8_char, gsub, rep, huge = table.concat, utf8.len, utf8.char, string.gsub, string.rep, math.huge
local rawequal, rawget = rawequal, rawget
local null, empty_lists, names_of = ll.null, ll.empty_lists, ll.names_of
local MAX_DEPTH = 512

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function to_base64(s)
  local out = {}
  for i = 1, #s, 3 do
    local a, b, c = byte(s, i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    local n4 = n % 64
    local n3 = (n - n4) % 4096
    local n2 = (n - n3 - n4) % 262144
    out[#out + 1] = char(
      byte(ALPHABET, (n - n2 - n3 - n4) / 262144 + 1), byte(ALPHABET, n2 / 4096 + 1),
      b and byte(ALPHABET, n3 / 64 + 1) or 61, c and byte(ALPHABET, n4 + 1) or 61
    )
  end
  return concat(out)
end

local function from_base64(s)
  if #s % 4 ~= 0 or not find(s, "^[%w+/]*=?=?$") then return nil end
  local out = {}
  for i = 1, #s, 4 do
    local n, pad = 0, 0
    for at = i, i + 3 do
      local c = sub(s, at, at)
      if c == "=" then pad = pad + 1 n = n * 64
      else n = n * 64 + find(ALPHABET, c, 1, true) - 1 end
    end
    local last = n % 256
    local middle = (n - last) % 65536
    out[#out + 1] = sub(char((n - middle - last) / 65536, middle / 256, last), 1, 3 - pad)
  end
  return concat(out)
end

local ESCAPES = {['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\b"] = "\\b", ["\f"] = "\\f"}
local function escape(c) return ESCAPES[c] or format("\\u%04x", byte(c)) end
local function quote(s) return '"' .. gsub(s, '[%c"\\\127]', escape) .. '"' end

local function float_text(v)
  if v ~= v then return '"NaN"' end
  if v == huge then return '"Infinity"' end
  if v == -huge then return '"-Infinity"' end
  local s = format("%.15g", v)
  if tonumber(s) ~= v then s = format("%.16g", v) end
  if tonumber(s) ~= v then s = format("%.17g", v) end
  if not find(s, "[%.eE]") then s = s .. ".0" end
  return s
end

local function problem(why) error(ll.make_error("validation", "JSON: " .. why), 0) end

local write

local function write_table(t, out, indent, depth)
  if depth > MAX_DEPTH then problem("a value is nested deeper than 512 levels, or holds itself") end
  local open = indent and "\n" .. rep(indent, depth) or ""
  local close = indent and "\n" .. rep(indent, depth - 1) or ""
  local length, keys, count = rawlen(t), {}, 0
  for k in next, t do
    count = count + 1
    if type(k) == "string" then keys[#keys + 1] = k end
  end
  if count == 0 then out[#out + 1] = empty_lists[t] and "[]" or "{}" return end
  if #keys == count then
    sort(keys)
    for i = 1, count do
      local k = keys[i]
      if not utf8_len(k) then problem("a key is no UTF-8 text") end
      out[#out + 1] = (i == 1 and "{" or ",") .. open .. quote(k) .. (indent and ": " or ":")
      write(rawget(t, k), out, indent, depth + 1)
    end
    out[#out + 1] = close .. "}"
    return
  end
  if length ~= count then problem("a table is neither a list (keys 1..n, no holes) nor a map (text keys only)") end
  for i = 1, length do
    out[#out + 1] = (i == 1 and "[" or ",") .. open
    local v = rawget(t, i)
    if v == nil then problem("a list has a hole at " .. format("%d", i)) end
    write(v, out, indent, depth + 1)
  end
  out[#out + 1] = close .. "]"
end

function write(v, out, indent, depth)
  local kind = type(v)
  if kind == "string" then
    out[#out + 1] = utf8_len(v) and quote(v) or '{"$bytes":"' .. to_base64(v) .. '"}'
  elseif kind == "number" then
    out[#out + 1] = math_type(v) == "integer" and format("%d", v) or float_text(v)
  elseif kind == "boolean" then
    out[#out + 1] = v and "true" or "false"
  elseif v == nil or rawequal(v, null) then
    out[#out + 1] = "null"
  elseif names_of[v] then
    out[#out + 1] = quote(names_of[v])
  elseif kind == "table" then
    write_table(v, out, indent, depth)
  else
    problem("a value is a " .. kind)
  end
end

local function stringify(v, indent)
  if math_type(indent) == "integer" then indent = indent > 0 and rep(" ", indent > 16 and 16 or indent) or nil
  elseif indent == true then indent = "  "
  elseif type(indent) ~= "string" then indent = nil end
  local out = {}
  write(v, out, indent, 1)
  return concat(out)
end

local function bad(s, pos, what)
  local _, line = gsub(sub(s, 1, pos), "\n", "")
  problem(format("%s at line %d, byte %d", what, line + 1, pos))
end

local UNESCAPES = {b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/"}

local function read_unicode(s, pos)
  local digits = sub(s, pos, pos + 3)
  if not find(digits, "^%x%x%x%x$") then bad(s, pos, "a broken \\u escape") end
  local code = tonumber(digits, 16)
  pos = pos + 4
  if code >= 0xd800 and code < 0xdc00 then
    local low = find(s, "^\\u[dD][c-fC-F]%x%x", pos) and tonumber(sub(s, pos + 2, pos + 5), 16)
    if not low then bad(s, pos, "half of a surrogate pair") end
    return utf8_char(0x10000 + (code - 0xd800) * 1024 + (low - 0xdc00)), pos + 6
  end
  if code >= 0xdc00 and code < 0xe000 then bad(s, pos, "half of a surrogate pair") end
  return utf8_char(code), pos
end

local function read_string(s, pos)
  local begin = pos
  local stop = find(s, '["\\%c]', pos)
  if stop and byte(s, stop) == 34 then return sub(s, begin, stop - 1), stop + 1 end
  local out = {}
  while true do
    if not stop then bad(s, begin, "a string without an end") end
    out[#out + 1] = sub(s, pos, stop - 1)
    local b = byte(s, stop)
    if b == 34 then return concat(out), stop + 1 end
    if b == 127 then
      out[#out + 1] = "\127"
      pos = stop + 1
    elseif b ~= 92 then
      bad(s, stop, "a control character in a string")
    else
      local c = sub(s, stop + 1, stop + 1)
      if c == "u" then out[#out + 1], pos = read_unicode(s, stop + 2)
      elseif UNESCAPES[c] then out[#out + 1], pos = UNESCAPES[c], stop + 2
      else bad(s, stop, "an unknown escape") end
    end
    stop = find(s, '["\\%c]', pos)
  end
end

local read
local function skip(s, pos) return (find(s, "[^ \t\r\n]", pos)) or #s + 1 end

local function read_list(s, pos, depth)
  local list = {}
  pos = skip(s, pos)
  if byte(s, pos) == 93 then empty_lists[list] = true return list, pos + 1 end
  while true do
    list[#list + 1], pos = read(s, pos, depth + 1)
    pos = skip(s, pos)
    local b = byte(s, pos)
    if b == 93 then return list, pos + 1 end
    if b ~= 44 then bad(s, pos, "expected , or ] in a list") end
    pos = pos + 1
  end
end

local function read_map(s, pos, depth)
  local map = {}
  pos = skip(s, pos)
  if byte(s, pos) == 125 then return map, pos + 1 end
  while true do
    pos = skip(s, pos)
    if byte(s, pos) ~= 34 then bad(s, pos, "expected a key in quotes") end
    local key
    key, pos = read_string(s, pos + 1)
    pos = skip(s, pos)
    if byte(s, pos) ~= 58 then bad(s, pos, "expected : after a key") end
    map[key], pos = read(s, pos + 1, depth + 1)
    pos = skip(s, pos)
    local b = byte(s, pos)
    if b == 125 then break end
    if b ~= 44 then bad(s, pos, "expected , or } in a map") end
    pos = pos + 1
  end
  local coded = map["$bytes"]
  if type(coded) == "string" and next(map, next(map)) == nil then return from_base64(coded) or map, pos + 1 end
  return map, pos + 1
end

local WORDS = {[116] = {"true", true}, [102] = {"false", false}, [110] = {"null", null}} -- by their first byte

function read(s, pos, depth)
  if depth > MAX_DEPTH then bad(s, pos, "nested deeper than 512 levels") end
  pos = skip(s, pos)
  local b = byte(s, pos)
  if b == 123 then return read_map(s, pos + 1, depth) end
  if b == 91 then return read_list(s, pos + 1, depth) end
  if b == 34 then return read_string(s, pos + 1) end
  local word = WORDS[b]
  if word and sub(s, pos, pos + #word[1] - 1) == word[1] then return word[2], pos + #word[1] end
  local from, to = find(s, "^%-?%d+%.?%d*[eE]?[+-]?%d*", pos)
  local number = from and sub(s, from, to)
  if not number or find(number, "^%-?0%d") or find(number, "%.$") or find(number, "%.[eE]") or not tonumber(number) then
    bad(s, pos, pos > #s and "the text ends too early" or "no JSON value")
  end
  return tonumber(number), to + 1
end

local function parse(s)
  if type(s) ~= "string" then problem("parse needs a string, not a " .. type(s)) end
  if not utf8_len(s) then problem("the text is no UTF-8") end
  local value, pos = read(s, 1, 1)
  pos = skip(s, pos)
  if pos <= #s then bad(s, pos, "more text after the value") end
  return value
end

ll.json = {parse = parse, stringify = stringify, null = null}
