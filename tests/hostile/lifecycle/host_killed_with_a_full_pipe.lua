-- title: the host is killed while its worker writes as fast as it can
-- threat: T-LIFE-1
-- verdict: killed
-- send: KILL host
print("ready")
while true do io.stderr:write(("x"):rep(10)) end
