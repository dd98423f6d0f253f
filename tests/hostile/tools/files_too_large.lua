-- title: files that are larger than a tool may read, and holes
-- threat: T-TOOL-2
-- verdict: ok
-- options: --allow-tool file-operations --allow-tool hash-calculator --allow-tool base64-encoder --allow-read granted --allow-write granted --timeout 15
-- place: huge granted/hole.bin 1000000000000
-- place: huge granted/large.bin 5000000
-- value: 0
local worked = 0
for _, name in ipairs{"hole.bin", "large.bin"} do
  local path = "granted/" .. name
  if Tool.executeAsync("file-operations", {operation = "read", path = path}).success then worked = worked + 1 end
  if Tool.executeAsync("base64-encoder", {operation = "encode", input_file = path}).success then worked = worked + 1 end
end
if Tool.executeAsync("hash-calculator", {operation = "hash", input_type = "file", file = "granted/hole.bin"}).success then worked = worked + 1 end
if Tool.executeAsync("file-operations", {operation = "copy", source_path = "granted/hole.bin", target_path = "granted/copy.bin"}).success then worked = worked + 1 end
return worked
