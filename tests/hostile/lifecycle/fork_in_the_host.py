# title: the host forks in the middle of a run: the child neither ends the worker nor holds its pipes
# threat: T-LIFE-4
# verdict: ok
# stdout: ok\n
import os
import threading
import warnings

from llmspell import Outcome, ScriptRuntime

warnings.simplefilter("ignore")
runtime = ScriptRuntime.with_lua()
assert runtime.execute("return 1").value == 1
ready = threading.Event()
outcomes: list[Outcome] = []


def run() -> None:
    outcomes.append(runtime.execute("print('ready') sleep(0.5) return 2", emit=lambda *_: ready.set()))


thread = threading.Thread(target=run)
thread.start()
assert ready.wait(30)
child = os.fork()
if child == 0:
    os._exit(0 if ScriptRuntime.with_lua().execute("return 3").value == 3 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
thread.join()
assert outcomes[0].value == 2, outcomes
print("ok")
