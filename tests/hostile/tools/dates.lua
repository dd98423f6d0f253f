-- title: dates, amounts, zones and formats beyond all calendars
-- threat: T-TOOL-1
-- verdict: ok
-- options: --allow-tool datetime-handler --timeout 10
for _, parameters in ipairs{
  {operation = "add", input = "9999-12-31", amount = 1 << 62, unit = "weeks"}, {operation = "subtract", input = "0001-01-01", amount = 1, unit = "s"},
  {operation = "add", input = "2024-01-01", amount = 1e308, unit = "days"}, {operation = "add", input = "2024-01-01", amount = 0 / 0, unit = "days"},
  {operation = "parse", input = "-1e300"}, {operation = "parse", input = 1 << 62}, {operation = "parse", input = ("9"):rep(100)},
  {operation = "parse", input = "2024-01-01", format = ("%c"):rep(100)}, {operation = "now", format = ("%999999d"):rep(20)},
  {operation = "now", timezone = "../../../../etc/passwd"}, {operation = "now", timezone = "/etc/passwd"}, {operation = "now", timezone = ".env"},
  {operation = "now", timezone = "Europe/\0London"}, {operation = "convert_timezone", input = "9999-12-31T23:59:59Z", target_timezone = "Pacific/Kiritimati"},
  {operation = "difference", start = "0001-01-01", ["end"] = "9999-12-31"}, {operation = "info", input = "2024-02-30"},
} do
  local fine, problem = pcall(Tool.execute, "datetime-handler", parameters)
  if not fine and problem.kind == "internal" then error(problem) end
end
