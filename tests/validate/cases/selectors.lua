-- wants: invisible-character 11:13 warning
-- wants: invisible-character 12:14 warning
-- wants: invisible-character 13:13 warning
-- wants: invisible-character 14:12 warning
-- wants: invisible-character 14:13 warning
-- wants: invisible-character 14:14 warning
-- wants: invisible-character 14:15 warning
-- wants: invisible-character 14:16 warning
-- wants: invisible-character 15:13 warning
-- fine: ❤️ 1️⃣ 葛󠄀 ⚠️ 👩‍❤️‍👨
local a = "x️"
local b = "❤️️"
local c = "1️"
local d = "͏᠎⠀⁪឴"
local e = "x󠄁"
return a, b, c, d, e
