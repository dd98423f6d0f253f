# title: runs that are cancelled before, while and after they run, from other threads
# threat: T-LIFE-4
# verdict: ok
# stdout: ok\n
import threading

from llmspell import ScriptRuntime
from llmspell.sandbox.wake import Cancellation

runtime = ScriptRuntime.with_lua()
early = Cancellation()
early.cancel()
assert runtime.execute("while true do end", cancellation=early).verdict == "cancelled"
for _ in range(10):
    midway = Cancellation()

    def cancel(_stream: str, _data: bytes, midway: Cancellation = midway) -> None:
        for _ in range(5):
            threading.Thread(target=midway.cancel).start()

    outcome = runtime.execute("print('ready') while true do end", cancellation=midway, emit=cancel)
    assert (outcome.verdict, outcome.stdout) == ("cancelled", b"ready\n"), outcome
late = Cancellation()
assert runtime.execute("return 1", cancellation=late).value == 1
late.cancel()
print("ok")
