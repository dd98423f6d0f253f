-- title: a sleep of no time, for ever: calls that are not counted
-- threat: T-WALL-1
-- verdict: limit wall | limit cpu
-- options: --timeout 0.7 --cpu 5
while true do sleep(0) end
