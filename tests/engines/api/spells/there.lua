local missing = {}
for _, name in ipairs(Suite.plan()) do
  if _G[name] == nil then missing[#missing + 1] = name end
end
return #missing == 0 and "all" or missing
