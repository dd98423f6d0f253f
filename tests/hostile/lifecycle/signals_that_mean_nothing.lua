-- title: signals that a host need not heed: USR1 is not among them, but WINCH, CHLD, CONT, URG and PIPE are
-- threat: T-LIFE-3
-- verdict: limit cpu
-- options: --cpu 0.5
-- send: WINCH+CHLD+CONT+URG+PIPE host
-- kept: ready\n
print("ready")
while true do end
