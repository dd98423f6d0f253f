-- The script API: globals built from the table that the host sends, so that a function added there appears here.
-- Each function is data: what it calls, the names of what it takes, and the form of what it gives.
local ll = ...
local type, next, error, select, setmetatable, tostring, rawlen, rawequal =
  type, next, error, select, setmetatable, tostring, rawlen, rawequal
local pcall = pcall
local format, concat = string.format, table.concat
local call, call_named, packed_key, make_error, names_of = ll.call, ll.call_named, ll.packed_key, ll.make_error, ll.names_of

local objects = {} -- class name -> {named, type}
local builders
local give

local function invalid(...) error(make_error("validation", format(...)), 0) end

local function make_object(class, fields)
  local known = objects[class]
  if known.named then names_of[fields] = fields[known.named] end
  return setmetatable(fields, known.type)
end

-- What a call gives, in the form that its row says. A stream comes with what a `for` closes when it is left.
function give(spec, value)
  local gives = spec.gives
  if gives == nil or value == nil then return value end
  if gives == "stream" then
    local stream = ll.make_stream(spec, value)
    return stream, nil, nil, stream
  end
  if spec.many then
    for i = 1, rawlen(value) do value[i] = make_object(gives, value[i]) end
    return value
  end
  return make_object(gives, value)
end

