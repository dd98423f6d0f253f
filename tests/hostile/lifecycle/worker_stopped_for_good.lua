-- title: the worker is stopped, and the limits are far away: it is stuck
-- threat: T-LIFE-2
-- verdict: crash crash
-- options: --cpu 20
-- send: STOP worker
-- says: stuck
-- kept: ready\n
print("ready")
while true do end
