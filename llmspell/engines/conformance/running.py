"""Rules of runs, of calls and of streams."""

from __future__ import annotations

import select
import signal
import time
from collections.abc import Iterator
from typing import Any

from llmspell.engines.conformance.rule import NotApplicable, Rule, insist
from llmspell.engines.conformance.subject import ANSWER_SECONDS, END_SECONDS, Ran, Subject, Talk, told
from llmspell.errors import ErrorKind
from llmspell.sandbox.last_line import ASK_EVERY
from llmspell_workers.wire import Call, Done, Failed, Fatal, Output, Reply
from llmspell_workers.wire.exchange import TO_HOST_CAP

COMPUTED = 0.05
"""Seconds of processor time after which an endless script is at one of its lines."""
CHUNKS = ("one ", "two ", "three")


def prints(subject: Subject) -> None:
    with subject.configured() as talk:
        ran = talk.run(subject.spells["print"])
        insist(ran.printed == b"hello\n", f"it printed {ran.printed[:80]!r}, and not 'hello' and a newline")
        last = ran.last
        insist(isinstance(last, Done), f"it ended with {told(last)}")
        status = last.exit_status if isinstance(last, Done) else None
        insist(not status, f"its exit status is {status}, and the script asked for none")
        insist(ran.calls == [], "it made a call")


def runs_again(subject: Subject) -> None:
    with subject.configured() as talk:
        for _ in range(3):
            ran = talk.run(subject.spells["print"])
            insist(isinstance(ran.last, Done), f"a later run ended with {told(ran.last)}")
            insist(ran.printed == b"hello\n", f"a later run printed {ran.printed[:80]!r}")


def takes_any_source(subject: Subject) -> None:
    sources = (b"", b"\n", b"\0", b"\xff\xfe\0", bytes(range(256)) * 40, b"(" * 20_000, b'"' + b"x" * 100_000)
    for source in sources:
        with subject.configured() as talk:
            talk.run(source)


def tells_syntax(subject: Subject) -> None:
    with subject.configured() as talk:
        last = talk.run(subject.spells["wrong"]).last
        kind = last.error.get("kind") if isinstance(last, Failed) else None
        insist(kind == "syntax", f"it ended with {told(last)}, and not with Failed of kind syntax")
        line = last.error.get("line", 1) if isinstance(last, Failed) else None
        insist(
            line is None or (isinstance(line, int) and line >= 1), f"its line is {line}, and lines are counted from 1"
        )
        again = talk.run(subject.spells["print"])
        insist(again.printed == b"hello\n", "it did not run another script after it")


def only_checks(subject: Subject) -> None:
    subject.claims("check")
    with subject.configured() as talk:
        ran = talk.run(subject.spells["print"], mode="check")
        insist(ran.printed == b"" and ran.calls == [], "it ran the script")
        insist(isinstance(ran.last, Done) and ran.last.value is None, f"it ended with {told(ran.last)}")
        last = talk.run(subject.spells["wrong"], mode="check").last
        insist(isinstance(last, Failed) and last.error.get("kind") == "syntax", f"a wrong one ended with {told(last)}")


def calls_by_name(subject: Subject) -> None:
    call = subject.run("back", lambda _: (True, 5)).calls[:1]
    insist(bool(call), "it made no call")
    name = call[0].arguments.get("name") if isinstance(call[0].arguments, dict) else None
    asked = (call[0].capability, name)
    insist(asked == ("tool.invoke", "give"), f"it called {asked[0]!r} with the name {asked[1]!r}")


def calls_rise(subject: Subject) -> None:
    with subject.configured() as talk:
        ids = [call.call for _ in range(3) for call in talk.run(subject.spells["back"]).calls]
        insist(len(ids) == 3 and ids == sorted(set(ids)), f"the ids of its calls in three runs were {ids}")


