"""Results to write reports of: a few that are worth reading, and any that a hostile script could bring about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hypothesis import strategies as st

from llmspell.outcome import Outcome, ScriptError, Usage, Verdict
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.reports.opening import FORMATS, About
from llmspell.validate.reports.report import FileReport
from llmspell.validate.reports.totals import Ending, Totals
from llmspell.validate.result import Result, Status, TimedCall

HOSTILE = (
    "</script><script>alert(1)</script><!-- ]]> & \x1b[31m\x00\u202e\ud800 ::error::x\n::error file=a::y\n##[error]z"
)
"""What would be a script of a page, a comment, the end of XML's CDATA, an escape of a terminal, a text from right to
left, no character at all, and commands of a CI."""

SOURCE = 'local agent = Agent.create{name = "a"}\nprint(agent:execute("hi").text)\nAgnet.create()\n'

_RUN = Outcome(
    Verdict.ERROR,
    "broken.lua",
    "ab" * 32,
    "lua",
    "Lua 5.4.8",
    started=True,
    stdout=b"hi\n",
    stderr=b"careful\n",
    error=ScriptError("runtime", "attempt to index a nil value (global 'Agnet')", "broken.lua", 3, 1),
    usage=Usage(0.21, 0.05, 13 << 20, 3, 2, 1, 7, 9, 0.0004),
).to_dict(pass_on=False)

RESULTS = (
    Result("spells/fine.lua", Status.PASSED, "lua", "cd" * 32, seconds=0.0123, source="print('fine')\n"),
    Result(
        "spells/broken.lua",
        Status.FAILED,
        "lua",
        "ab" * 32,
        (
            Finding("unknown-name", Severity.ERROR, "no API has 'Agnet'; is Agent meant?", Position(3, 1, 3, 6)),
            Finding("output", Severity.ERROR, "the output differs:\n- hello\n+ hi", file="spells/broken.expect.toml"),
            Finding("unused", Severity.NOTE, "nothing reads this"),
        ),
        0.25,
        SOURCE,
        _RUN,
        (TimedCall("agent.create", "a", True, 0.01, 0.002), TimedCall("agent.execute", "a", False, 0.02, 0.15)),
        {"memory": 50 << 20, "wall": 300.0},
    ),
    Result("spells/über uns, 100%.lua", Status.PASSED, "lua", "ef" * 32,
           (Finding("bidi-control", Severity.WARNING, "a control of direction", Position(1, 8, 1, 9)),),
           0.01, 'print("\u202eevil")\n', cached=True),
    Result("photo.lua", Status.UNCHECKED, findings=(Finding("binary", Severity.ERROR, "no text"),), seconds=0.001),
)  # fmt: skip

positions = st.builds(Position, *[st.integers(-(2**70), 2**70)] * 4)
texts = st.one_of(
    st.text(st.characters(codec=None, exclude_categories=[]), max_size=30),
    st.text(st.sampled_from("\n\r:,%#[]<>&|`*_@!\x00\x1b\u202e\ud800a"), max_size=30),
    st.sampled_from([HOSTILE, "::error::x", "##[error]x", "##vso[task]x", "]]>", "%0A::error::x"]),
)
findings = st.builds(
    Finding, rule=texts, severity=st.sampled_from(Severity), message=texts,
    position=st.none() | positions, file=st.none() | texts,
)  # fmt: skip
seconds = st.floats()
calls = st.builds(TimedCall, texts, st.none() | texts, st.booleans(), seconds, seconds)
results = st.builds(
    Result,
    path=texts,
    status=st.sampled_from(Status),
    engine=st.none() | texts,
    sha256=st.none() | texts,
    findings=st.lists(findings, max_size=3).map(tuple),
    seconds=seconds,
    source=st.none() | texts,
    outcome=st.none() | st.dictionaries(texts | st.sampled_from(["stdout", "stderr", "error", "value"]),
                                        texts | seconds | st.none() | st.integers(), max_size=4),
    calls=st.lists(calls, max_size=2).map(tuple),
    limits=st.dictionaries(texts, seconds, max_size=2),
    cached=st.booleans(),
)  # fmt: skip


def no_time() -> float:
    """A clock that stands still."""
    return 0.0


ABOUT = About("1.2.3", {"unknown-name": "a name that no engine and no API has"}, clock=no_time)


def written(folder: Path, form: str, results: Iterable[Result], *, interrupted: str | None = None) -> str:
    """The report of some results, in one form."""
    place = folder / f"report.{form}"
    with FileReport(str(place), FORMATS[form](ABOUT), clock=no_time) as report:
        for result in results:
            report.add(result)
        report.close(interrupted=interrupted)
    return place.read_text("utf-8")


def rendered(form: str, results: list[Result]) -> str:
    """The same without a file, as it would be read from one."""
    made, totals = FORMATS[form](ABOUT), Totals()
    entries = [made.entry(result) for result in results]
    for result in results:
        totals.add(result)
    ending = Ending(totals, 0.0, None)
    text = "".join((made.head(ending), *entries, made.tail(ending)))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
