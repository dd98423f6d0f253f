-- The script API: globals built from the table that the host sends, so that a function added there appears here.
-- Each function is data: what it calls, the names of what it takes, and the form of what it gives.
local ll = ...
local type, next, error, select, setmetatable, tostring, rawlen = type, next, error, select, setmetatable, tostring, rawlen
local format, concat = string.format, table.concat
local call, make_error, names_of = ll.call, ll.make_error, ll.names_of
local create, resume, yield, status, running = coroutine.create, coroutine.resume, coroutine.yield, coroutine.status, coroutine.running

local objects = {} -- class name -> {methods, type}
local give

local function invalid(...) error(make_error("validation", format(...)), 0) end

-- A map of arguments from positional ones; `fixed` are those that the table of the API adds.
local function arguments_of(spec, self, ...)
  local arguments = {}
  if spec.with then for k, v in next, spec.with do arguments[k] = v end end
  if self then arguments.self = self end
  local takes = spec.takes
  if takes then
    for i = 1, rawlen(takes) do arguments[takes[i]] = (select(i, ...)) end
  end
  return arguments
end

local function one_call(spec, self, ...)
  return give(spec, call(spec.calls, arguments_of(spec, self, ...)))
end

-- An iterator over a stream that the script pulls: the reader sets the pace.
local function make_stream(spec, opened)
  local id, done = opened.stream, false
  local stream = {}
  local function finish()
    if not done then
      done = true
      call(spec.closes, {stream = id})
    end
  end
  local function next_chunk()
    if done then return nil end
    local fine, chunk = ll.pcall(call, spec.pulls, {stream = id})
    if not fine then done = true error(chunk, 0) end
    if chunk == nil then done = true end
    return chunk
  end
  stream.next, stream.close = next_chunk, finish
  function stream.isDone() return done end
  return setmetatable(stream, {
    __call = next_chunk, __close = finish, __name = "stream", __metatable = "stream",
    __gc = function() if not done and not ll.ended then ll.pcall(finish) end end,
  })
end

-- Runs a stream to its end through a function of the script.
local function drain(spec, opened, each)
  local stream = make_stream(spec, opened)
  local count, parts = 0, {}
  for chunk in stream do
    count = count + 1
    parts[count] = type(chunk.text) == "string" and chunk.text or ""
    local fine, problem = ll.pcall(each, chunk)
    if not fine then stream.close() error(problem, 0) end
  end
  return {success = true, chunks_received = count, text = concat(parts)}
end

local function make_object(class, fields)
  local object = {}
  for k, v in next, fields do object[k] = v end
  local known = objects[class]
  if known.named then names_of[object] = fields[known.named] end
  return setmetatable(object, known.type)
end

local function make_builder(class)
  local spec = ll.surface.builders[class]
  local fields, builder = {}, {}
  for i = 1, rawlen(spec.sets) do
    local name = spec.sets[i]
    builder[name] = function(first, value)
      if first ~= builder then value = first end
      fields[name] = value
      return builder
    end
  end
  for name, field in next, spec.appends do
    builder[name] = function(first, value)
      if first ~= builder then value = first end
      fields[field] = fields[field] or {}
      if type(fields[field]) ~= "table" then invalid("%s: %s must be a list before %s can add to it", class, field, name) end
      fields[field][rawlen(fields[field]) + 1] = value
      return builder
    end
  end
  function builder.build() return one_call(spec.build, nil, fields) end
  return builder
end

function give(spec, value)
  local gives = spec.gives
  if gives == nil or value == nil then return value end
  if gives == "stream" then return make_stream(spec, value) end
  if spec.many then
    for i = 1, rawlen(value) do value[i] = make_object(gives, value[i]) end
    return value
  end
  return make_object(gives, value)
end

