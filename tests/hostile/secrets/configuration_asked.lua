-- title: the configuration is asked for what it does not show to scripts
-- threat: T-SEC-2
-- verdict: ok
-- command: run
-- never: PLANTED
for _, path in ipairs{"providers", "providers.planted", "providers.planted.api_key_env", "", ".", "script", "__class__",
  "limits", "tools", "engines.attacker.command", "..", "a" .. ("." .. "b"):rep(500)} do
  local fine, value = pcall(Config.get, path)
  print(fine and JSON.stringify(value) or "refused")
end
