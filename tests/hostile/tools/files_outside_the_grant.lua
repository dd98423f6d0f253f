-- title: file-operations is led out of its grant by every spelling of a path
-- threat: T-TOOL-2
-- verdict: ok
-- options: --allow-tool file-operations --allow-read granted --allow-write granted
-- place: file granted/inside.txt inside
-- place: link granted/link.txt ../secret.txt
-- place: link granted/up ..
-- place: link granted/root /
-- place: pipe granted/pipe.txt
-- place: file grantedx/near.txt near
-- value: ["inside"]
local read = {}
for _, path in ipairs{"granted/inside.txt", "granted/../secret.txt", "granted/link.txt", "granted/up/secret.txt", "granted/root/etc/passwd", "grantedx/near.txt",
  "granted/pipe.txt", "granted/./../secret.txt", "granted//../secret.txt", "granted/\0/../../secret.txt", "/proc/self/environ", "granted/root/proc/self/environ",
  "/dev/zero", "~/secret.txt", "file:granted/inside.txt", "granted/inside.txt/../../secret.txt", "granted", "", ".", ("granted/"):rep(1000)} do
  local result = Tool.executeAsync("file-operations", {operation = "read", path = path})
  if result.success then read[#read + 1] = result.output.text end
end
return read
