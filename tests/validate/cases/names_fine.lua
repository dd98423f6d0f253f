-- all of this is defined, by the script or by the engine
local a <const>, b = 1, 2
local function fact(n) return n == 0 and 1 or n * fact(n - 1) end
local M = {}
function M.first(x, ...) return select("#", ...) + x end
function M:second() return self.value end
function global_function() return global_value end
global_value = 3
for i, v in ipairs({1}) do print(i, v) end
for k = 1, 3, b do print(k) end
repeat local done = true until done
do local shadowed = 1; print(shadowed) end
if optional_global then optional_global() end
if type(other_global) == "function" then other_global() end
local made = maybe and maybe.field or nil
goto over
::over::
local t = {name = 1, ["key"] = 2, [a] = 3, 4}
_G.named = 5
print(named, t.name, made, fact(3), M.first(1), global_function(), ARGS.depth, ARGS[1], arg[0])
string.trim = function(s) return s end
print(("x"):rep(3), string.trim("x"), utf8.char(65), math.pi, coroutine.wrap(print), os.time())
local Tool = {anything = print}
Tool.anything()
local ok = pcall(Tool.whatever)
return ok
