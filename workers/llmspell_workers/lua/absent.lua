-- What a script cannot have, files and processes: each function fails as that of Lua does, and says what there is instead.
local ll = ...
local type, tostring, error = type, tostring, error
local FILES = "a script opens no files; use Tool.execute(\"file-operations\", {...}), which needs a grant"
local PROCESSES = "a script starts no processes; a tool that the host gives it may (FunctionTool)"
local REFUSED = 1 -- EPERM

local function no_file(name)
  return nil, (type(name) == "string" and name .. ": " or "") .. FILES, REFUSED
end

function ll.add_absent(io, os)
  io.open, io.tmpfile, os.remove, os.rename = no_file, no_file, no_file, no_file
  function io.popen() error(PROCESSES, 2) end
  function os.execute(command)
    if command == nil then return false end -- there is no shell
    error(PROCESSES, 2)
  end
  function os.tmpname() error(FILES, 2) end
  function os.setlocale(locale)
    if locale == nil or locale == "" or locale == "C" or locale == "POSIX" then return "C" end
    return nil
  end
  local files = {[io.stdin] = true, [io.stdout] = true, [io.stderr] = true}
  function io.type(value) return value ~= nil and files[value] and "file" or nil end
  local function standard(file)
    return function(name)
      if name == nil or name == file then return file end
      error(tostring(name) .. ": " .. FILES, 2)
    end
  end
  io.input, io.output = standard(io.stdin), standard(io.stdout)
end
