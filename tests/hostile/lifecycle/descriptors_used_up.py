# title: a host with no descriptor left says so, and runs again when there are some
# threat: T-LIFE-4
# verdict: ok
# stdout: ok\n
import os
import resource

from llmspell import ScriptRuntime, SetupError

runtime = ScriptRuntime.with_lua()
assert runtime.execute("return 1").value == 1
before = set(os.listdir("/proc/self/fd"))
for free in range(12):
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(before) + free, 4096))
    try:
        assert runtime.execute("return 1").value == 1
    except SetupError as error:
        if "files" not in str(error):
            raise
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 4096))
assert runtime.execute("return 2").value == 2
assert set(os.listdir("/proc/self/fd")) == before
print("ok")
