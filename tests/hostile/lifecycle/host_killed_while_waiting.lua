-- title: the host is killed while its worker waits for an answer
-- threat: T-LIFE-1
-- verdict: killed
-- send: KILL host
print("ready")
sleep(86400)
