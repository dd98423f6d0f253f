-- What the adapter's files use of Lua 5.4 and an older dialect lacks, as functions on the same tables. The script does
-- not see them: `forget` takes them away once the globals of the script are made. Only what is missing is added.
-- Where all numbers are floats, a whole one up to 2^53 - 1 counts as an integer, and greater ones as floats.
local ll = ...
local changed = {}
local function replace(library, name, value)
  changed[#changed + 1] = {library, name, library[name]}
  library[name] = value
end
local function add(library, name, value)
  if library[name] == nil then replace(library, name, value) end
end
function ll.forget()
  for i = 1, #changed do changed[i][1][changed[i][2]] = changed[i][3] end
end

local type, error, select, char, byte, sub, find, floor = type, error, select, string.char, string.byte, string.sub, string.find, math.floor
local concat, frexp, ldexp, huge, running = table.concat, math.frexp, math.ldexp, math.huge, coroutine.running
local MOST = 9007199254740991 -- 2^53 - 1

add(_G, "rawlen", function(t) return #t end)
add(table, "unpack", _G.unpack)
add(coroutine, "isyieldable", function() return running() ~= nil and not ll.must_block end)
add(math, "type", function(n)
  if type(n) ~= "number" then return nil end
  return n == floor(n) and n >= -MOST and n <= MOST and (n ~= 0 or 1 / n > 0) and "integer" or "float"
end)
add(math, "tointeger", function(n)
  return type(n) == "number" and n == floor(n) and n >= -MOST and n <= MOST and n or nil
end)

-- UTF-8 as Lua 5.4 takes it: nothing overlong, no surrogate, nothing beyond U+10FFFF.
local function width_at(s, at)
  local a, b, c, d = byte(s, at, at + 3)
  if a < 0x80 then return 1 end
  if a < 0xc2 or a > 0xf4 or not b or b < 0x80 or b > 0xbf then return nil end
  if a < 0xe0 then return 2 end
  if not c or c < 0x80 or c > 0xbf then return nil end
  if a < 0xf0 then
    if a == 0xe0 and b < 0xa0 or a == 0xed and b > 0x9f then return nil end
    return 3
  end
  if not d or d < 0x80 or d > 0xbf or a == 0xf0 and b < 0x90 or a == 0xf4 and b > 0x8f then return nil end
  return 4
end
add(_G, "utf8", {})
if utf8.len and utf8.len("\237\160\128") then -- Lua 5.3 takes surrogates for characters
  local len = utf8.len
  replace(utf8, "len", function(s, first, last)
    if find(s, "\237[\160-\191]") or find(s, "\244[\144-\191]") or find(s, "[\245-\255]") then return nil end
    return len(s, first, last)
  end)
end
-- How many characters begin in `first` to `last`, or nil.
add(utf8, "len", function(s, first, last)
  local at, stop, count = first or 1, last or #s, 0
  if at == 1 and stop == #s and not find(s, "[\128-\255]") then return #s end
  while at <= stop do
    local beyond = find(s, "[\128-\255]", at)
    if not beyond or beyond > stop then return count + stop - at + 1 end
    at, count = beyond, count + beyond - at
    local width = width_at(s, at)
    if not width then return nil end
    at, count = at + width, count + 1
  end
  return count
end)
add(utf8, "char", function(code)
  if code < 0x80 then return char(code) end
  local last = 0x80 + code % 64
  code = floor(code / 64)
  if code < 32 then return char(0xc0 + code, last) end
  local middle = 0x80 + code % 64
  code = floor(code / 64)
  if code < 16 then return char(0xe0 + code, middle, last) end
  return char(0xf0 + floor(code / 64), 0x80 + code % 64, middle, last)
end)

-- `string.pack` and `string.unpack`, for the formats that the codec uses: numbers with the highest byte first.
local function integer_bytes(n, width)
  local bytes = {}
  for i = width, 1, -1 do
    local low = n % 256
    bytes[i] = char(low)
    n = (n - low) / 256
  end
  return concat(bytes)
end
local function float_bytes(v)
  if v ~= v then return "\127\248\0\0\0\0\0\0" end
  local negative = v < 0 or v == 0 and 1 / v < 0
  if negative then v = -v end
  local exponent, fraction = 0, 0
  if v == huge then
    exponent = 2047
  elseif v > 0 then
    local mantissa, power = frexp(v)
    exponent = power + 1022
    if exponent > 0 then fraction = (mantissa * 2 - 1) * 4503599627370496
    else exponent, fraction = 0, ldexp(mantissa, power + 1074) end
  end
  local low = fraction % 4294967296
  local high = (fraction - low) / 4294967296 + exponent * 1048576
  return integer_bytes(negative and high + 2147483648 or high, 4) .. integer_bytes(low, 4)
end
local WIDTHS = {["1"] = 1, ["2"] = 2, ["4"] = 4, ["8"] = 8}
add(string, "pack", function(format, first, v)
  local kind, width = sub(format, 3, 3), WIDTHS[sub(format, 4, 4)]
  if kind == "d" then return char(first) .. float_bytes(v) end
  return char(first) .. integer_bytes(v, width) -- a negative one by the rest of the division: two's complement
end)

local function unsigned(s, pos, width)
  local n = 0
  for at = pos, pos + width - 1 do n = n * 256 + byte(s, at) end
  return n
end
local function float_of(s, pos, width)
  local high = unsigned(s, pos, 4)
  local negative = high >= 2147483648
  if negative then high = high - 2147483648 end
  local bias, most, unit, fraction = 127, 255, 8388608, high
  if width == 8 then bias, most, unit = 1023, 2047, 1048576 end
  local exponent = floor(high / unit)
  fraction = (high % unit)
  if width == 8 then fraction, unit = fraction * 4294967296 + unsigned(s, pos + 4, 4), 4503599627370496 end
  local v
  if exponent == most then v = fraction == 0 and huge or 0 / 0
  elseif exponent == 0 then v = ldexp(fraction / unit, 1 - bias)
  else v = ldexp(1 + fraction / unit, exponent - bias) end
  return negative and -v or v, pos + width
end
add(string, "unpack", function(format, s, pos)
  local kind, width = sub(format, 2, 2), WIDTHS[sub(format, 3, 3)]
  if kind == "d" then return float_of(s, pos, 8) end
  if kind == "f" then return float_of(s, pos, 4) end
  local n = unsigned(s, pos, width)
  pos = pos + width
  if kind == "s" then return sub(s, pos, pos + n - 1), pos + n end
  if kind == "i" and byte(s, pos - width) > 127 then
    if width == 8 then -- exact as far as a float is
      local high, low = unsigned(s, pos - 8, 4) - 4294967296, unsigned(s, pos - 4, 4)
      n = high * 4294967296 + low
    else
      n = n - 256 ^ width
    end
  end
  return n, pos
end)

-- Lua 5.1: `load` for pieces of text with an environment; `xpcall` with arguments; and both of them, and `pcall`, so that
-- what they call in a branch of `parallel` may give way. Lua 5.1 yields through no C function, so that runs in a
-- coroutine of its own. Metamethods, iterators and callbacks cannot give way here: a call in them fails in a branch, but
-- for those of a stream, which block.
if setfenv and not pcall(load, "", "=", "t", {}) then
  local load_string, set_environment, raw_pcall, raw_xpcall, unpack = loadstring, setfenv, pcall, xpcall, unpack
  local create, resume, yield, status = coroutine.create, coroutine.resume, coroutine.yield, coroutine.status
  replace(_G, "load", function(source, name, _mode, environment)
    if type(source) == "function" then
      local pieces, count = {}, 0
      while true do
        local piece = source()
        if piece == nil or piece == "" then break end
        if type(piece) ~= "string" then error("reader function must return a string", 0) end
        count = count + 1
        pieces[count] = piece
      end
      source = concat(pieces)
    end
    if byte(source) == 27 then return nil, "attempt to load a binary chunk (mode is 't')" end
    local chunk, why = load_string(source, name)
    if chunk then set_environment(chunk, environment == nil and {} or environment) end
    return chunk, why
  end)
  local function passing_on(inner, fine, ...)
    if fine and status(inner) == "suspended" then return passing_on(inner, resume(inner, yield(...))) end
    return fine, ...
  end
  local function pcall(run, ...)
    local branches, me = ll.branches, running()
    if not (branches and me and branches[me]) then return raw_pcall(run, ...) end
    local inner = create(function(...) return run(...) end)
    branches[inner] = true
    return passing_on(inner, resume(inner, ...))
  end
  local function handled(handler, fine, ...)
    if fine then return true, ... end
    return false, handler(...)
  end
  function ll.pull(...)
    ll.must_block = true
    local fine, value = raw_pcall(ll.call, ...)
    ll.must_block = false
    if fine then return value end
    error(value, 0)
  end
  replace(_G, "pcall", pcall)
  replace(_G, "xpcall", function(run, handler, ...)
    if ll.branches and ll.branches[running() or 0] then return handled(handler, pcall(run, ...)) end
    local given, count = {...}, select("#", ...)
    return raw_xpcall(function() return run(unpack(given, 1, count)) end, handler)
  end)
end

if not pcall(debug.getinfo, 1, "t") then ll.of_frame = "Sln" end
if newproxy then -- a table has no finalizer here
  local make, metatable_of = newproxy, getmetatable
  function ll.on_collection(run) metatable_of(make(true)).__gc = run end
end
if jit then jit.off() end -- machine code would be memory that is written and executed
