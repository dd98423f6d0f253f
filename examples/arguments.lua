-- Arguments: positionals, named values and flags. What stands behind `--` belongs to the spell.
--
--   llmspell run examples/arguments.lua -- tea coffee --cups 3 --hot
--
-- ARGS[0] is the spell's own name, ARGS[1] and up are the positionals, and `--cups 3` is ARGS.cups.
-- Everything is text: `tonumber` makes numbers of it, and a bare flag is the text "true".

if not ARGS[1] then
  io.stderr:write("usage: ", ARGS[0], " DRINK... [--cups N] [--hot]\n")
  os.exit(64) -- `run` and `exec` hand this code on
end

local cups = tonumber(ARGS.cups or "1")
if not cups or cups < 1 then
  error("--cups must be a number above 0, not " .. ARGS.cups)
end

for position, drink in ipairs(ARGS) do
  print(("%d. %d x %s%s"):format(position, cups, ARGS.hot == "true" and "hot " or "", drink))
end
