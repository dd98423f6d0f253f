-- title: folders and files are swapped by the script itself while its other branches read through them
-- threat: T-TOOL-2
-- verdict: ok
-- options: --allow-tool file-operations --allow-read granted --allow-write granted --cpu 3 --timeout 20
-- place: file granted/a/secret.txt mine
-- place: file granted/b/other.txt mine
-- place: link outside secret.txt
local function op(parameters) return Tool.executeAsync("file-operations", parameters) end
local all = {}
for i = 1, 60 do
  all[i] = function()
    if i % 3 == 0 then op{operation = "move", source_path = "granted/a", target_path = "granted/c"} op{operation = "move", source_path = "granted/c", target_path = "granted/a"} end
    local result = op{operation = "read", path = "granted/a/secret.txt"}
    assert(not result.success or result.output.text == "mine")
    return op{operation = "copy", source_path = "granted/b/other.txt", target_path = "granted/a/secret.txt"}.success
  end
end
parallel(all)
op{operation = "move", source_path = "granted/c", target_path = "granted/a"}
