-- title: the home is read by the tools that read files
-- threat: T-SEC-2
-- verdict: ok
-- command: run
-- options: --allow-tool file-operations --allow-tool hash-calculator --allow-tool base64-encoder --allow-read place_of_nothing
local opened = {}
for _, path in ipairs{"~/.ssh/id_rsa", "home/.ssh/id_rsa", "$HOME/.ssh/id_rsa", "secret.txt", ".env", "/proc/self/environ",
  "place_of_nothing/../secret.txt", "/proc/self/cwd/secret.txt", "file:///etc/passwd"} do
  for _, call in ipairs{
    {"file-operations", {operation = "read", path = path}}, {"hash-calculator", {operation = "hash", input_type = "file", file = path}},
    {"base64-encoder", {operation = "encode", input_file = path}},
  } do
    local fine, problem = pcall(Tool.execute, call[1], call[2])
    if fine then opened[#opened + 1] = path end
  end
end
assert(#opened == 0, table.concat(opened, " "))
