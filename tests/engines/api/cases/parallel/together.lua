local branches = {}
for i = 1, 8 do branches[i] = function() return Tool.execute("meet", {parties = 8}) end end
return parallel(branches)
