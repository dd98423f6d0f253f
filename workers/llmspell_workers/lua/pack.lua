-- Values of the wire, packed as msgpack without leaving Lua.
-- Rules: a string that is no UTF-8 is bytes; keys 1..n are a list; an empty table is a map unless it came as a list;
-- what does not fit is named with its place. No line of the script runs in here (no metamethod is ever asked), but
-- for its finalizers, which may pack values of their own at any allocation.
local ll = ...
local type, next, rawlen, rawget, rawequal, setmetatable = type, next, rawlen, rawget, rawequal, setmetatable
local math_type, char, sub, spack = math.type, string.char, string.sub, string.pack
local concat, utf8_len, find, format = table.concat, utf8.len, string.find, string.format

local MAX_DEPTH, MAX_VALUES = 48, 262144
local FRAME_VALUES = 8 -- what a frame holds beside the value
local MAX_KNOWN_KEYS, MAX_KEPT_PARTS = 512, 256

local null = setmetatable({}, {__tostring = function() return "null" end, __name = "null", __metatable = "null"})
local empty_lists = setmetatable({}, {__mode = "k"})
local names_of = setmetatable({[null] = true}, {__mode = "k"}) -- objects that travel as their name; null as nil

local BYTE = {}
for n = 0, 255 do BYTE[n] = char(n) end

local count = 0 -- values packed so far
local why, place -- of what does not fit; the place is put together on the way out

local function misfit(problem)
  why, place = problem, ""
  return nil
end

local function step_of(key)
  if math_type(key) == "integer" then return format("[%d]", key) end
  if find(key, "^[%a_][%w_]*$") and #key <= 100 then return "." .. key end
  return format("[%q]", sub(key, 1, 60))
end

local function string_header(v, length)
  if utf8_len(v) then
    if length < 32 then return BYTE[0xa0 + length] end
    if length < 256 then return char(0xd9, length) end
    if length < 65536 then return spack(">BI2", 0xda, length) end
    return spack(">BI4", 0xdb, length)
  end
  if length < 256 then return char(0xc4, length) end
  if length < 65536 then return spack(">BI2", 0xc5, length) end
  return spack(">BI4", 0xc6, length)
end

