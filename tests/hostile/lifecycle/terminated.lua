-- title: SIGTERM while the script computes
-- threat: T-LIFE-3
-- verdict: cancelled 143
-- send: TERM host
-- kept: ready\n
print("ready")
while true do end
