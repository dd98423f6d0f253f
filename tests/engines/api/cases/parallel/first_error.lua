local others = 0
local function fine()
  Tool.execute("meet", {parties = 2})
  others = others + 1
end
local _, problem = pcall(parallel, {fine, function() Tool.execute("secret") end, fine})
return {kind = problem.kind, others = others}
