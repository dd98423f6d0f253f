-- `io` for a script: its output, and the run's stdin, read through the host with what was read too far kept here.
local ll = ...
local type, select, tostring, error, tonumber, rawequal = type, select, tostring, error, tonumber, rawequal
local concat, format, find, sub, match = table.concat, string.format, string.find, string.sub, string.match
local math_type, tointeger, unpack_list = math.type, math.tointeger, table.unpack
local call, output = ll.call, ll.output
local READ_SIZE = 65536

local function writer(stream)
  local file = {}
  local function write(...)
    local parts, count = {...}, select("#", ...)
    local begin = count > 0 and rawequal(parts[1], file) and 2 or 1 -- as a method, or by itself
    for i = begin, count do
      local kind = type(parts[i])
      if kind == "number" then parts[i] = tostring(parts[i])
      elseif kind ~= "string" then
        error(format("bad argument #%d to 'write' (string expected, got %s)", i - begin + 1, kind), 2)
      end
    end
    if begin == count then output(stream, parts[begin])
    elseif begin < count then output(stream, concat(parts, "", begin, count)) end
    return file
  end
  file.write = write
  function file.flush() return file end
  function file.setvbuf() return true end
  return file, write
end

local function reader()
  local buffer, at, ended = "", 1, false -- what is read begins at `at`

  local function fetch()
    if ended then return nil end
    local data = call("stdin.read", {size = READ_SIZE})
    if type(data) ~= "string" or data == "" then ended = true return nil end
    return data
  end
  local function more()
    local data = fetch()
    if data then buffer, at = sub(buffer, at) .. data, 1 end
    return data ~= nil
  end
  local function take(length)
    local taken = sub(buffer, at, at + length - 1)
    at = at + length
    if at > #buffer then buffer, at = "", 1 end
    return taken
  end
  local function left() return #buffer - at + 1 end
  -- What is left, and all that comes until `enough` says so of the newest piece.
  local function gather(enough)
    local pieces, count = {take(left())}, 1
    while true do
      local data = fetch()
      if not data then break end
      count = count + 1
      pieces[count] = data
      if enough(data) then break end
    end
    buffer, at = concat(pieces), 1
  end

  local function read_line(keep)
    local stop = find(buffer, "\n", at, true)
    if not stop then
      gather(function(data) return find(data, "\n", 1, true) end)
      stop = find(buffer, "\n", 1, true)
    end
    if not stop then
      if left() == 0 then return nil end
      return take(left())
    end
    local line = take(stop - at + 1)
    return keep and line or sub(line, 1, -2)
  end
  local function read_number()
    while find(buffer, "^%s*$", at) and more() do end
    local from, to = find(buffer, "^%s*[%w%.+-]+", at)
    while from and to == #buffer and to - from < 200 and more() do from, to = find(buffer, "^%s*[%w%.+-]+", at) end
    if not from then return nil end
    return tonumber(match(take(to - from + 1), "%S+"))
  end
  local function read_count(count)
    if count < 0 then error("bad argument to 'read' (a count below 0)", 4) end
    if left() < count then
      local missing = count - left()
      gather(function(data) missing = missing - #data return missing <= 0 end)
    end
    if left() == 0 and (count > 0 or not more()) then return nil end
    return take(count)
  end
  local function read_one(what)
    local count = math_type(what) and tointeger(what)
    if count then return read_count(count) end
    local letter = type(what) == "string" and match(what, "^%*?(.)")
    if letter == "l" or letter == "L" then return read_line(letter == "L") end
    if letter == "n" then return read_number() end
    if letter == "a" then
      gather(function() return false end)
      return take(left())
    end
    error("bad argument to 'read' (invalid format)", 3)
  end

  local file = {}
  local function read(first, ...)
    local method = rawequal(first, file)
    local formats = method and {...} or {first, ...}
    local count = select("#", ...) + ((method or first == nil) and 0 or 1)
    if count == 0 then return read_line(false) end
    local results = {}
    for i = 1, count do
      results[i] = read_one(formats[i])
      if results[i] == nil then return unpack_list(results, 1, i) end
    end
    return unpack_list(results, 1, count)
  end
  local function lines(what)
    return function() return read_one(what or "l") end
  end
  file.read = read
  function file.lines(_, what) return lines(what) end
  return file, read, lines
end

function ll.make_io()
  local stdout, write = writer("stdout")
  local stderr = writer("stderr")
  local stdin, read, lines = reader()
  local io = {write = write, read = read, stdout = stdout, stderr = stderr, stdin = stdin}
  function io.lines(name, what)
    if name ~= nil then error("io.lines reads the run's stdin only; files are read with the file-operations tool", 2) end
    return lines(what)
  end
  return io
end
