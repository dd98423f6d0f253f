-- wants: invisible-character 3:14 warning
-- joiners have their use: "👩‍💻"
local s = "ab​cé"
return s
