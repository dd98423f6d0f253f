"""What is said when a run asks for something else than was recorded, word for word."""

from __future__ import annotations

import textwrap

import pytest

from llmspell.transcript import Cassette, TranscriptError
from tests.transcript.recorded import offline, record, replay

SOURCE = """
if not pcall(function()
  print(Tool.execute("calculator", {input = "1+1"}).text)
  print(Tool.execute("calculator", {input = "2+2"}).text)
end) then print("caught") end
"""


def changed(data: bytes, old: str, new: str) -> bytes:
    """The same transcript, with a line that says something else."""
    text = data.decode()
    assert text.count(old) >= 1
    head, rest = text.split("\n", 1)
    return f"{head}\n{rest.replace(old, new)}".encode()


@pytest.fixture(scope="module")
def data() -> bytes:
    outcome, found = record(SOURCE)
    assert outcome.ok
    return found


def message_of(data: bytes) -> str:
    outcome = replay(data, source=SOURCE)
    assert (outcome.verdict, outcome.evidence) == ("error", "host")
    assert outcome.error is not None
    assert outcome.error.kind == "validation"
    assert b"caught" not in outcome.stdout
    return outcome.error.message


def test_a_call_with_other_arguments_is_shown_beside_the_recorded_one(data: bytes) -> None:
    assert message_of(changed(data, '"input":"2+2"', '"input":"2+3"')) == textwrap.dedent("""\
        the replay diverged at step 2: tool.invoke was asked something else
        --- recorded
        +++ asked
        @@ -3,5 +3,5 @@
           "name": "calculator",
           "parameters": {
        -    "input": "2+3"
        +    "input": "2+2"
           }
         }""")


def test_another_call_names_both(data: bytes) -> None:
    message = message_of(
        changed(data, '"capability":"tool.invoke","name":"calculator"', '"capability":"x\\u001b[2J","name":null')
    )
    assert message == textwrap.dedent("""\
        the replay diverged at step 1: x\\x1b[2J was recorded, and tool.invoke was asked
        --- recorded
        +++ asked
        @@ -1,3 +1,3 @@
        -x\\x1b[2J
        +tool.invoke
         {
           "name": "calculator",""")


def test_a_call_more_than_were_recorded_is_shown(data: bytes) -> None:
    lines = data.splitlines(keepends=True)
    short = b"".join(line for line in lines if b'"step":2' not in line)
    message = message_of(short)
    assert message.startswith("the replay diverged at step 2: tool.invoke was asked, and the record ends before it\n")
    assert message_of(b"".join(lines[:2])) == (
        "the replay diverged at step 1: the record was cut before the answer to tool.invoke;"
        " go on from there with llmspell resume"
    )


def test_a_script_that_ends_too_early_or_otherwise_is_no_replay(data: bytes) -> None:
    call = b'{"event":"call","step":3,"at":1,"capability":"tool.list","name":null,"counted":true,"arguments":{}}\n'
    more = data.replace(b'{"event":"end"', call + b'{"event":"end"')
    assert message_of(more) == "the replay diverged at step 3: tool.list was recorded, and the script has ended"
    assert message_of(changed(data, '"stdout":{"sha256":"', '"stdout":{"sha256":"0')) == (
        "the replay diverged at the end: stdout is not what was recorded: 4 bytes, and 4 were recorded"
    )
    assert message_of(changed(data, '"value":null', '"value":1')) == (
        "the replay diverged at the end: the value is not the one that was recorded"
    )


def test_a_long_difference_is_shortened() -> None:
    source = 'Tool.execute("calculator", {input = "1", variables = {%s}})'
    _, data = record(source % ", ".join(f"a{i} = 1" for i in range(300)))
    asked = source % ", ".join(f"b{i} = 1" for i in range(300))
    with pytest.raises(TranscriptError, match=r"script is not the script that was recorded .*SHA-256 begins with"):
        replay(data, source=asked)
    outcome = offline("lua").execute(asked, replay=Cassette.from_bytes(data), replay_mode="loose")
    assert outcome.error is not None
    assert outcome.error.message.startswith(
        "the replay diverged at call 1: tool.invoke was asked, and step 1 is the nearest\n"
    )
    assert outcome.error.message.endswith("more lines")
    assert len(outcome.error.message) < 2000


def test_another_engine_or_other_arguments_are_refused(data: bytes) -> None:
    cassette = Cassette.from_bytes(data)
    with pytest.raises(TranscriptError, match="was recorded with the engine 'lua', not with python"):
        offline("python").execute(SOURCE, replay=cassette)
    with pytest.raises(TranscriptError, match="was recorded with other arguments: "):
        offline("lua").execute(SOURCE, replay=cassette, arguments=["a"])
