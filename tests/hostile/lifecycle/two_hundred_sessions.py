# title: two hundred runs at once from two hundred threads, half of them hostile
# threat: T-LIFE-4
# options: --timeout 90
# verdict: ok
# stdout: ok\n
import threading

from llmspell import Limits, Outcome, ScriptRuntime

runtime = ScriptRuntime.with_lua(limits=Limits(memory=24 << 20, cpu=5.0, wall=80.0))
SOURCES = (
    ("return {n}", "ok"),
    ("error({n})", "error"),
    ("local t = {{}} while true do t[#t + 1] = {{}} end", "limit"),
    ("return Tool.execute('calculator', {{input = '{n}'}}).result.result", "ok"),
    ("os.exit(0)", "ok"),
)
outcomes: dict[int, Outcome] = {}


def run(number: int) -> None:
    outcomes[number] = runtime.execute(SOURCES[number % 5][0].format(n=number))


threads = [threading.Thread(target=run, args=(number,)) for number in range(200)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for number, outcome in outcomes.items():
    assert outcome.verdict == SOURCES[number % 5][1], outcome
    assert number % 5 not in (0, 3) or outcome.value == number, outcome
print("ok")
