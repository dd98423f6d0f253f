-- Files behind a guard rail: the spell sees the folders that were granted, and nothing else of the disk.
-- It counts the words of some notes and writes a summary into the folder that `--allow-write` names.
--
--   mkdir -p out
--   llmspell run examples/guarded_files.lua examples/data out \
--     --allow-tool file-operations --allow-read examples/data --allow-write out
--
-- Without a grant the first call is refused; nobody catches that, so the run ends `denied` (exit code 4):
--
--   llmspell run examples/guarded_files.lua

local from, to = ARGS[1] or "examples/data", ARGS[2] or "out"

local function files(operation, parameters)
  parameters.operation = operation
  return Tool.execute("file-operations", parameters).result
end

local summary = {}
for _, entry in ipairs(files("list_dir", {path = from}).entries) do
  if entry.type == "file" then
    local text = files("read", {path = from .. "/" .. entry.name}).input
    local _, words = text:gsub("%S+", "")
    summary[#summary + 1] = ("%s: %d words"):format(entry.name, words)
  end
end
table.sort(summary)
print(table.concat(summary, "\n"))

files("write", {path = to .. "/summary.txt", input = table.concat(summary, "\n") .. "\n"})
print("wrote " .. to .. "/summary.txt")

-- What the grants do not cover is refused, however it is spelled, and the spell may go on.
for _, path in ipairs{"/etc/passwd", from .. "/../agent.lua", "/proc/self/environ"} do
  local fine, problem = pcall(files, "read", {path = path})
  print("reading " .. path .. ": " .. (fine and "it worked" or problem.kind))
end
local fine, problem = pcall(files, "write", {path = from .. "/new.txt", input = "?"})
print("writing " .. from .. "/new.txt: " .. (fine and "it worked" or problem.kind))
