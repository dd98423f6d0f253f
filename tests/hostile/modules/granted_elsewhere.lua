-- title: a grant of another folder whose name begins like the script's
-- threat: T-MOD-1
-- verdict: denied
-- options: --allow-read {scene}x --allow-read {scene}/home
-- place: file beside.lua return 1
require("beside")