-- The arguments of a row: names, packed names, and packed pairs that are always the same.
local function arguments_of(spec, method)
  local names, keys, fixed, fixed_count = {}, {}, {}, 0
  if method then names[1] = "self" end
  for i = 1, rawlen(spec.takes or {}) do names[#names + 1] = spec.takes[i] end
  for i = 1, #names do keys[i] = packed_key(names[i]) end
  for name, value in next, spec.with or {} do
    fixed_count = fixed_count + 1
    fixed[fixed_count] = packed_key(name) .. ll.pack(value, name)
  end
  return names, keys, concat(fixed), fixed_count
end

-- A row of more arguments than `call_named` takes.
local function make_wide_call(spec, names)
  return function(...)
    local arguments = {}
    for name, value in next, spec.with or {} do arguments[name] = value end
    for i = 1, #names do arguments[names[i]] = (select(i, ...)) end
    return call(spec.calls, arguments)
  end
end

-- The plain function of a row, for each number of arguments; a method is given its object's id first.
local function make_call(spec, method)
  local names, keys, fixed, fixed_count = arguments_of(spec, method)
  local capability, plain = spec.calls, spec.gives == nil
  if #names == 0 then
    if plain then return function() return call_named(capability, names, keys, fixed, fixed_count) end end
    return function() return give(spec, call_named(capability, names, keys, fixed, fixed_count)) end
  elseif #names == 1 then
    if plain then return function(a) return call_named(capability, names, keys, fixed, fixed_count, a) end end
    return function(a) return give(spec, call_named(capability, names, keys, fixed, fixed_count, a)) end
  elseif #names == 2 then
    if plain then return function(a, b) return call_named(capability, names, keys, fixed, fixed_count, a, b) end end
    return function(a, b) return give(spec, call_named(capability, names, keys, fixed, fixed_count, a, b)) end
  elseif #names == 3 then
    if plain then return function(a, b, c) return call_named(capability, names, keys, fixed, fixed_count, a, b, c) end end
    return function(a, b, c) return give(spec, call_named(capability, names, keys, fixed, fixed_count, a, b, c)) end
  end
  local wide = make_wide_call(spec, names)
  return function(...) return give(spec, wide(...)) end
end

-- A row that runs a stream through a function of the script, its last argument.
local function make_drain(spec, method, name)
  local opened = {}
  for k, v in next, spec do if k ~= "gives" then opened[k] = v end end
  local open = make_call(opened, method)
  local at = rawlen(spec.takes) + (method and 2 or 1)
  return function(...)
    local each = (select(at, ...))
    if type(each) ~= "function" then
      invalid("%s needs a function as its argument %d, not a %s", name, method and at - 1 or at, type(each))
    end
    return ll.drain(spec, open(...), each)
  end
end

-- A chain of setters; each works with `.` and `:`.
local function make_builder(class)
  local spec = builders[class]
  local fields, builder = {}, {}
  for i = 1, rawlen(spec.sets) do
    local name = spec.sets[i]
    builder[name] = function(first, value)
      if not rawequal(first, builder) then value = first end
      fields[name] = value
      return builder
    end
  end
  for name, field in next, spec.appends do
    builder[name] = function(first, value)
      if not rawequal(first, builder) then value = first end
      local list = {}
      if fields[field] ~= nil then
        if type(fields[field]) ~= "table" then invalid("%s: %s must be a list before %s can add to it", class, field, name) end
        for i = 1, rawlen(fields[field]) do list[i] = fields[field][i] end
      end
      list[#list + 1] = value
      fields[field] = list -- a copy: the list that `tools` was given stays the script's own
      return builder
    end
  end
  local build = make_call(spec.build, false)
  function builder.build() return build(fields) end
  return builder
end

-- A row whose failure is an answer: `{success, output}`, or `{success = false, error, kind}`.
local function make_caught(made)
  return function(...)
    local fine, value = pcall(made, ...)
    if fine then return {success = true, output = value} end
    if not ll.is_error(value) then error(value, 0) end
    return {success = false, error = value.message, kind = value.kind}
  end
end

-- A row that calls nothing: a table with what is always in it, and what it takes.
local function make_maker(spec)
  local takes, makes = spec.takes, spec.makes
  return function(...)
    local made = {}
    for name, value in next, makes do made[name] = value end
    for i = 1, rawlen(takes) do made[takes[i]] = (select(i, ...)) end
    return made
  end
end

local function make_function(spec, method, name)
  if spec.makes then return make_maker(spec) end
  if spec.starts then return function() return make_builder(spec.starts) end end
  if spec.each then return make_drain(spec, method, name) end
  if spec.caught then return make_caught(make_call(spec, method)) end
  return make_call(spec, method)
end

local function with_spellings(target, name, spec, made)
  target[name] = made
  if spec.also then
    for i = 1, rawlen(spec.also) do target[spec.also[i]] = made end
  end
end

-- A class of objects. `tool.execute(params)` has no object in front, so a method is bound to the one it is taken from.
local function make_class(class, spec)
  local methods = {}
  for name, row in next, spec.methods do with_spellings(methods, name, row, make_function(row, true, class .. "." .. name)) end
  local bound = setmetatable({}, {__mode = "k"}) -- object -> its methods so far
  local function bind(object, key)
    local method = methods[key]
    if not method then return nil end
    local function made(first, ...)
      if rawequal(first, object) then return method(object.id, ...) end
      return method(object.id, first, ...)
    end
    local mine = bound[object]
    if not mine then
      mine = {}
      bound[object] = mine
    end
    mine[key] = made
    return made
  end
  objects[class] = {
    named = spec.named,
    type = {
      __name = class, __metatable = class,
      __index = function(object, key)
        local mine = bound[object]
        return mine and mine[key] or bind(object, key)
      end,
      __tostring = function(object) return names_of[object] or class end,
      __concat = function(a, b) return tostring(a) .. tostring(b) end,
    },
  }
end

-- A global of a later version: it raises on use, and says so.
local function make_missing(name)
  local function raise() error(make_error("not_found", name .. " is not part of this version of llmspell"), 0) end
  return setmetatable({}, {__index = raise, __newindex = raise, __call = raise, __pairs = raise, __metatable = "missing"})
end

local function make_global(global, functions)
  local target = {}
  for name, spec in next, functions do with_spellings(target, name, spec, make_function(spec, false, name)) end
  return setmetatable(target, {
    __index = function(_, key)
      error(make_error("not_found", format("%s.%s is not a function of the script API", global, tostring(key))), 0)
    end,
    __metatable = global,
  })
end

local LOCAL = {
  JSON = function() return {parse = ll.json.parse, stringify = ll.json.stringify, null = ll.json.null} end,
  Streaming = function() return {create = ll.streaming.create, ["yield"] = ll.streaming.yield} end,
  parallel = function() return ll.parallel end,
}

function ll.build_surface(G, surface)
  builders = surface.builders
  for class, spec in next, surface.objects do make_class(class, spec) end
  for global, functions in next, surface.globals do G[global] = make_global(global, functions) end
  for name, spec in next, surface.functions do with_spellings(G, name, spec, make_function(spec, false, name)) end
  for global, name in next, surface.same do G[global] = G[name] end
  for i = 1, rawlen(surface.engine_made) do
    local name = surface.engine_made[i]
    G[name] = LOCAL[name]()
  end
  for i = 1, rawlen(surface.missing) do G[surface.missing[i]] = make_missing(surface.missing[i]) end
end
