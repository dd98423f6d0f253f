-- title: ten thousand pieces of one byte, on both streams in turn
-- threat: T-OUT-1
-- verdict: ok
for i = 1, 10000 do io.write("o") io.stderr:write("e") end
