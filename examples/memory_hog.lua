-- A memory hog: it collects text until its worker has no memory left.
-- The kernel ends that at 50 MiB for the whole worker process; the run is reported as `limit`, exit code 3,
-- and neither the host nor the machine feels anything.
--
--   llmspell run examples/memory_hog.lua
--   llmspell run examples/memory_hog.lua --mem 100M

print("collecting...")
local hoard = {}
while true do
  hoard[#hoard + 1] = ("gold "):rep(10000) .. #hoard
end