-- The Lua function of one row. A method knows its object by `self`; `.` and `:` both call it.
local function make_function(spec, method)
  if spec.starts then return function() return make_builder(spec.starts) end end
  if spec.each then
    return function(self, ...)
      local at = rawlen(spec.takes) + 1
      local each = select(at, ...)
      if type(each) ~= "function" then invalid("%s needs a function as its argument %d, not a %s", spec.calls, at, type(each)) end
      return drain(spec, call(spec.calls, arguments_of(spec, self.id, ...)), each)
    end
  end
  if method then return function(self, ...) return one_call(spec, self.id, ...) end end
  return function(...) return one_call(spec, nil, ...) end
end

local function with_spellings(target, name, spec, made)
  target[name] = made
  if spec.also then
    for i = 1, rawlen(spec.also) do target[spec.also[i]] = made end
  end
end

local function make_class(class, spec)
  local methods = {}
  local known = {named = spec.named}
  for name, row in next, spec.methods do with_spellings(methods, name, row, make_function(row, true)) end
  known.type = {
    __name = class, __metatable = class,
    -- `tool.execute(params)` has no object in front: the method is bound to the one it was taken from
    __index = function(object, key)
      local method = methods[key]
      if not method then return nil end
      return function(first, ...)
        if first == object then return method(object, ...) end
        return method(object, first, ...)
      end
    end,
    __tostring = function(object) return names_of[object] or class end,
    __concat = function(a, b) return tostring(a) .. tostring(b) end,
  }
  objects[class] = known
end

-- `Streaming`: a generator written in the script, on its own coroutine.
local STREAMING = {}
function STREAMING.create(fn)
  if type(fn) ~= "function" then invalid("Streaming.create needs a function, not a %s", type(fn)) end
  local co = create(fn)
  local ahead, has_ahead, done = nil, false, false
  local function step()
    if done then return nil end
    local fine, value = resume(co)
    if not fine then done = true error(value, 0) end
    if status(co) == "dead" then done = true return nil end
    return value
  end
  local stream = {}
  function stream.next()
    if has_ahead then has_ahead = false return ahead end
    return step()
  end
  function stream.isDone()
    if not done and not has_ahead then
      ahead = step()
      has_ahead = not done
    end
    return done and not has_ahead
  end
  function stream.collect()
    local all = {}
    while not stream.isDone() do all[#all + 1] = stream.next() end
    return all
  end
  return setmetatable(stream, {__call = stream.next, __name = "stream", __metatable = "stream"})
end
function STREAMING.yield(value)
  local _, main = running()
  if main or ll.branches[running()] then invalid("Streaming.yield works only inside a function given to Streaming.create") end
  return yield(value)
end

-- A global of a later version: it raises on use, and says so.
local function make_missing(name)
  local function raise() error(make_error("not_found", name .. " is not part of this version of llmspell"), 0) end
  return setmetatable({}, {__index = raise, __newindex = raise, __call = raise, __metatable = "missing"})
end

local LOCAL = {
  JSON = function() return {parse = ll.json.parse, stringify = ll.json.stringify, null = ll.json.null} end,
  Streaming = function() return {create = STREAMING.create, ["yield"] = STREAMING.yield} end,
  parallel = function() return ll.parallel end,
}

function ll.build_surface(G, surface)
  ll.surface = surface
  for class, spec in next, surface.objects do make_class(class, spec) end
  for global, functions in next, surface.globals do
    local target = {}
    for name, spec in next, functions do with_spellings(target, name, spec, make_function(spec, false)) end
    G[global] = setmetatable(target, {__index = function(_, key)
      error(make_error("not_found", format("%s.%s is not a function of the script API", global, tostring(key))), 0)
    end})
  end
  for name, spec in next, surface.functions do with_spellings(G, name, spec, make_function(spec, false)) end
  for global, name in next, surface.same do G[global] = G[name] end
  for i = 1, rawlen(surface.engine_made) do
    local name = surface.engine_made[i]
    G[name] = LOCAL[name]()
  end
  for i = 1, rawlen(surface.missing) do G[surface.missing[i]] = make_missing(surface.missing[i]) end
end
