-- title: output without a line end, before an error
-- threat: T-OUT-2
-- verdict: error runtime
-- kept: no line end
io.write("no line end")
error("x")
