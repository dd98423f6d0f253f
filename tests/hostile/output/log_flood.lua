-- title: the log without end, which is no output of the script
-- threat: T-OUT-1
-- verdict: limit output
-- options: --max-output 200K --cpu 4
while true do Log.error(("l"):rep(4000), {field = ("f"):rep(4000)}) end
