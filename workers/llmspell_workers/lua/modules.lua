-- `require` and `dofile`: modules beside the script, found and read by the host.
-- Branches of `parallel` that require the same module wait for one load.
local ll = ...
local type, error, load, select, tostring, rawget = type, error, load, select, tostring, rawget
local format, find, sub, gsub, gmatch = string.format, string.find, string.sub, string.gsub, string.gmatch
local pcall, running, byte, remove = pcall, coroutine.running, string.byte, table.remove
local BINARY = 27 -- how a compiled chunk begins: refused by `load`, which looks at the first byte
local PRELOADED, MAX_PATHS = ":preload:", 8 -- the host takes no more of them
local call, make_error, give_way, closing = ll.call, ll.make_error, ll.give_way, ll.closing

-- A source as Lua takes it: a file may begin with a mark of its encoding, and with a line for the shell.
function ll.text_of(source)
  if sub(source, 1, 3) == "\239\187\191" then source = sub(source, 4) end
  if sub(source, 1, 1) == "#" then source = "--" .. source end
  return source
end

-- `load` for text. Under a pcall of its own: Lua hands some errors of the parser to the message handler of the run,
-- and the script would be given what that makes of them.
function ll.load_text(source, name, environment)
  local fine, chunk, why = pcall(load, source, name, "t", environment)
  if not fine then error(chunk, 0) end
  if not chunk and why == ll.memory_message then ll.refusals = ll.refusals + 1 end
  return chunk, why
end

-- `load_text` for a whole file. In the scope of a variable that is to be closed Lua makes no tail calls: so a file that
-- ends with `return f()` keeps the line of that call until `f` is over, for errors to name.
function ll.load_file(source, name, environment)
  if ll.keep_line and byte(source) ~= BINARY then
    local pieces = {ll.keep_line, source}
    local chunk, why = ll.load_text(function() return (remove(pieces, 1)) end, name, environment)
    if chunk or why == ll.memory_message then return chunk, why end
  end
  return ll.load_text(source, name, environment) -- it does not parse; or it has all the 200 locals that Lua admits
end

-- Where an error stands, without the text that did not parse: a file that is no script must not leak by its message.
local function parse(found, environment)
  local chunk, why = ll.load_file(ll.text_of(found.source), "@" .. found.name, environment)
  if chunk then return chunk end
  if why == ll.memory_message then error(why, 0) end
  local _, _, line = find(why, ":(%d+):")
  error(make_error("validation", format("module %s does not parse: line %s", found.name, line or "?")), 0)
end

-- Where a module may lie, by the templates of `package.path`; what is none of the host's to give is passed over.
local function paths_of(name, templates)
  if type(templates) ~= "string" then error("'package.path' must be a string", 3) end
  local path, paths, count = gsub(name, "%.", "/"), {}, 0
  for template in gmatch(templates, "[^;]+") do
    if count < MAX_PATHS and sub(template, -4) == ".lua" and not find(template, "^/") and not find(template, "..", 1, true) then
      count = count + 1
      paths[count] = gsub(gsub(template, "^%./+", ""), "%?", (gsub(path, "%%", "%%%%")))
    end
  end
  return count > 0 and paths or {path .. ".lua"}
end

function ll.make_modules(G, package)
  local loaded, preload = package.loaded, package.preload
  local loading = {} -- name -> the coroutine that loads it
  local deadlock = false
  function ll.break_loop() deadlock = true end

  -- The module of that name if it is there, once nobody else is loading it.
  local function wait_for(name)
    while loaded[name] == nil and loading[name] do
      if loading[name] == (running() or "main") or not give_way() or deadlock then
        deadlock = false
        error(make_error("validation", format("module %s requires itself, directly or through another", name)), 0)
      end
    end
    return loaded[name]
  end

  local function check_name(name, what)
    if type(name) ~= "string" then error(format("bad argument #1 to '%s' (string expected, got %s)", what, type(name)), 3) end
  end

  function G.require(name)
    check_name(name, "require")
    local value = wait_for(name)
    if value ~= nil then return value end
    loading[name] = running() or "main"
    local from = PRELOADED
    value = closing(function() loading[name] = nil end, function()
      local run = rawget(preload, name)
      if run == nil then
        local found = call("module.load", {name = name, paths = paths_of(name, package.path)})
        run, from = parse(found, G), found.name
      end
      local value = run(name, from)
      if value == nil then value = loaded[name] end
      if value == nil then value = true end
      loaded[name] = value
      return value
    end)
    return value, from
  end

  function G.loadfile(name, _mode, ...)
    check_name(name, "loadfile")
    local environment = G
    if select("#", ...) > 0 then environment = (...) end
    local fine, found = pcall(function() return parse(call("module.load", {name = name, paths = {name}}), environment) end)
    if fine then return found end
    return nil, tostring(found)
  end

  function G.dofile(name)
    check_name(name, "dofile")
    return parse(call("module.load", {name = name, paths = {name}}), G)()
  end
end
