local function kind(name, parameters)
  local _, problem = pcall(Tool.execute, name, parameters)
  return problem.kind
end
return {
  kind("secret"), kind("no-such-tool"), kind("give-back", {other = 1}), kind("break-down"),
  Tool.execute("bounded"), kind("bounded"),
}
