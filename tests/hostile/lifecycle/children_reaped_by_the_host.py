# title: a host that reaps every child, and one that ignores SIGCHLD
# threat: T-LIFE-5
# verdict: ok
# stdout: ok\n
import os
import signal

from llmspell import ScriptRuntime


def reap(*_: object) -> None:
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


runtime = ScriptRuntime.with_lua()
signal.signal(signal.SIGCHLD, reap)
assert runtime.execute("return 1").value == 1
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
assert runtime.execute("return 2").value == 2
assert runtime.execute("while true do os.exit(3) end").exit_status == 3
print("ok")
