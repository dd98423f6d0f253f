-- members that are asked for before they are used are there, or not used
local power = math.pow and math.pow(2, 3) or 2 ^ 3
if table.getn then print(table.getn({})) end
if not string.starts then string.starts = function(s) return s end end
print(type(os.sleep) == "function" and os.sleep(1), string.starts("x"), power)
if _G.getfenv then print(getfenv()) end
