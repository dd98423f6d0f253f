"""Budgets: reserved before a call is sent, so that calls that are under way together never cross them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell import CallError, ErrorKind, Limits
from llmspell.capabilities.budgeted import BudgetedProvider
from llmspell.capabilities.purse import Need, Price, Purse
from llmspell.capabilities.spending import FAIR_ANSWER, LEAST_ANSWER, MEDIA_AT_ONCE, Spending
from llmspell.providers.echo import EchoProvider
from llmspell.providers.provider import Chunk, Completion, Estimate, ModelRequest
from llmspell.sandbox.session import LimitCrossed
from llmspell.types.formats import ImageFormat
from llmspell.types.media import ImageContent
from llmspell.types.media_file import MediaFile

DEADLINE = 60.0
ASK = ModelRequest("m", ({"role": "user", "content": "hi"},))


class Model(EchoProvider):
    """Takes 10 tokens for the question, and for the answer what it is allowed, at most `longest`; USD for a token."""

    def __init__(self, longest: int = 1000, price: float | None = 0.0, blocking: bool = True) -> None:
        super().__init__("model")
        self.asked: list[ModelRequest] = []
        self.longest = longest
        self.price = price
        self.waits = blocking
        self.fails: CallError | None = None
        self.used: Completion | None = None
        self.gate = threading.Event()
        self.gate.set()
        self._came = threading.Semaphore(0)

    def came(self) -> None:
        self._came.release()

    def wait_until_asked(self) -> None:
        assert self._came.acquire(timeout=DEADLINE)

    @property
    def blocking(self) -> bool:
        return self.waits

    def estimate(self, request: ModelRequest) -> Estimate:
        answer = min(self.longest, request.max_tokens or self.longest)
        return Estimate(10, answer, None if self.price is None else self.price * (10 + answer))

    def complete(self, request: ModelRequest) -> Completion:
        self.asked.append(request)
        self._came.release()
        assert self.gate.wait(DEADLINE)
        if self.fails is not None:
            raise self.fails
        if self.used is not None:
            return self.used
        answer = self.estimate(request).completion_tokens
        return Completion("text", "m", 10, answer, cost_usd=None if self.price is None else self.price * (10 + answer))

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        self.asked.append(request)
        for text in ("one ", "two ", "three "):
            yield Chunk(text)
            if self.fails is not None:
                raise self.fails
        yield Chunk("", final=self.complete(request))


def budgeted(model: Model, *purses: Purse, patience: float = DEADLINE, rate: float = 0.0, **limits: Any) -> Any:
    spending = Spending(Limits(**limits), patience=patience)
    return BudgetedProvider(model, spending, purses=purses, rate=rate), spending


def test_what_a_call_has_used_is_counted_and_what_it_has_not_is_given_back() -> None:
    model = Model(longest=90)
    provider, spending = budgeted(model, tokens=150)
    model.used = Completion("text", "m", 10, 5, cost_usd=0.25)
    provider.complete(ASK)
    provider.complete(ASK)
    assert spending.spent[5:9] == (2, 20, 10, 0.5)
    assert all(request == ASK for request in model.asked)


@pytest.mark.parametrize(
    ("limits", "price", "name", "used"),
    [
        ({"model_calls": 0}, 0.0, "model_calls", 1),
        ({"tokens": 25}, 0.0, "tokens", 10 + LEAST_ANSWER),
        ({"tokens": 5}, 0.0, "tokens", 10 + LEAST_ANSWER),
        ({"cost": 0.02}, 0.001, "cost", 0.001 * (10 + LEAST_ANSWER)),
        ({"cost": 0.0}, 0.001, "cost", 0.001 * (10 + LEAST_ANSWER)),
    ],
    ids=["calls", "tokens", "tokens of the question", "cost", "no cost at all"],
)
def test_a_call_that_would_cross_a_limit_of_the_run_ends_it_before_it_is_sent(
    limits: dict[str, float], price: float, name: str, used: float
) -> None:
    model = Model(price=price)
    provider, spending = budgeted(model, **limits)
    asks: list[Callable[[], object]] = [lambda: provider.complete(ASK), lambda: next(provider.stream(ASK))]
    for ask in asks:
        with pytest.raises(LimitCrossed) as crossed:
            ask()
        assert (crossed.value.hit.name, crossed.value.hit.allowed) == (name, *limits.values())
        assert crossed.value.hit.used == pytest.approx(used)
    assert model.asked == []
    assert spending.spent.model_calls == 0


@pytest.mark.parametrize(
    ("limits", "price", "most"),
    [({"tokens": 110}, 0.0, 100), ({"cost": 0.11}, 0.001, 100), ({"tokens": 110, "cost": 0.06}, 0.001, 50)],
    ids=["tokens", "cost", "both"],
)
def test_an_answer_is_made_shorter_rather_than_refused(limits: dict[str, float], price: float, most: int) -> None:
    model = Model(longest=100_000, price=price)
    provider, _ = budgeted(model, **limits)
    provider.complete(ASK)
    assert model.asked == [ASK._replace(max_tokens=most)]


def test_calls_wait_for_one_anothers_media() -> None:
    """An image counts few tokens, and the host holds it several times over while its call is under way."""
    model = Model()
    model.gate.clear()
    provider, spending = budgeted(model)
    large = with_media(MEDIA_AT_ONCE // 2 + 1)
    first, second = (threading.Thread(target=provider.complete, args=(large,)) for _ in range(2))
    first.start()
    model.wait_until_asked()
    second.start()
    small = threading.Thread(target=provider.complete, args=(with_media(10),))
    small.start()
    model.wait_until_asked()
    assert model.asked == [large, with_media(10)], "there is room for a small one"
    model.gate.set()
    for thread in (first, second, small):
        thread.join(DEADLINE)
    assert model.asked[2:] == [large]
    assert spending.spent.model_calls == 3


def test_media_of_a_stream_that_nobody_reads_are_not_waited_for_and_go_with_it() -> None:
    provider, _ = budgeted(Model(), patience=0.01)
    stream = provider.stream(with_media(MEDIA_AT_ONCE))
    next(stream)
    with pytest.raises(
        CallError, match=r"carry 32 MiB of media, .* 64 MiB of the 32 MiB .*; read the open str"
    ) as caught:
        provider.complete(with_media(MEDIA_AT_ONCE))
    assert caught.value.kind is ErrorKind.BUDGET
    provider.complete(ASK)
    stream.close()
    provider.complete(with_media(MEDIA_AT_ONCE + 1))
    provider.complete(with_media(MEDIA_AT_ONCE + 1))


def test_a_call_that_is_refused_keeps_no_room_for_its_media() -> None:
    purse = Purse("agent a", calls=1)
    provider, _ = budgeted(Model(), purse, patience=0.01)
    stream = provider.stream(with_media(10))
    next(stream)
    for _ in range(3):
        with pytest.raises(CallError, match="agent a would use 2 of its 1 calls"):
            provider.complete(with_media(MEDIA_AT_ONCE - 10))


def with_media(size: int) -> ModelRequest:
    image = ImageContent(MediaFile("/media/large.png", size), ImageFormat.PNG)
    return ModelRequest("m", ({"role": "user", "content": ["look", image]},))


def test_a_wish_for_less_than_the_least_answer_is_granted() -> None:
    model = Model()
    provider, _ = budgeted(model, tokens=15)
    provider.complete(ASK._replace(max_tokens=5))
    assert [request.max_tokens for request in model.asked] == [5]


def test_an_answer_that_took_more_than_it_said_ends_the_run_with_what_it_took() -> None:
    model = Model(longest=20)
    provider, _ = budgeted(model, tokens=100)
    model.used = Completion("text", "m", 10, 500)
    with pytest.raises(LimitCrossed) as crossed:
        provider.complete(ASK)
    assert (crossed.value.hit.allowed, crossed.value.hit.used) == (100, 510)


@pytest.mark.parametrize("figures", [(-5, -5, -1.0), (10**30, 0, 0.0)], ids=["below nothing", "beyond all"])
def test_figures_that_cannot_be_give_nobody_room(figures: tuple[int, int, float]) -> None:
    model = Model(longest=20)
    provider, spending = budgeted(model, tokens=100)
    model.used = Completion("text", "m", figures[0], figures[1], cost_usd=figures[2])
    try:
        provider.complete(ASK)
    except LimitCrossed:
        pass
    assert 0 <= spending.spent.prompt_tokens <= 10**15
    assert spending.spent.cost_usd == 0.0


@pytest.mark.parametrize("cost", [float("nan"), float("inf")], ids=["nan", "inf"])
def test_a_cost_that_is_no_amount_is_charged_by_rule_and_does_not_end_the_bound(cost: float) -> None:
    model = Model(longest=10, price=cost)
    provider, spending = budgeted(model, rate=0.01, cost=0.5)
    provider.complete(ASK)
    assert (spending.spent.cost_usd, spending.spent.cost_by_rule_usd) == (0.2, 0.2)
    provider.complete(ASK)
    with pytest.raises(LimitCrossed):
        provider.complete(ASK)


class Slow(Model):
    """Says one word and then nothing until it is closed, which it takes a moment to notice."""

    def __init__(self) -> None:
        super().__init__(longest=80)
        self.closed = threading.Event()

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:  # noqa: ARG002
        return SlowAnswer(self)


class SlowAnswer:
    """What a slow model says."""

    def __init__(self, model: Slow) -> None:
        self._model = model
        self._texts = iter(["one "])
        self.close = model.closed.set

    def __iter__(self) -> SlowAnswer:
        return self

    def __next__(self) -> Chunk:
        for text in self._texts:
            return Chunk(text)
        self._model.came()
        assert self._model.closed.wait(DEADLINE)
        threading.Event().wait(0.05)
        raise CallError(ErrorKind.PROVIDER, "closed", {"closed": True})


def test_the_end_of_a_run_waits_until_an_answer_that_is_being_read_is_paid_for() -> None:
    model = Slow()
    provider, spending = budgeted(model, tokens=100)
    reader = threading.Thread(target=partial(_read_all, provider.stream(ASK)))
    reader.start()
    model.wait_until_asked()
    spending.close()
    assert spending.spent[5:8] == (1, 10, 1)
    reader.join(DEADLINE)


def _read_all(stream: Iterator[Chunk]) -> None:
    with contextlib.suppress(CallError):
        for _ in stream:
            pass


def test_a_call_that_fails_gives_everything_back_but_its_count() -> None:
    model = Model(longest=80)
    provider, spending = budgeted(model, tokens=100)
    model.fails = CallError(ErrorKind.PROVIDER, "gone")
    for _ in range(3):
        with pytest.raises(CallError, match="gone"):
            provider.complete(ASK)
    model.fails = None
    provider.complete(ASK)
    assert spending.spent[5:8] == (4, 10, 80)


@pytest.mark.parametrize("how", ["fails", "is closed"])
def test_what_a_broken_stream_is_known_to_have_used_is_kept(how: str) -> None:
    model = Model(longest=80)
    provider, spending = budgeted(model, tokens=100)
    stream = provider.stream(ASK)
    assert next(stream).text == "one "
    if how == "fails":
        model.fails = CallError(ErrorKind.PROVIDER, "gone")
        with pytest.raises(CallError, match="gone"):
            next(stream)
    else:
        stream.close()
    stream.close()
    assert list(stream) == []
    assert spending.spent[5:8] == (1, 10, 1)


def test_a_stream_that_nobody_reads_takes_nothing_and_asks_nobody() -> None:
    model = Model()
    provider, spending = budgeted(model)
    provider.stream(ASK).close()
    assert (model.asked, spending.spent.model_calls) == ([], 0)


def test_the_bound_of_an_agent_is_an_error_that_names_it_and_is_not_sent() -> None:
    model = Model(longest=20)
    own = Purse("agent a", calls=2, tokens=70, cost=None)
    provider, spending = budgeted(model, own)
    provider.complete(ASK)
    provider.complete(ASK)
    for _ in range(2):
        with pytest.raises(CallError) as refused:
            provider.complete(ASK)
    assert refused.value.kind is ErrorKind.BUDGET
    assert refused.value.message == "agent a would use 3 of its 2 calls with this call; it was not sent"
    assert refused.value.details == {"budget": "model_calls", "allowed": 2, "used": 3, "unit": "calls"}
    assert (len(model.asked), spending.spent.model_calls) == (2, 2)


def test_an_answer_over_the_bound_of_an_agent_is_not_lost_and_the_next_one_is_not_sent() -> None:
    model = Model(longest=20)
    provider, _ = budgeted(model, Purse("agent a", tokens=50))
    model.used = Completion("long", "m", 10, 90)
    assert provider.complete(ASK).text == "long"
    with pytest.raises(CallError, match="agent a would use 126 of its 50 tokens"):
        provider.complete(ASK)


def test_a_model_without_a_price_is_charged_by_rule_and_that_is_told() -> None:
    model, told = Model(longest=40, price=None), list[str]()
    spending = Spending(Limits(cost=1.0))
    provider = BudgetedProvider(model, spending, rate=0.01, by_rule=told.append)
    provider.complete(ASK)
    assert spending.spent.cost_usd == spending.spent.cost_by_rule_usd == pytest.approx(0.5)
    provider.complete(ASK)
    with pytest.raises(LimitCrossed) as crossed:
        provider.complete(ASK)
    assert crossed.value.hit.name == "cost"
    assert set(told) == {"m"}


class Asking(threading.Thread):
    """A thread that asks; `got` is the answer or what was raised."""

    def __init__(self, ask: Any) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self.got: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.got = self._ask()
        except Exception as error:  # noqa: BLE001 - looked at by the test
            self.got = error

    def end(self) -> Any:
        self.join(DEADLINE)
        assert not self.is_alive()
        return self.got


def test_a_call_that_lacks_room_because_of_another_waits_for_it() -> None:
    model = Model(longest=80)
    provider, _ = budgeted(model, tokens=100)
    model.gate.clear()
    first = Asking(lambda: provider.complete(ASK))
    model.wait_until_asked()
    second = Asking(lambda: provider.complete(ASK._replace(max_tokens=10)))
    assert len(model.asked) == 1  # it may be on its way, but not beyond the reservation
    model.used = Completion("text", "m", 10, 30)
    model.gate.set()
    assert first.end().completion_tokens == 30
    assert second.end().completion_tokens == 30
    assert [request.max_tokens for request in model.asked] == [None, 10]


def test_beside_others_an_answer_may_be_shorter_but_not_below_what_is_fair() -> None:
    model = Model(longest=3 * FAIR_ANSWER)
    provider, _ = budgeted(model, tokens=20 + 4 * FAIR_ANSWER)
    model.gate.clear()
    threads = [Asking(lambda: provider.complete(ASK))]
    model.wait_until_asked()
    threads.append(Asking(lambda: provider.complete(ASK)))
    model.wait_until_asked()
    assert [request.max_tokens for request in model.asked] == [None, FAIR_ANSWER]
    model.gate.set()
    assert [thread.end().text for thread in threads] == ["text", "text"]


def test_a_call_does_not_wait_for_a_stream_that_nobody_reads() -> None:
    model = Model(longest=80)
    provider, spending = budgeted(model, tokens=100, patience=0.01)
    stream = provider.stream(ASK)
    next(stream)
    with pytest.raises(CallError, match="read the open streams to their end") as refused:
        provider.complete(ASK)
    assert refused.value.kind is ErrorKind.BUDGET
    stream.close()
    provider.complete(ASK)
    assert spending.spent.model_calls == 2


def test_a_call_of_a_provider_that_does_not_wait_does_not_wait_for_room() -> None:
    model = Model(longest=80, blocking=False)
    provider, _ = budgeted(model, tokens=100)
    stream = provider.stream(ASK)
    next(stream)
    with pytest.raises(CallError, match="hold what is left"):
        provider.complete(ASK)


def test_whoever_waits_for_room_goes_home_when_the_run_is_over() -> None:
    model = Model(longest=80)
    provider, spending = budgeted(model, tokens=100)
    model.gate.clear()
    first = Asking(lambda: provider.complete(ASK))
    model.wait_until_asked()
    second = Asking(lambda: provider.complete(ASK))
    spending.close()
    assert isinstance(second.end(), CallError)
    model.gate.set()
    first.end()
    assert len(model.asked) == 1


def test_calls_on_many_threads_never_cross_a_limit_together() -> None:
    model = Model(longest=50, price=0.001)
    provider, spending = budgeted(model, tokens=1000, cost=0.5, model_calls=30)
    ended = [thread.end() for thread in [Asking(lambda: provider.complete(ASK)) for _ in range(40)]]
    assert spending.spent.prompt_tokens + spending.spent.completion_tokens <= 1000
    assert spending.spent.cost_usd <= 0.5 + 1e-9
    assert spending.spent.model_calls <= 30
    assert any(isinstance(one, LimitCrossed) for one in ended)
    assert sum(isinstance(one, Completion) for one in ended) == spending.spent.model_calls


@given(
    st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 20_000), st.integers(0, 3), st.booleans()),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 30_000),
    st.floats(0, 2),
)
def test_whatever_is_asked_and_however_it_ends_no_more_is_held_and_spent_than_there_is(
    calls: list[tuple[int, int, int, bool]], tokens: int, cost: float
) -> None:
    spending = Spending(Limits(tokens=tokens, cost=cost, model_calls=8))
    held = []
    for prompt, answer, price, ends in calls:
        line = Price(prompt, price * 1e-5 * prompt, price * 1e-5)
        try:
            made = spending.reserve((), line.need(answer), partial(line.need, 1), may_wait=False)
        except (LimitCrossed, CallError):
            continue
        held.append(made)
        assert sum(one.need.tokens for one in held if one.open) + spending.spent.prompt_tokens <= tokens
        assert sum(one.need.cost_usd for one in held if one.open) + spending.spent.cost_usd <= cost + 1e-9
        assert made.need.completion_tokens <= answer
        if ends:
            made.settle(Completion("", "m", *made.need[:2], cost_usd=made.need.cost_usd), 0.0)
    for one in held:
        one.release()
    assert spending.spent.prompt_tokens + spending.spent.completion_tokens <= tokens
    assert spending.spent.cost_usd <= cost + 1e-9


def test_a_need_is_what_the_question_takes_and_the_answer() -> None:
    assert Need(3, 4, 0.0).tokens == 7
