-- title: one granted variable opens no other
-- threat: T-LANG-1
-- verdict: ok
-- options: --allow-env LANGUAGE_OF_NOBODY --allow-env HOME_OF_NOBODY
-- value: {"count": 0}
local count = 0
for _, name in ipairs{"PLANTED_KEY", "OPENAI_API_KEY", "LANGUAGE_OF_NOBODY"} do
  if os.getenv(name) then count = count + 1 end
end
return {count = count}
