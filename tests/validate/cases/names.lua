-- wants: unknown-name 10:1 error
-- wants: unknown-name 11:7 warning
-- wants: unknown-function 12:8 error
-- wants: unknown-function 13:6 error
-- wants: unknown-function 14:16 warning
-- wants: unknown-name 15:1 error
-- wants: unknown-name 17:11 error
-- wants: unknown-name 20:28 note
-- what nobody defines
missing_function()
print(plain_read)
string.fromat("%d", 1)
Tool.exceute("calculator", {input = "1"})
local f = Tool.inovke
Workflow.sequential()
for inside = 1, 2 do print(inside) end
local g = outside.field
repeat local late = 1 until late
print(inside == nil)
pcall(function() print(1); caught_name() end)
return f, g
