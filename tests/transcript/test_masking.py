"""No key stands in a transcript in two halves: in what comes in pieces it is masked across their joints."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmspell import FunctionTool, Outcome, ProviderManager, ScriptRuntime, default_policy
from llmspell.outcome import Verdict
from llmspell.providers.echo import EchoProvider
from llmspell.providers.provider import (
    Chunk,
    Completion,
    ModelRequest,
    Provider,
    ProviderCapabilities,
    ToolProgress,
    ToolRequest,
)
from llmspell.sandbox.broker import Handler, Later
from llmspell.transcript import Cassette, TranscriptError, TranscriptInMemory
from llmspell.transcript.recorder import Recorder
from llmspell.transcript.secrets import MASK, Masking, keys_in
from llmspell.transcript.stdin import WholeKeys
from llmspell.validate.check import Checker
from llmspell.validate.finding import Severity
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
from tests.transcript.recorded import LIMITS, offline, record, replay, seen

KEY = "sk-0123456789abcdef-key"
FRAME = 1 << 20
OVER = Outcome(Verdict.OK, "s", None, "lua", None, started=True)
POLICY = default_policy()._replace(environment={"MY_TOKEN": KEY})


def events(data: bytes, kind: str) -> list[dict[str, Any]]:
    return [event for event in map(json.loads, data.splitlines()) if event["event"] == kind]


def recorded_pieces(pieces: list[bytes], *keys: str) -> tuple[list[str], int]:
    """What stands in a record of output that came in these pieces, and how many values were masked."""
    sink = TranscriptInMemory()
    recorder = Recorder(sink, Masking(keys_in(keys)))
    for piece in pieces:
        recorder.output("stdout", piece)
    recorder.end(OVER)
    assert sum(event["bytes"] for event in events(sink.data, "output")) == sum(map(len, pieces))
    return [event["data"] for event in events(sink.data, "output")], events(sink.data, "end")[0]["masked"]


@pytest.mark.parametrize("at", range(len(KEY) + 1))
def test_a_key_that_is_parted_anywhere_is_masked(at: int) -> None:
    whole = f"before {KEY} after\n".encode()
    pieces = [whole[: 7 + at], whole[7 + at :]]
    found, masked = recorded_pieces(pieces, KEY, "another-key")
    assert ("".join(found), masked) == (f"before {MASK} after\n", 1)


def test_a_key_that_comes_letter_by_letter_is_masked() -> None:
    found, _ = recorded_pieces([bytes([each]) for each in f"{KEY}\n{KEY}".encode()], KEY)
    assert "".join(found) == f"{MASK}\n{MASK}"


@pytest.mark.parametrize(
    ("pieces", "keys", "expected"),
    [
        ([b"12345678", b"abc"], ("12345678", "12345678abc"), MASK),
        ([b"12345678", b"xyz"], ("12345678", "12345678abc"), f"{MASK}xyz"),
        ([b"12345678ab", b"999999"], ("12345678ab", "ab999999"), f"{MASK}999999"),
        ([b"a" * 11, b"a" * 5], ("a" * 8,), MASK * 2),
        ([b"\xc3\xa9234567", b"8 end"], ("\u00e92345678",), f"{MASK} end"),
        ([b"sk-01", b"sk-0123456789", b"abcdef-key"], (KEY,), f"sk-01{MASK}"),
    ],
    ids=["longer", "shorter", "overlapping", "of-itself", "not-ascii", "begun-twice"],
)
def test_of_several_keys_the_one_that_comes_is_masked(
    pieces: list[bytes], keys: tuple[str, ...], expected: str
) -> None:
    assert "".join(recorded_pieces(pieces, *keys)[0]) == expected


def test_what_only_begins_like_a_key_is_written_as_it_was_and_each_stream_waits_for_itself() -> None:
    sink = TranscriptInMemory()
    recorder = Recorder(sink, Masking((KEY,)))
    for stream, piece in (("stdout", b"a sk-01"), ("stderr", b"23456789abcdef-key"), ("stdout", b"x sk-")):
        recorder.output(stream, piece)
    recorder.end(OVER)
    found = [(event["stream"], event["data"]) for event in events(sink.data, "output")]
    assert found == [
        ("stdout", "a "), ("stderr", "23456789abcdef-key"), ("stdout", "sk-01x "), ("stdout", "sk-"),
    ]  # fmt: skip
    assert events(sink.data, "end")[0]["masked"] == 0


def test_a_long_key_takes_no_longer_to_look_for() -> None:
    key = "k" + "y" * 100_000
    found, _ = recorded_pieces([b"yk" * FRAME, key[1:60_000].encode(), key[60_000:].encode()], key)
    assert "".join(found) == "yk" * (FRAME - 1) + "y" + MASK


def test_a_key_across_the_border_of_two_frames_is_masked_at_every_offset() -> None:
    source = f"""
    for at = 0, {len(KEY)} do
      io.write(("x"):rep({FRAME} - at) .. os.getenv("MY_TOKEN") .. "\\n")
      Tool.exists("calculator")
    end"""
    sink = TranscriptInMemory()
    shown: list[bytes] = []
    runtime = ScriptRuntime.with_lua(policy=POLICY, limits=LIMITS._replace(output=64 << 20))
    outcome = runtime.execute(source, record=sink, emit=lambda _stream, data: shown.append(data))
    assert outcome.ok, outcome.error
    assert [len(data) for data in shown] == [size for at in range(len(KEY) + 1) for size in (FRAME, len(KEY) + 1 - at)]
    pieces = [event["data"] for event in events(sink.data, "output")]
    assert "".join(pieces).replace(MASK, KEY).encode() == b"".join(shown)
    assert "".join(pieces).count(MASK) == len(KEY) + 1


class Tells(EchoProvider):
    """A model that answers with what it is asked, in pieces of so many letters."""

    __slots__ = ("_length",)

    def __init__(self, length: int) -> None:
        super().__init__("model")
        self._length = length

    def complete(self, request: ModelRequest) -> Completion:
        return Completion(str(request.messages[-1]["content"]), request.model, 5, 1)

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        whole = self.complete(request)
        for at in range(0, len(whole.text), self._length):
            yield Chunk(whole.text[at : at + self._length])
        yield Chunk("", final=whole)


class Manager(ProviderManager):
    def __init__(self, model: Tells) -> None:
        super().__init__(environ={})
        self._model = model

    def get(self, name: str) -> Provider:
        return self._model if name == "model" else super().get(name)

    def _all_names(self, *_: str | None) -> list[tuple[str, str]]:
        return [("model", "tells")]


STREAM = """
local asked = SAID
local told = {}
for chunk in Agent.create{name = "bee", model = "model/tells"}:stream(asked) do told[#told + 1] = chunk.text end
assert(table.concat(told) == asked)
print(#table.concat(told))
"""


@pytest.mark.parametrize("length", [1, 5, 10, 22, 40])
def test_a_key_across_the_chunks_of_an_answer_is_masked(length: int) -> None:
    source = STREAM.replace("SAID", '"the key is " .. os.getenv("MY_TOKEN") .. ", and so on"')
    sink = TranscriptInMemory()
    runtime = ScriptRuntime.with_lua(policy=POLICY, limits=LIMITS, providers=Manager(Tells(length)))
    outcome = runtime.execute(source, record=sink)
    assert outcome.ok, outcome.error
    told = [event["value"]["text"] for event in events(sink.data, "reply") if "is_final" in str(event["value"])]
    assert "".join(told) == f"the key is {MASK}, and so on"
    assert b"sk-0" not in sink.data


def test_chunks_that_only_begin_like_a_key_are_replayed_as_the_script_got_them() -> None:
    source = STREAM.replace("SAID", '"tasks, sk-0 and sk"') + 'print(table.concat(told, "|"))'
    sink = TranscriptInMemory()
    runtime = ScriptRuntime.with_lua(policy=POLICY, limits=LIMITS, providers=Manager(Tells(3)))
    outcome = runtime.execute(source, record=sink)
    assert outcome.ok, outcome.error
    assert b"|sk\n" in outcome.stdout
    assert seen(replay(sink.data)) == seen(outcome)


class Writes(Tells):
    """A model that writes what it is asked as the arguments of a call, in pieces of so many letters."""

    __slots__ = ()

    @property
    def capabilities(self) -> ProviderCapabilities:
        return ProviderCapabilities(supports_tools=True)

    def complete(self, request: ModelRequest) -> Completion:
        last = request.messages[-1]
        if last["role"] != "user":
            return Completion("done", request.model, 5, 1)
        written = json.dumps({"input": last["content"]})
        return Completion("", request.model, 5, 1, tool_calls=(ToolRequest("c", "echo", json.loads(written), written),))

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        whole = self.complete(request)
        for call in whole.tool_calls:
            for at in range(0, len(call.written), self._length):
                piece = call.written[at : at + self._length]
                yield Chunk("", tool_call=ToolProgress(0, call.id, call.name, piece))
        yield Chunk(whole.text, final=whole)


@pytest.mark.parametrize("length", [1, 7, 22])
def test_a_key_across_the_pieces_of_a_call_that_a_model_writes_is_masked(length: int) -> None:
    source = """
    local written = {}
    local agent = Agent.create{name = "bee", model = "model/tells", tools = {"echo"}}
    for chunk in agent:stream("say " .. os.getenv("MY_TOKEN") .. " now") do
      local call = chunk.tool_call
      if call and not call.complete then written[#written + 1] = call.written end
    end
    print(#table.concat(written))"""
    sink = TranscriptInMemory()
    runtime = ScriptRuntime.with_lua(
        tools=[FunctionTool(lambda input: input, name="echo", description="says it")],
        policy=POLICY.with_tools(["echo"]), limits=LIMITS, providers=Manager(Writes(length)),
    )  # fmt: skip
    outcome = runtime.execute(source, record=sink)
    assert outcome.ok, outcome.error
    calls = [event["value"].get("tool_call") for event in events(sink.data, "reply") if type(event["value"]) is dict]
    written = "".join(call["written"] for call in calls if call and not call["complete"])
    assert written == json.dumps({"input": f"say {MASK} now"})
    assert b"sk-0" not in sink.data


@pytest.mark.parametrize("at", [1, 9, len(KEY) - 1])
def test_a_key_that_is_read_from_stdin_in_two_halves_is_masked(at: int) -> None:
    whole = f"before {KEY} after, sk-0".encode()
    pieces = iter([whole[: 7 + at], whole[7 + at :]])
    sink = TranscriptInMemory()
    runtime = ScriptRuntime.with_lua(policy=POLICY, limits=LIMITS, stdin=lambda _size: next(pieces, b""))
    outcome = runtime.execute('return io.read("a") .. "|"', record=sink)
    assert outcome.value == f"{whole.decode()}|"
    replies = [event for event in Cassette.from_bytes(sink.data).events if event.kind == "reply"]
    assert b"".join(event.value("value") for event in replies) == f"before {MASK} after, sk-0".encode()


@pytest.mark.parametrize("size", [1, 5, 23, 100])
@pytest.mark.parametrize("most", [1, 3, 64])
def test_of_stdin_everything_is_given_in_pieces_of_the_size_that_was_asked_for(size: int, most: int) -> None:
    whole = f"{KEY}|{KEY[:-1]}|sk-{KEY} sk".encode()
    rest = io.BytesIO(whole)
    reads = WholeKeys(Handler(lambda _: Later(lambda: rest.read(most))), Masking((KEY,)).parted_bytes).handler()
    given: list[bytes] = []
    while not given or given[-1]:
        given.append(reads.run({"size": size}).job())
    assert b"".join(given) == whole
    assert max(map(len, given)) <= size
    if size >= len(KEY):
        masking = Masking((KEY,))
        written = "".join(masking.plain(piece.decode()) for piece in given)
        assert written == f"{MASK}|{MASK}|sk-{MASK} sk"


def test_no_key_stands_in_a_name_or_a_label() -> None:
    sink = TranscriptInMemory()
    runtime = ScriptRuntime.with_lua(policy=POLICY, limits=LIMITS)
    outcome = runtime.execute("return 1", name=f"{KEY}.lua", record=sink, labels={"a": f"b {KEY}", KEY: "c"})
    assert outcome.ok
    header = Cassette.from_bytes(sink.data).header
    assert (header.name, header.labels) == (f"{MASK}.lua", {"a": f"b {MASK}", MASK: "c"})
    assert KEY.encode() not in sink.data


def test_a_key_that_was_cut_is_masked_as_far_as_it_is_there() -> None:
    masking = Masking((KEY,))
    assert masking.plain(f"there is no {KEY[:18]}...") == f"there is no {MASK}..."
    assert masking.encode([KEY[:18].encode()]) == '[{"$bytes":"Kioq"}]'
    assert masking.plain(KEY[:15]) == KEY[:15]
    assert masking.masked == 2


def test_a_run_that_goes_on_after_a_masked_key_writes_no_part_of_it(tmp_path: Path) -> None:
    place = tmp_path / "t.jsonl"
    source = """
    print(os.getenv("MY_TOKEN"), 1)
    print(Tool.execute("calculator", {input = "6*7"}).text)
    print(os.getenv("MY_TOKEN"), 2)"""
    runtime = ScriptRuntime.with_lua(policy=POLICY, limits=LIMITS)
    runtime.execute(source, record=place)
    lines = place.read_bytes().splitlines(keepends=True)
    answered = next(at for at, line in enumerate(lines) if b'"event":"reply"' in line)
    place.unlink()
    place.with_name("t.jsonl.part").write_bytes(b"".join(lines[: answered + 1]))
    outcome = runtime.resume(place)
    assert outcome.ok, outcome.error
    printed = "".join(event["data"] for event in events(place.read_bytes(), "output"))
    assert printed == f"{MASK}\t1\n42\n{MASK}\t2\n"


def test_a_run_does_not_go_on_with_a_mask_in_the_place_of_a_key(tmp_path: Path) -> None:
    place = tmp_path / "t.jsonl"
    limits = LIMITS._replace(calls=0)
    runtime = ScriptRuntime.with_lua(policy=POLICY, limits=limits)
    runtime.execute('Tool.exists("x")', record=place)
    with pytest.raises(TranscriptError, match=r"these variables .*: MY_TOKEN; grant them with --allow-env"):
        ScriptRuntime.with_lua().resume(place)
    assert ScriptRuntime.with_lua(policy=POLICY).resume(place).ok
    runtime.execute('Tool.exists("x")', record=place, arguments=[KEY])
    with pytest.raises(TranscriptError, match="does not hold its arguments as they were"):
        ScriptRuntime.with_lua(policy=POLICY).resume(place)


def test_a_replay_says_that_it_compares_neither_output_nor_value_where_a_key_was_masked() -> None:
    said: list[tuple[str, str, Any]] = []
    sink = TranscriptInMemory()
    ScriptRuntime.with_lua(policy=POLICY, limits=LIMITS).execute('print(os.getenv("MY_TOKEN"))', record=sink)
    cassette = Cassette.from_bytes(sink.data)
    runtime = offline("lua", log=lambda *line: said.append(line))
    assert runtime.execute(cassette.source(), replay=cassette).ok
    assert said == [("warn", "output and value are not compared: a key was masked in the record", {})]


def test_validate_warns_of_a_record_in_which_a_key_was_masked() -> None:
    source = b"return 1"
    _, data = record(source.decode())
    assert data.count(b'"masked":0') == 1
    masked = data.replace(b'"masked":0', b'"masked":1')
    with Checker(Settings()) as checker:
        results = [checker.check(Spell("a.lua", "lua", source, cassette=each)) for each in (data, masked)]
    assert [[(one.severity, one.message) for one in result.findings] for result in results] == [
        [], [(Severity.WARNING, "output and value are not compared: a key was masked in the record")],
    ]  # fmt: skip
    assert results[1].outcome is not None
