# title: the thread that started a run ends while the host lives and other runs go on
# threat: T-LIFE-4
# verdict: ok
# stdout: ok\n
import threading

from llmspell import Outcome, ScriptRuntime

runtime = ScriptRuntime.with_lua()
outcomes: list[Outcome] = []


def begin() -> None:
    # this thread is the first that starts a worker, and is gone while the other one's still runs
    outcomes.append(runtime.execute("return 1"))


first = threading.Thread(target=begin)
second = threading.Thread(target=lambda: outcomes.append(runtime.execute("sleep(0.5) return 2")))
first.start()
second.start()
first.join()
second.join()
assert sorted(one.value for one in outcomes) == [1, 2], outcomes
print("ok")
