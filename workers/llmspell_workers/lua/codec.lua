-- Values of the wire, packed and unpacked as msgpack without leaving Lua: no host object is ever made here.
-- Rules: a string that is no UTF-8 is bytes; keys 1..n are a list; an empty table is a map unless it came as a list;
-- what does not fit raises {misfit = why, place = place}.
local ll = ...
local type, next, rawlen, error, setmetatable = type, next, rawlen, error, setmetatable
local math_type, char, byte, sub, spack, sunpack = math.type, string.char, string.byte, string.sub, string.pack, string.unpack
local concat, utf8_len, match, format = table.concat, utf8.len, string.match, string.format

local MAX_DEPTH, MAX_VALUES = 48, 262144

local null = setmetatable({}, {__tostring = function() return "null" end, __metatable = "null"})
local empty_lists = setmetatable({}, {__mode = "k"})
local names_of = setmetatable({}, {__mode = "k"}) -- objects of the script API that travel as their name

local FIX = {}
for n = 0, 127 do FIX[n] = char(n) end

local function misfit(why) error({misfit = why}, 0) end

local count, path
local encode

local function encode_string(v)
  local n = #v
  if utf8_len(v) then
    if n < 32 then return char(0xa0 + n) .. v end
    if n < 256 then return char(0xd9, n) .. v end
    if n < 65536 then return spack(">Bs2", 0xda, v) end
    return spack(">Bs4", 0xdb, v)
  end
  if n < 256 then return char(0xc4, n) .. v end
  if n < 65536 then return spack(">Bs2", 0xc5, v) end
  return spack(">Bs4", 0xc6, v)
end

local function encode_integer(v)
  if v >= 0 then
    if v < 128 then return FIX[v] end
    if v < 65536 then return spack(">BI2", 0xcd, v) end
    if v < 4294967296 then return spack(">BI4", 0xce, v) end
  elseif v >= -32 then
    return char(256 + v)
  end
  return spack(">Bi8", 0xd3, v)
end

local function show_key(key)
  if type(key) == "string" then return format("the key %q", sub(key, 1, 60)) end
  return "the key " .. (math_type(key) and format("%s", key) or "that is a " .. type(key))
end

local function encode_table(t, out, n, depth)
  if depth > MAX_DEPTH then misfit("is nested deeper than 48 levels, or holds itself") end
  local length = rawlen(t)
  local keys = 0
  local text = true
  for k in next, t do
    keys = keys + 1
    if text and type(k) ~= "string" then text = false end
  end
  count = count + keys + 1
  if count > MAX_VALUES then misfit("makes over 262144 values, more than one frame holds") end
  if keys == 0 then
    out[n + 1] = empty_lists[t] and "\x90" or "\x80"
    return n + 1
  end
  if text then
    count = count + keys
    n = n + 1
    out[n] = keys < 16 and char(0x80 + keys) or keys < 65536 and spack(">BI2", 0xde, keys) or spack(">BI4", 0xdf, keys)
    for k, v in next, t do
      if not utf8_len(k) then path[depth] = "[?]" misfit("has a key that is no UTF-8 text") end
      n = n + 1
      out[n] = encode_string(k)
      path[depth] = k
      n = encode(v, out, n, depth + 1)
    end
    path[depth] = nil
    return n
  end
  if length ~= keys then
    -- a hole, or keys of both kinds: say which
    local top = 0
    for k in next, t do
      if math_type(k) ~= "integer" or k < 1 then
        misfit("has " .. show_key(k) .. " beside others: a list has the keys 1..n, a map has text keys only")
      end
      if k > top then top = k end
    end
    for i = 1, top do
      if t[i] == nil then path[depth] = i misfit("is nil inside a list") end
    end
  end
  n = n + 1
  out[n] = length < 16 and char(0x90 + length) or length < 65536 and spack(">BI2", 0xdc, length)
    or spack(">BI4", 0xdd, length)
  for i = 1, length do
    path[depth] = i
    local v = t[i]
    if v == nil then misfit("is nil inside a list") end
    n = encode(v, out, n, depth + 1)
  end
  path[depth] = nil
  return n
end

function encode(v, out, n, depth)
  local kind = type(v)
  if kind == "string" then
    out[n + 1] = encode_string(v)
  elseif kind == "number" then
    if math_type(v) == "integer" then out[n + 1] = encode_integer(v)
    else out[n + 1] = spack(">Bd", 0xcb, v) end
  elseif kind == "boolean" then
    out[n + 1] = v and "\xc3" or "\xc2"
  elseif v == nil or v == null then
    out[n + 1] = "\xc0"
  elseif kind == "table" then
    local name = names_of[v]
    if name then out[n + 1] = encode_string(name)
    else return encode_table(v, out, n, depth) end
  else
    misfit("is a " .. kind)
  end
  return n + 1
