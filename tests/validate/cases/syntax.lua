-- wants: syntax 2:1 error
local = 5
