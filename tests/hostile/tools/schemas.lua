-- title: schemas that refer to themselves, to files and to addresses
-- threat: T-TOOL-1
-- verdict: ok
-- options: --allow-tool json-processor --timeout 10
for _, schema in ipairs{
  {["$ref"] = "#"}, {["$ref"] = "file:///etc/passwd"}, {["$ref"] = "http://127.0.0.1:9/x"}, {["$schema"] = "http://evil"},
  {allOf = {{["$ref"] = "#"}, {["$ref"] = "#"}}}, {definitions = {a = {["$ref"] = "#/definitions/a"}}, ["$ref"] = "#/definitions/a"},
  {multipleOf = 1e-300}, {multipleOf = 0}, {minLength = 1e300}, {enum = {}}, {format = "regex"}, {["$recursiveRef"] = "#"}, {["$dynamicRef"] = "#x"},
  {["not"] = {["not"] = {["not"] = {}}}}, {uniqueItems = true}, {contains = {}, minContains = 1 << 60}, {["$id"] = "file:///", ["$ref"] = "etc/passwd"},
} do
  local list = {}
  for i = 1, 2000 do list[i] = {i, tostring(i)} end
  pcall(Tool.execute, "json-processor", {operation = "validate", input = list, schema = schema})
end
