while true do pcall(print, ("x"):rep(100)) end