def fails_by_kind(subject: Subject) -> None:
    with subject.configured() as talk:
        for kind in map(str, ErrorKind):
            error = {"kind": kind, "message": f"it is {kind}", "details": {}}
            last = talk.run(subject.spells["back"], lambda _, error=error: (False, error)).last  # type: ignore[misc]
            found = last.error if isinstance(last, Failed) else {}
            insist(found.get("kind") == kind, f"after an error of kind {kind} it ended with {told(last)}")
            insist(f"it is {kind}" in str(found.get("message")), f"the message was {found.get('message')!r}")


def catches(subject: Subject) -> None:
    error = {"kind": "tool", "message": "broken", "details": {"a": 1}}
    last = subject.run("catch", lambda _: (False, error)).last
    insist(isinstance(last, Done) and last.value == "tool", f"it ended with {told(last)}")


def calls_together(subject: Subject) -> None:
    subject.claims("parallel")
    with subject.configured() as talk:
        talk.begin(subject.spells["parallel"])
        first, second = talk.first_call(), talk.first_call()
        talk.send(Reply(second.call, True, "second"))
        talk.send(Reply(first.call, True, "first"))
        last = talk.end_of_run()
        value = last.value if isinstance(last, Done) else None
        insist(value == ["first", "second"], f"it ended with {told(last)}, value {value!r}")


def drops_late_replies(subject: Subject) -> None:
    """The first of two calls fails, at which the script may end; the reply to the second comes all the same."""
    subject.claims("parallel")
    with subject.configured() as talk:
        talk.begin(subject.spells["parallel"])
        first, second = talk.first_call(), talk.first_call()
        talk.send(Reply(first.call, False, {"kind": "tool", "message": "broken", "details": {}}))
        talk.send(Reply(second.call, True, "late"))
        talk.end_of_run()
        again = talk.run(subject.spells["print"])
        insist(again.printed == b"hello\n", f"the run after it ended with {told(again.last)}")


def pulls(subject: Subject) -> None:
    subject.claims("streaming")
    ran, asked = stream(subject, list(CHUNKS))
    insist(isinstance(ran.last, Done), f"it ended with {told(ran.last)}")
    insist(ran.printed == "".join(CHUNKS).encode(), f"of the chunks {CHUNKS} it printed {ran.printed[:80]!r}")
    insist(asked == len(CHUNKS) + 1, f"it asked {asked} times for the next one of {len(CHUNKS)} chunks")


def prints_in_pieces(subject: Subject) -> None:
    """It may say that it has no memory for so long a text."""
    subject.claims("streaming")
    text = "x" * (TO_HOST_CAP + 1)
    if len(text) + 1024 > subject.memory // 4:
        raise NotApplicable("under its memory limit the host sends no text that is longer than a frame")
    ran, _ = stream(subject, [text])
    if isinstance(ran.last, Failed) and ran.last.error.get("kind") == "memory":
        return
    insist(isinstance(ran.last, Done), f"it ended with {told(ran.last)}")
    insist(ran.printed == text.encode(), f"of {len(text):,} bytes it printed {len(ran.printed):,}")


def prints_as_it_comes(subject: Subject) -> None:
    subject.claims("streaming")
    with subject.configured() as talk:
        talk.begin(subject.spells["stream"])
        for at, (frame, chunk) in enumerate(_opened(talk)):
            if at == 2:
                insist(
                    frame == CHUNKS[0].encode() + CHUNKS[1].encode(), f"before the third chunk it had printed {frame!r}"
                )
                return
            assert chunk is not None


def stream(subject: Subject, chunks: list[str]) -> tuple[Ran, int]:
    """The run of the spell `stream` with these chunks, and how often it asks for one."""
    left, asked = list(chunks), 0

    def answer(call: Call) -> tuple[bool, Any]:
        nonlocal asked
        if call.capability == "stream.next":
            asked += 1
            return True, {"text": left.pop(0)} if left else None
        return True, {"stream": 7} if call.capability == "agent.stream" else {"id": "1", "name": "kit"}

    return subject.run("stream", answer), asked


