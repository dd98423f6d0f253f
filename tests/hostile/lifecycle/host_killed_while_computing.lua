-- title: the host is killed while its worker computes
-- threat: T-LIFE-1
-- verdict: killed
-- send: KILL host
-- kept: ready\n
print("ready")
while true do end
