-- A deterministic run: what differs from process to process in Lua is replaced, before the files that follow and the
-- script take it for their own. `pairs` and `next` go by the keys: numbers, text, booleans, then what has an address, by
-- the number that it is shown with. The keys are taken when a walk begins, so it may change fields and clear them.
local ll = ...
local type, select, error, rawget, setmetatable, tostring = type, select, error, rawget, setmetatable, tostring
local next, pairs, metatable_of = next, pairs, debug.getmetatable -- Lua's own, by these names for their errors
local format, find, gsub, match, rep, sort, floor = string.format, string.find, string.gsub, string.match, string.rep, table.sort, math.floor
local unpack = table.unpack or unpack
local clock, seed, short_seed = ll.host_clock, ll.seed, ll.short_seed
ll.raw_format = format

-- Running numbers in place of addresses, given when something is first shown or is first met as a key.
local numbers, last = setmetatable({}, {__mode = "k"}), 0
local function number_of(v)
  local known = numbers[v]
  if known == nil then
    last = last + 1
    known, numbers[v] = last, last
  end
  return known
end
local function shows_itself(v)
  local metatable = metatable_of(v)
  return metatable ~= nil and rawget(metatable, "__tostring") ~= nil
end
local PLAIN = {["nil"] = true, boolean = true, number = true, string = true}
function _G.tostring(...)
  local text = tostring(...)
  local v = (...)
  if PLAIN[type(v)] or shows_itself(v) then return text end
  return (gsub(text, ": 0?x?%x+$", function() return format(": 0x%08x", number_of(v)) end))
end
local shown = _G.tostring

local takes_tables = pcall(format, "%s", {})
local SPEC = "%%([-+ #0]*%d*%.?%d*)(.)"
function string.format(text, ...)
  local given, count, changed = {...}, select("#", ...), false
  for i = 1, count do changed = changed or not PLAIN[type(given[i])] end
  if type(text) == "string" and find(text, "%p", 1, true) then changed = true end
  if not changed or type(text) ~= "string" then return format(text, ...) end
  local at = 0
  text = gsub(text, SPEC, function(options, kind)
    if kind == "%" then return nil end
    at = at + 1
    local v = given[at]
    if kind == "s" and takes_tables and not PLAIN[type(v)] then given[at] = shown(v)
    elseif kind == "p" and takes_tables then
      given[at] = PLAIN[type(v)] and "(null)" or format("0x%08x", number_of(v))
      return "%" .. options .. "s"
    end
  end)
  return format(text, unpack(given, 1, count))
end

-- The order. Keys that have no number yet get theirs by their addresses, which is the best that is known of them.
local RANK = {number = 1, string = 2, boolean = 3}
local function before(a, b)
  local kind = type(a)
  local left, right = RANK[kind] or 4, RANK[type(b)] or 4
  if left ~= right then return left < right end
  if left < 3 then return a < b end
  if left == 3 then return not a and b end
  return numbers[a] < numbers[b]
end
local function address_of(v)
  local text = not shows_itself(v) and match(tostring(v), "%x+$") or ""
  return rep("0", 16 - #text) .. text
end
local function number_keys(t)
  local fresh, places = {}, {}
  for key in next, t do
    if not RANK[type(key)] and numbers[key] == nil then
      fresh[#fresh + 1] = key
      places[key] = address_of(key)
    end
  end
  if #fresh > 1 then sort(fresh, function(a, b) return places[a] < places[b] end) end
  for i = 1, #fresh do number_of(fresh[i]) end
end
local function ordered_keys(t)
  local keys, count, kind, mixed, sorted = {}, 0, nil, false, true
  for key in next, t do
    count = count + 1
    keys[count] = key
    local this = type(key)
    if kind == nil then kind = this elseif this ~= kind then mixed = true end
    if mixed or RANK[this] == nil or this == "boolean" then mixed = true
    elseif count > 1 and key < keys[count - 1] then sorted = false end
  end
  if mixed then
    number_keys(t)
    sort(keys, before)
  elseif not sorted then
    sort(keys)
  end
  return keys, count
end

-- `next`: of a walk that goes on the keys are kept. Any other question is answered from the table as it is.
local walks = setmetatable({}, {__mode = "k"}) -- table -> {keys, count, places of the keys}
local function least_after(t, key)
  if key ~= nil and not RANK[type(key)] then number_of(key) end
  local least
  for each in next, t do
    if not RANK[type(each)] and numbers[each] == nil then number_keys(t) end
    if (key == nil or before(key, each)) and (least == nil or before(each, least)) then least = each end
  end
  return least
end
local function begin_walk(t)
  local keys, count = ordered_keys(t)
  local places = {}
  for i = 1, count do places[keys[i]] = i end
  local walk = {keys, count, places}
  walks[t] = walk
  return walk
end
function _G.next(t, key)
  if type(t) ~= "table" then return next(t, key) end -- raises
  if key == nil then
    walks[t] = nil
    if next(t) == nil then return nil end
    local first = least_after(t)
    return first, rawget(t, first)
  end
  if key ~= key then return next(t, key) end -- raises: it is no key
  local walk = walks[t] or begin_walk(t)
  local place = walk[3][key]
  if place then
    for i = place + 1, walk[2] do
      local following = walk[1][i]
      local value = rawget(t, following)
      if value ~= nil then return following, value end
    end
  end
  walks[t] = nil
  local following = least_after(t, key)
  if following ~= nil then return following, rawget(t, following) end
  return nil
end

local asks_pairs = pcall(function()
  pairs(setmetatable({}, {__pairs = function() error("asked") end}))
end) == false
function _G.pairs(...)
  local t = (...)
  local metatable = metatable_of(t)
  if type(t) ~= "table" or asks_pairs and metatable ~= nil and rawget(metatable, "__pairs") ~= nil then
    return pairs(...)
  end
  local keys, count = ordered_keys(t)
  local place = 0
  return function()
    while place < count do
      place = place + 1
      local key = keys[place]
      local value = rawget(t, key)
      if value ~= nil then return key, value end
    end
    return nil
  end, t, nil
end

-- Random numbers and clocks.
local random_seed, random, time, date = math.randomseed, math.random, os.time, os.date
random_seed(_VERSION >= "Lua 5.4" and seed or short_seed)
function math.randomseed(...)
  if select("#", ...) > 0 then return random_seed(...) end
  return random_seed(random(0, 2147483646)) -- another one that hangs on the first
end
local function now() return floor((clock(false))) end
function os.time(...)
  if (...) == nil then return now() end
  return time(...)
end
function os.clock() return clock(true) end
function os.date(text, at)
  if at == nil then at = now() end
  return date(text == nil and "%c" or text, at)
end
