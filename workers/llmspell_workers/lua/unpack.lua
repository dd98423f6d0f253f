-- Values of the wire, unpacked from msgpack without leaving Lua: no host object is ever made here.
-- What is read was packed by the host; nil in a list is `JSON.null`, nil in a map is left out.
local ll = ...
local error, byte, sub, sunpack = error, string.byte, string.sub, string.unpack
local null, empty_lists = ll.null, ll.empty_lists
local MAX_DEPTH = 48

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

-- Maps with room for 0 to 8 keys, so that they do not grow while they are filled: the constructor makes the room, and
-- a nil takes none of it.
local function make_4() return {a = nil, b = nil, c = nil, d = nil} end
local function make_8() return {a = nil, b = nil, c = nil, d = nil, e = nil, f = nil, g = nil, h = nil} end
local MAKE = {
  [0] = function() return {} end, function() return {a = nil} end, function() return {a = nil, b = nil} end,
  make_4, make_4, make_8, make_8, make_8, make_8,
}

local function decode_map(s, pos, length, depth)
  if depth > MAX_DEPTH then error("a reply is nested deeper than 48 levels", 0) end
  local map = (MAKE[length] or make_8)()
  for _ = 1, length do
    local k, v
    local b = byte(s, pos)
    if b >= 0xa0 and b < 0xc0 then
      local stop = pos + b - 0xa0
      k = sub(s, pos + 1, stop)
      pos = stop + 1
    else
      k, pos = decode(s, pos, depth + 1)
    end
    b = byte(s, pos)
    if b >= 0xa0 and b < 0xc0 then
      local stop = pos + b - 0xa0
      v = sub(s, pos + 1, stop)
      pos = stop + 1
    elseif b < 0x80 then
      v, pos = b, pos + 1
    elseif b < 0x90 then
      v, pos = decode_map(s, pos + 1, b - 0x80, depth + 1)
    elseif b == 0xc3 then
      v, pos = true, pos + 1
    else
      v, pos = decode(s, pos, depth + 1)
    end
    map[k] = v
  end
  return map, pos
end

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
  if b >= 0xa0 then
    if b < 0xc0 then
      local stop = pos + b - 0xa0
      return sub(s, pos, stop - 1), stop
    end
    if b >= 0xe0 then return b - 256, pos end
    return READ[b](s, pos, depth)
  end
  if b < 0x80 then return b, pos end
  if b < 0x90 then return decode_map(s, pos, b - 0x80, depth) end
  return decode_list(s, pos, b - 0x90, depth)
end

-- The value that stands in `s` from `pos` on.
function ll.unpack(s, pos)
  return (decode(s, pos, 1))
end
