-- names may come to be in ways that nobody sees here
setmetatable(_G, {__index = function(_, name) return name end})
print(invented, invented_too.field)
