-- title: the host is killed while its worker is in a function of C that never returns
-- threat: T-LIFE-1
-- verdict: killed
-- send: KILL host
print("ready")
return ("a"):rep(100000):find((".-"):rep(20) .. "b")
