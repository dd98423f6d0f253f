-- title: a script that only prints: the measure for all others
-- threat: T-OUT-1
-- verdict: ok
-- stdout: peaceful\n
print("peaceful")
