-- title: the worker is stopped while the wall limit runs
-- threat: T-LIFE-2
-- verdict: limit wall
-- options: --timeout 1.5
-- send: STOP worker
-- kept: ready\n
print("ready")
while true do end
