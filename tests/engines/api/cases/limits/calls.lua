while true do pcall(Tool.execute, "give-back") end
