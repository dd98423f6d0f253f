-- title: a loop over floats whose step is too small to move it
-- threat: T-CPU-1
-- verdict: limit cpu
for x = 1, 2, 1e-300 do end