def _opened(talk: Talk) -> Iterator[tuple[bytes, str | None]]:
    """What was printed before each time that the next chunk was asked for, and that chunk."""
    printed, left = b"", list(CHUNKS)
    while True:
        frame = talk.receive()
        match frame:
            case Output():
                printed += frame.data
            case Call() if frame.capability == "stream.next":
                chunk = left.pop(0) if left else None
                yield printed, chunk
                talk.send(Reply(frame.call, True, chunk and {"text": chunk}))
            case Call():
                opens = frame.capability == "agent.stream"
                talk.send(Reply(frame.call, True, {"stream": 7} if opens else {"id": "1", "name": "kit"}))
            case _:
                insist(False, f"instead of asking for a chunk it sent {told(frame)}")


def keeps_its_memory(subject: Subject) -> None:
    with subject.configured() as talk:
        talk.begin(subject.spells["grow"])
        while isinstance(frame := talk.receive(3), (Output, Call)):
            insist(isinstance(frame, Output), "it made a call")
        peak = talk.process.peak_address_space()
        insist(peak is None or peak <= subject.memory, f"it had {peak} of its {subject.memory} bytes")
        match frame:
            case Failed():
                insist(frame.error.get("kind") == "memory", f"it ended with {told(frame)}")
            case Fatal():
                insist(frame.message == "memory", f"it ended with {told(frame)}")
            case _:
                insist(frame is None, f"it ended with {told(frame)}")
                talk.gone()


def tells_its_line(subject: Subject) -> None:
    """Asked as the host asks, once the script has computed for a moment."""
    subject.claims("last_line")
    with subject.configured() as talk:
        process = talk.process
        talk.begin(subject.spells["loop"])
        deadline, start = time.monotonic() + ANSWER_SECONDS, process.cpu_seconds()
        while process.cpu_seconds() - start < COMPUTED and time.monotonic() < deadline:
            time.sleep(ASK_EVERY)
        deadline = time.monotonic() + END_SECONDS
        while not select.select((process.stdout,), (), (), ASK_EVERY)[0]:
            insist(time.monotonic() < deadline, "it said nothing at SIGURG")
            signal.pidfd_send_signal(process.pidfd, signal.SIGURG)
        last = talk.end_of_run()
        line = last.error.get("line") if isinstance(last, Failed) else None
        insist(isinstance(line, int) and line >= 1, f"at SIGURG it sent {told(last)}, line {line}")
        talk.gone()


RULES = (
    Rule("run.prints", "what a script prints comes as Output, and its end as Done", prints, "print"),
    Rule("run.again", "takes another Run of the same session", runs_again, "print"),
    Rule("run.source", "ends a run with Done or Failed whatever the bytes of the source are", takes_any_source),
    Rule("run.syntax", "answers what does not parse with Failed of kind syntax, and goes on", tells_syntax, "wrong"),
    Rule("run.check", "parses and does not run in mode check", only_checks, "print", mandatory=False),
    Rule("line.told", "says at SIGURG at which line an endless script is, and exits", tells_its_line, "loop",
         mandatory=False),
    Rule("run.memory", "keeps to its memory; a script that wants more ends by Failed of kind memory, Fatal, or death",
         keeps_its_memory, "grow"),
    Rule("call.asks", "a script's call is a Call with its capability and its arguments", calls_by_name, "back"),
    Rule("call.ids", "the ids of calls rise, over all runs of the session", calls_rise, "back"),
    Rule("call.errors", "an error of a call that the script does not handle ends the run with its kind and message",
         fails_by_kind, "back"),
    Rule("call.caught", "a script can handle the error of a call, and see its kind", catches, "catch", mandatory=False),
    Rule("call.parallel", "has several calls open at once, and takes replies in any order", calls_together, "parallel",
         mandatory=False),
    Rule("call.late", "drops a reply that comes after the end of its run", drops_late_replies, "parallel",
         mandatory=False),
    Rule("run.output", "what is longer than a frame comes as several Outputs", prints_in_pieces, "stream",
         mandatory=False),
    Rule("stream.pulled", "asks for each chunk of a stream, until there is none", pulls, "stream", mandatory=False),
    Rule("stream.paced", "hands on a chunk before it asks for the next", prints_as_it_comes, "stream", mandatory=False),
)  # fmt: skip
