-- title: files are written, moved, copied, made and removed outside of the grant
-- threat: T-TOOL-2
-- verdict: ok
-- options: --allow-tool file-operations --allow-read granted --allow-write granted
-- place: file granted/inside.txt inside
-- place: link granted/up ..
-- value: 0
local worked = 0
for _, parameters in ipairs{
  {operation = "write", path = "owned.txt", input = "x"}, {operation = "write", path = "granted/up/owned.txt", input = "x"},
  {operation = "append", path = "granted/../secret.txt", input = "x"}, {operation = "delete", path = "secret.txt"},
  {operation = "delete", path = "granted/up/secret.txt"}, {operation = "create_dir", path = "granted/up/made", recursive = true},
  {operation = "copy", source_path = "secret.txt", target_path = "granted/stolen.txt"}, {operation = "copy", source_path = "granted/inside.txt", target_path = "owned.txt"},
  {operation = "move", source_path = "granted/inside.txt", target_path = "../owned.txt"}, {operation = "move", source_path = "secret.txt", target_path = "granted/s.txt"},
  {operation = "write", path = "granted/\0", input = "x"}, {operation = "write", path = "granted/" .. ("n"):rep(300), input = "x"},
  {operation = "write", path = "/proc/self/oom_score_adj", input = "1000"}, {operation = "list_dir", path = "granted/up"}, {operation = "metadata", path = "granted/up/secret.txt"},
} do
  if Tool.executeAsync("file-operations", parameters).success then worked = worked + 1 end
end
return worked
