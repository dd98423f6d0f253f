-- wants: bidi-control 3:17 error
-- wants: bidi-control 3:24 error
local access = "‮ nimda⁦"
return access
