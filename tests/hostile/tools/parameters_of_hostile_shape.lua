-- title: parameters of every wrong type for every tool, and names that mean something to Python
-- threat: T-TOOL-3
-- verdict: ok
-- options: --allow-tool calculator --allow-tool json-processor --allow-tool text-manipulator --allow-tool hash-calculator --allow-tool uuid-generator --allow-tool datetime-handler --allow-tool base64-encoder --cpu 5 --timeout 20
local odd = {{}, {{}}, {{{{}}}}, 0 / 0, 1 << 62, -1, true, "", "\xff", "\0", ("x"):rep(100000), JSON.null, {__class__ = 1}, {["$ref"] = "#"}}
local faults = {}
for _, tool in ipairs(Tool.list()) do
  if tool.granted then
    for _, value in ipairs(odd) do
      for _, key in ipairs{"operation", "input", "options", "query", "schema", "variables", "format", "self", "__class__", "kwargs"} do
        local fine, problem = pcall(Tool.execute, tool.name, {[key] = value})
        if not fine and problem.kind == "internal" then faults[#faults + 1] = tool.name .. "." .. key .. ": " .. tostring(problem) end
      end
    end
  end
end
assert(#faults == 0, table.concat(faults, "\n"))