local known_keys, known_count = {}, 0
local function packed_key(key)
  if type(key) ~= "string" or not utf8_len(key) then return nil end
  local packed = string_header(key, #key) .. key
  if #key < 32 then
    if known_count >= MAX_KNOWN_KEYS then known_keys, known_count = {}, 0 end
    known_keys[key] = packed
    known_count = known_count + 1
  end
  return packed
end

-- In the shortest way, as all that is packed here: the host takes that quickly.
local function packed_integer(v)
  if v >= 0 then
    if v < 128 then return BYTE[v] end
    if v < 256 then return char(0xcc, v) end
    if v < 65536 then return spack(">BI2", 0xcd, v) end
    if v < 4294967296 then return spack(">BI4", 0xce, v) end
  else
    if v >= -32 then return BYTE[256 + v] end
    if v >= -128 then return char(0xd0, 256 + v) end
    if v >= -32768 then return spack(">Bi2", 0xd1, v) end
    if v >= -2147483648 then return spack(">Bi4", 0xd2, v) end
  end
  return spack(">Bi8", 0xd3, v)
end

local function show_key(key)
  if type(key) == "string" then return format("the key %q", sub(key, 1, 60)) end
  if math_type(key) then return "the key " .. format(math_type(key) == "integer" and "%d" or "%.14g", key) end
  return "a key that is a " .. type(key)
end

local encode

-- A table with a key that is no text: its keys are 1..n, or it is told what is wrong.
local function encode_list(t, out, n, depth)
  local length, keys = rawlen(t), 0
  for _ in next, t do keys = keys + 1 end
  if length ~= keys then
    local top = 0
    for k in next, t do
      if math_type(k) ~= "integer" or k < 1 or k > MAX_VALUES then
        return misfit("has " .. show_key(k) .. " beside others: a list has the keys 1..n, a map has text keys only")
      end
      if k > top then top = k end
    end
    for i = 1, top do
      if rawget(t, i) == nil then
        misfit("is nil inside a list")
        place = step_of(i)
        return nil
      end
    end
  end
  n = n + 1
  out[n] = length < 16 and BYTE[0x90 + length] or length < 65536 and spack(">BI2", 0xdc, length)
    or spack(">BI4", 0xdd, length)
  for i = 1, length do
    local v = rawget(t, i)
    local after
    if v == nil then after = misfit("is nil inside a list") else after = encode(v, out, n, depth + 1) end
    if not after then
      place = step_of(i) .. place
      return nil
    end
    n = after
  end
  return n
end

-- Maps that are being packed: keys and values are taken first, because a finalizer that adds a key while `next` walks
-- the table would have a key come twice. Nothing in that loop lets one run (even `type` would: it makes a string).
local stack, top = {}, 0

local function encode_table(t, out, n, depth)
  if depth > MAX_DEPTH then return misfit("is nested deeper than 48 levels, or holds itself") end
  local first = next(t)
  if first == nil then
    out[n + 1] = empty_lists[t] and "\144" or "\128"
    return n + 1
  elseif type(first) ~= "string" then
    return encode_list(t, out, n, depth)
  end
  local stack, base = stack, top
  local last = base
  for k, v in next, t do
    stack[last + 1], stack[last + 2] = k, v
    last = last + 2
  end
  top = last
  local keys = (last - base) / 2
  n = n + 1
  count = count + keys
  out[n] = keys < 16 and BYTE[0x80 + keys] or keys < 65536 and spack(">BI2", 0xde, keys) or spack(">BI4", 0xdf, keys)
  for i = base + 1, last, 2 do
    local k, v = stack[i], stack[i + 1]
    stack[i], stack[i + 1] = false, false
    local key = known_keys[k] or packed_key(k)
    if not key then
      if type(k) ~= "string" then return encode_list(t, out, n, depth) end -- which says what is wrong
      return misfit("has a key that is no UTF-8 text")
    end
    out[n + 1] = key
    if type(v) == "string" and #v < 32 and utf8_len(v) then -- `encode`, for what most values are
      count = count + 1
      out[n + 2], out[n + 3] = BYTE[0xa0 + #v], v
      n = n + 3
    else
      n = encode(v, out, n + 1, depth + 1)
      if not n then
        place = step_of(k) .. place
        return nil
      end
    end
  end
  top = base
  return n
end

-- Packs `v` behind out[n]; gives the new n, or nil where something does not fit.
function encode(v, out, n, depth)
  count = count + 1
  if count > MAX_VALUES then return misfit("makes over 262144 values, more than one frame holds") end
  local kind = type(v)
  if kind == "string" then
    out[n + 1] = string_header(v, #v)
    out[n + 2] = v
    return n + 2
  elseif kind == "number" then
    if math_type(v) == "integer" then out[n + 1] = packed_integer(v)
    else out[n + 1] = spack(">Bd", 0xcb, v) end
  elseif kind == "boolean" then
    out[n + 1] = v and "\195" or "\194"
  elseif kind == "table" then
    local name = names_of[v]
    if not name then return encode_table(v, out, n, depth) end
    if name == true then -- null
      out[n + 1] = "\192"
    else
      out[n + 1] = string_header(name, #name)
      out[n + 2] = name
      return n + 2
    end
  elseif kind == "nil" then
    out[n + 1] = "\192"
  else
    return misfit("is a " .. kind)
  end
  return n + 1
end

-- The parts of what is being packed. One list is used again and again; a finalizer that packs in between, or an error
-- that left it, finds it taken and gets one of its own.
local kept, taken = {}, false
local function take_parts()
  if taken then return {} end
  taken = true
  return kept
end
local function joined(out, n, before)
  top = before
  local packed = concat(out, "", 1, n)
  if out == kept then
    taken = false
    if n > MAX_KEPT_PARTS or #packed > 65536 then kept = {} end -- it would hold what it was made of
    if before == 0 and n > MAX_KEPT_PARTS then stack = {} end
  end
  return packed
end
local function give_up(out, name, before)
  top = before
  if before == 0 then stack = {} end
  if out == kept then kept, taken = {}, false end
  return nil, name .. place .. " " .. why
end
function ll.reset_codec() kept, taken, stack, top = {}, false, {}, 0 end

-- The bytes of a value, or nil and what is wrong with it: `result.items[3].callback is a function`.
function ll.pack(value, name)
  local counted, before = count, top
  count = FRAME_VALUES
  local out = take_parts()
  local n = encode(value, out, 0, 1)
  count = counted
  if not n then return give_up(out, name, before) end
  return joined(out, n, before)
end

-- Packs a map of named arguments without making it: `keys` are packed, `fixed` are `fixed_count` packed pairs.
-- Arguments that are nil are left out.
function ll.pack_arguments(names, keys, fixed, fixed_count, a, b, c)
  local counted, before = count, top
  count = FRAME_VALUES
  local out = take_parts()
  local n, pairs = 1, fixed_count
  if fixed_count > 0 then
    n = 2
    out[2] = fixed
  end
  local failed
  if a ~= nil then
    out[n + 1] = keys[1]
    n, pairs, failed = encode(a, out, n + 1, 2), pairs + 1, 1
  end
  if n and b ~= nil then
    out[n + 1] = keys[2]
    n, pairs, failed = encode(b, out, n + 1, 2), pairs + 1, 2
  end
  if n and c ~= nil then
    out[n + 1] = keys[3]
    n, pairs, failed = encode(c, out, n + 1, 2), pairs + 1, 3
  end
  count = counted
  if not n then return give_up(out, names[failed], before) end
  out[1] = BYTE[0x80 + pairs]
  return joined(out, n, before)
end

function ll.packed_key(key) return (packed_key(key)) end

ll.null, ll.empty_lists, ll.names_of = null, empty_lists, names_of
