-- title: dofile of the script by itself
-- threat: T-MOD-3
-- verdict: limit cpu | limit memory
-- options: --allow-read {scene} --cpu 0.5
dofile("circles_without_end.lua")
