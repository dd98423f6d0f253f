-- title: the worker is killed from outside
-- threat: T-LIFE-2
-- verdict: crash crash
-- send: KILL worker
-- says: SIGKILL
-- kept: ready\n
print("ready")
while true do end