end

local function place_of(name)
  local parts = {name}
  for depth = 1, MAX_DEPTH do
    local key = path[depth]
    if key == nil then break end
    if math_type(key) == "integer" then parts[#parts + 1] = "[" .. format("%d", key) .. "]"
    elseif match(key, "^[%a_][%w_]*$") then parts[#parts + 1] = "." .. key
    else parts[#parts + 1] = "[" .. format("%q", sub(key, 1, 60)) .. "]" end
  end
  return concat(parts)
end

-- The bytes of a value, or nil and what is wrong with it: `result.items[3].callback is a function`.
function ll.pack(value, name)
  count, path = 1, {}
  local out = {}
  local ok, problem = ll.pcall(encode, value, out, 0, 1)
  if ok then return concat(out) end
  if type(problem) == "table" and problem.misfit then return nil, place_of(name) .. " " .. problem.misfit end
  error(problem, 0) -- memory
end

local decode

local function decode_list(s, pos, length, depth)
  if depth > MAX_DEPTH then error("a reply is nested deeper than 48 levels", 0) end
  local list = {}
  if length == 0 then empty_lists[list] = true end
  for i = 1, length do
    local v
    v, pos = decode(s, pos, depth + 1)
    if v == nil then v = null end
    list[i] = v
  end
  return list, pos
end

local function decode_map(s, pos, length, depth)
  if depth > MAX_DEPTH then error("a reply is nested deeper than 48 levels", 0) end
  local map = {}
  for _ = 1, length do
    local k, v
    k, pos = decode(s, pos, depth + 1)
    v, pos = decode(s, pos, depth + 1)
    map[k] = v
  end
  return map, pos
end

local function text(s, pos, length) return sub(s, pos, pos + length - 1), pos + length end

local READ = {
  [0xc0] = function(_, pos) return nil, pos end,
  [0xc2] = function(_, pos) return false, pos end,
  [0xc3] = function(_, pos) return true, pos end,
  [0xc4] = function(s, pos) return sunpack(">s1", s, pos) end,
  [0xc5] = function(s, pos) return sunpack(">s2", s, pos) end,
  [0xc6] = function(s, pos) return sunpack(">s4", s, pos) end,
  [0xca] = function(s, pos) return sunpack(">f", s, pos) end,
  [0xcb] = function(s, pos) return sunpack(">d", s, pos) end,
  [0xcc] = function(s, pos) return sunpack(">I1", s, pos) end,
  [0xcd] = function(s, pos) return sunpack(">I2", s, pos) end,
  [0xce] = function(s, pos) return sunpack(">I4", s, pos) end,
  [0xcf] = function(s, pos) return sunpack(">i8", s, pos) end, -- the wire admits no integer over int64
  [0xd0] = function(s, pos) return sunpack(">i1", s, pos) end,
  [0xd1] = function(s, pos) return sunpack(">i2", s, pos) end,
  [0xd2] = function(s, pos) return sunpack(">i4", s, pos) end,
  [0xd3] = function(s, pos) return sunpack(">i8", s, pos) end,
  [0xd9] = function(s, pos) return sunpack(">s1", s, pos) end,
  [0xda] = function(s, pos) return sunpack(">s2", s, pos) end,
  [0xdb] = function(s, pos) return sunpack(">s4", s, pos) end,
}
for b = 0xdc, 0xdf do
  local into = b >= 0xde and decode_map or decode_list
  local width = b % 2 == 1 and 4 or 2
  local wide = ">I" .. width
  READ[b] = function(s, pos, depth)
    local length = sunpack(wide, s, pos)
    return into(s, pos + width, length, depth)
  end
end

function decode(s, pos, depth)
  local b = byte(s, pos)
  pos = pos + 1
  if b < 0x80 then return b, pos end
  if b >= 0xe0 then return b - 256, pos end
  if b >= 0xa0 and b < 0xc0 then return text(s, pos, b - 0xa0) end
  if b < 0x90 then return decode_map(s, pos, b - 0x80, depth) end
  if b < 0xa0 then return decode_list(s, pos, b - 0x90, depth) end
  return READ[b](s, pos, depth)
end

-- The value that stands in `s` from `pos` on.
function ll.unpack(s, pos)
  return (decode(s, pos, 1))
end

ll.null, ll.empty_lists, ll.names_of = null, empty_lists, names_of
