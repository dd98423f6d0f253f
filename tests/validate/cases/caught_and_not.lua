-- wants: unknown-name 7:1 error
-- wants: unknown-function 9:6 error
-- wants: unknown-name 13:1 error
-- wants: unknown-function 15:6 error
-- wants: unknown-name 16:7 warning
pcall(function() nope() end)
nope()
pcall(function() Tool.nope() end)
Tool.nope()
pcall(function() often() end) pcall(function() often() end)
pcall(function() often() end) pcall(function() often() end)
print(often)
often()
local read = Tool.gone
Tool.gone()
print(only_read)
