-- title: branches that wait for each other's module
-- threat: T-WALL-1
-- verdict: error validation
-- options: --allow-read {scene}
-- place: file first.lua sleep(0.01) require("second") return 1
-- place: file second.lua sleep(0.01) require("first") return 1
parallel{function() require("first") end, function() require("second") end}
