# title: the worker's number is another process's when its end is asked for: that one lives
# threat: T-LIFE-5
# verdict: ok
# stdout: ok\n
import os
import signal
import subprocess
import sys

from llmspell.sandbox.process import spawn

worker = spawn([sys.executable, "-c", "import time; time.sleep(60)"], engine="x", memory=50 << 20)
os.kill(worker.pid, signal.SIGKILL)
os.waitpid(worker.pid, 0)  # reaped by somebody else: the number is free
other = None
for _ in range(5):  # the kernel gives the number that is asked for, to root
    try:
        with open("/proc/sys/kernel/ns_last_pid", "w") as last:
            last.write(str(worker.pid - 1))
    except OSError:
        break
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    if other.pid == worker.pid:
        break
    other.kill()
    other.wait()
    other = None
ended = worker.kill_and_reap()
assert (ended.exit_code, ended.signal) == (None, None), ended
if other is not None:
    assert other.poll() is None, "an innocent process was ended"
    other.kill()
    other.wait()
print("ok")
