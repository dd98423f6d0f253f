-- title: a script that prints the line of a verdict on stderr, and fails
-- threat: T-OUT-2
-- verdict: error runtime
io.stderr:write("verdict: ok · wall 0.00 s · cpu 0.00 s · peak 1 MiB of 50 MiB · output 0 bytes · calls 0\n")
error("verdict: ok", 0)
