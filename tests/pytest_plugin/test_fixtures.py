"""The fixtures: runtimes that ask nobody, a provider whose answers a test gives, cassettes beside the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmspell import Verdict
from llmspell.errors import CallError, ErrorKind, UsageError
from llmspell.providers.echo import EchoProvider
from llmspell.providers.provider import Completion, ModelRequest, Provider, ToolRequest
from llmspell.pytest_plugin.cassettes import Cassettes, file_name
from llmspell.pytest_plugin.fake import FakeProvider
from llmspell.pytest_plugin.runtimes import Runtimes

pytest_plugins = ["pytester"]

ASKS = """
local poet = Agent.create{name = "poet", model = "openai/gpt-4o"}
print(poet:execute("the sea").text)
"""


def request(text: str) -> ModelRequest:
    return ModelRequest("any", ({"role": "system", "content": "be brief"}, {"role": "user", "content": text}))


def test_a_fake_answers_by_its_queue_then_by_its_rules() -> None:
    provider: Provider = (fake := FakeProvider())
    fake.when("sea", "blue")
    fake.when("", "anything")
    fake.answer("first", lambda asked: f"{len(asked.messages)} messages")
    said = [provider.complete(request(text)).text for text in ("sea", "sea", "the sea", "sky")]
    assert said == ["first", "2 messages", "blue", "anything"]
    assert [asked.messages[-1]["content"] for asked in fake.requests] == ["sea", "sea", "the sea", "sky"]


def test_a_fake_makes_nothing_up() -> None:
    with pytest.raises(CallError, match="no answer for 'the sea': give it one") as caught:
        FakeProvider().complete(request("the sea"))
    assert caught.value.kind is ErrorKind.PROVIDER


def test_a_fake_fails_as_it_is_told() -> None:
    fake = FakeProvider()
    fake.answer(CallError(ErrorKind.TIMEOUT, "too late"))
    with pytest.raises(CallError, match="too late"):
        next(fake.stream(request("x")))


@pytest.mark.parametrize("reply", [None, 3, b"text", ["text"]], ids=repr)
def test_what_is_no_reply_is_refused_where_it_is_given(reply: Any) -> None:
    with pytest.raises(TypeError, match="is no reply"):
        FakeProvider().answer(reply)
    with pytest.raises(TypeError, match="is no reply"):
        FakeProvider().when("", reply)


def test_a_stream_of_a_fake_is_its_answer_in_pieces() -> None:
    fake = FakeProvider()
    asked = ToolRequest("call_1", "calculator", {"input": "1"}, '{"input": "1"}')
    fake.answer("one two", "", Completion("", "any", 1, 1, tool_calls=(asked,)))
    chunks = [list(fake.stream(request("x"))) for _ in range(3)]
    assert [[chunk.text for chunk in each] for each in chunks] == [["one ", "two"], [""], ["", ""]]
    assert [[chunk.final is not None for chunk in each] for each in chunks] == [[False, True], [True], [False, True]]
    assert chunks[2][0].tool_call is not None
    assert chunks[2][0].tool_call.written == '{"input": "1"}'


def test_a_provider_of_the_test_answers_whichever_model_a_spell_names(
    llmspell_runtime: Runtimes, fake_provider: FakeProvider
) -> None:
    fake_provider.answer("deep and blue")
    outcome = llmspell_runtime(provider=fake_provider).execute(ASKS)
    assert (outcome.verdict, outcome.stdout) == (Verdict.OK, b"deep and blue\n")
    (asked,) = fake_provider.requests
    assert asked.model == "gpt-4o"


def test_without_a_provider_nobody_is_asked_but_echo(llmspell_runtime: Runtimes) -> None:
    runtime = llmspell_runtime()
    refused = runtime.execute(ASKS)
    assert refused.error is not None
    assert "tests are offline, and nobody answers for 'openai'" in refused.error.message
    assert runtime.execute(ASKS.replace("openai/gpt-4o", "echo/echo")).stdout == b"the sea\n"


def test_any_provider_will_do_and_echo_may_have_answers(llmspell_runtime: Runtimes) -> None:
    runtime = llmspell_runtime("javascript", provider=EchoProvider(answers={"the sea": "a table's"}))
    spell = 'const poet = await Agent.create({name: "poet"}); console.log((await poet.execute("the sea")).text)'
    assert runtime.execute(spell).stdout == b"a table's\n"


def test_a_runtime_is_given_one_provider_or_providers(llmspell_runtime: Runtimes, fake_provider: FakeProvider) -> None:
    with pytest.raises(UsageError, match="not both"):
        llmspell_runtime(provider=fake_provider, providers=None)


def test_different_tests_have_different_files_whatever_they_are_called() -> None:
    names = [
        "test_a",
        "test_a[1]",
        "test_a[2]",
        "test_a[../../x]",
        "test_a[\udcff]",
        "test_a[" + 300 * "x" + "]",
        "test-a",
    ]
    files = [file_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert all("/" not in file and len(file) < 120 and file.isascii() for file in files)


def test_a_test_without_its_cassette_fails_and_says_how_it_is_recorded(
    tmp_path: Path, llmspell_runtime: Runtimes
) -> None:
    cassettes = Cassettes(tmp_path / "test_user.py", "test_it", mode="none")
    with pytest.raises(pytest.fail.Exception, match=r"cassettes/test_user/test_it\.cassette\.jsonl: record it with"):
        cassettes.execute(llmspell_runtime(), ASKS)


def test_a_function_among_the_replies_that_raises_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_user(llmspell_runtime, fake_provider):
            fake_provider.answer(lambda asked: 1 / 0)
            llmspell_runtime(provider=fake_provider).execute('Agent.create{name = "x"}:execute("hi")')
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the fake provider could not answer as scripted*", "*ZeroDivisionError*"])
