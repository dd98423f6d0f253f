-- title: ten megabytes that are no text, each shown as four characters in the document
-- threat: T-MEM-6
-- verdict: ok
-- options: --cpu 4
-- passes: command
local piece = ("\xff"):rep(1 << 20)
for i = 1, 5 do io.write(piece) io.stderr:write(piece) end
