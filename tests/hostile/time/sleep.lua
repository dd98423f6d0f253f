-- title: a sleep of a day
-- threat: T-WALL-1
-- verdict: limit wall
-- options: --timeout 0.5
-- kept: before\n
print("before")
sleep(86400)
