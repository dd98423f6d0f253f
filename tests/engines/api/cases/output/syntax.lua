print("never")
local = 5
