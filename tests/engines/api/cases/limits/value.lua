local all = {}
for i = 1, 262145 do all[i] = 0 end
return all
