-- title: the worker is sent SIGTERM, SIGINT and SIGHUP from outside
-- threat: T-LIFE-2
-- verdict: crash crash
-- send: TERM+INT+HUP worker
-- kept: ready\n
print("ready")
while true do end
