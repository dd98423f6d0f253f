-- title: a message with ten thousand positions in front of it
-- threat: T-ENG-2
-- verdict: error runtime
error(("positions_forged.lua:1: "):rep(10000) .. "end", 0)
