"""What a call takes at the most, known before it is made and without asking anybody."""

from __future__ import annotations

import pytest

from llmspell.providers.echo import EchoProvider
from llmspell.providers.figures import COMPLETION_TOKENS, IMAGE_TOKENS, estimate
from llmspell.providers.provider import ModelRequest, ToolOffer
from llmspell.providers.settings import Price
from llmspell.testing import Answer, LLMServer, Usage
from llmspell.types.formats import ImageFormat
from llmspell.types.media import BinaryContent, ImageContent
from tests.providers.conftest import MakeProvider, ask


@pytest.mark.parametrize(
    ("text", "least"),
    [("", 0), ("word " * 1000, 1000), ("größer 🙂 " * 100, 300), ("\ud800", 1)],
    ids=["empty", "words", "signs", "half a character"],
)
def test_tokens_are_bounded_from_above(make: MakeProvider, text: str, least: int) -> None:
    found = make().estimate(ask(text)._replace(max_tokens=7))
    assert least <= found.prompt_tokens <= len(text.encode("utf-8", "replace")) + 40
    assert found.completion_tokens == 7
    assert found.cost_usd is None


def test_a_known_model_is_bounded_by_what_it_can_write(make: MakeProvider) -> None:
    found = make("openai").estimate(ask(model="gpt-4o"))
    assert found.completion_tokens == 16_384
    assert found.cost_usd == pytest.approx(found.prompt_tokens * 2.5e-6 + 16_384 * 10e-6)
    assert make().estimate(ask()).completion_tokens == COMPLETION_TOKENS


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ({"*": Price(1.0, 2.0)}, 1.0 * 3 + 2.0 * 2),
        ({"*": Price(1.0, 2.0), "gpt-4o": Price(10.0, 0.0)}, 10.0 * 3),
        ({"gpt-4o": Price(0.0, 0.0)}, 0.0),
        ({"another": Price(9.0, 9.0)}, 2.5 * 3 + 10.0 * 2),
    ],
    ids=["for all", "by model", "for nothing", "of another"],
)
def test_configured_prices_come_first(
    server: LLMServer, make: MakeProvider, prices: dict[str, Price], expected: float
) -> None:
    server.answer(Answer("hello", usage=Usage(3, 2)))
    provider = make("openai", prices=prices)
    request = ask(model="gpt-4o")
    assert provider.complete(request).cost_usd == pytest.approx(expected / 1e6)
    final = list(provider.stream(request))[-1].final
    assert final is not None
    assert final.cost_usd == pytest.approx(expected / 1e6)
    cost = provider.estimate(request._replace(max_tokens=2)).cost_usd
    assert cost is not None
    assert cost >= expected / 1e6


def test_media_and_tools_count(make: MakeProvider) -> None:
    provider = make()
    bare = provider.estimate(ask()).prompt_tokens
    image = ImageContent(b"x" * 10_000_000, ImageFormat.PNG)
    messages = ({"role": "user", "content": ["hi", image, BinaryContent(b"y" * 100_000)]},)
    seen = provider.estimate(ModelRequest("m", messages)).prompt_tokens
    assert seen == bare + 2 * IMAGE_TOKENS + 100
    tool = ToolOffer("weather", "In a city. " * 100, {"type": "object"})
    assert provider.estimate(ask()._replace(tools=(tool,))).prompt_tokens > bare + 300


def test_text_is_counted_in_pieces_and_not_without_end(make: MakeProvider) -> None:
    pieces: list[int] = []

    def count(text: str) -> int:
        pieces.append(len(text))
        return 1

    assert estimate(ask("a" * 64_000), None, {}, count).prompt_tokens < 100
    assert (len(pieces), max(pieces)) == (16, 4_096)
    pieces.clear()
    huge = estimate(ask("a" * 20_000_000), None, {}, count)
    assert (len(pieces), max(pieces)) == (1_024, 4_096)
    assert huge.prompt_tokens > 15_000_000, "what is not counted is thought to be the most that it can be"
    pieces.clear()
    assert estimate(ask("größer"), None, {}, count).prompt_tokens >= len("größer".encode())
    assert not pieces, "a short text is at most its bytes"
    assert make().estimate(ask("a" * 64_000)).prompt_tokens <= 64_040


def test_what_echo_takes_is_what_it_took() -> None:
    echo = EchoProvider()
    completion, found = echo.complete(ask("one two three")), echo.estimate(ask("one two three"))
    assert found == (completion.prompt_tokens, completion.completion_tokens, 0.0)
