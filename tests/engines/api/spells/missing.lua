local noted = {}
for i, name in ipairs(Suite.plan()) do
  local _, problem = pcall(function() return _G[name].anything end)
  noted[i] = {name = name, kind = problem.kind, message = problem.message}
end
return noted
