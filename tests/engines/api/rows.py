"""Every row of the script API as a step that a spell can take: what is called, with what, and what must come of it.

Drawn from the table of the script API and from nothing else, so a function that is added there is a step here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from llmspell.capabilities.surface import SURFACE
from llmspell.errors import CallError, ErrorKind
from llmspell.sandbox.broker import Handler

CHUNKS = ["one", "two"]
"""What every stream of the suite says, chunk by chunk."""
OBJECT = {"id": "number 1", "name": "made"}
WORDS = ["first", "second", "third", "fourth", "fifth", "sixth"]
"""The arguments that every function is called with, as many as it takes."""

OWN: dict[str, dict[str, Any]] = {
    "Suite": {
        "plan": {"calls": "suite.plan", "takes": []},
        "step": {"calls": "suite.step", "takes": ["number"]},
        "note": {"calls": "suite.note", "takes": ["value"]},
        "fail": {"calls": "suite.fail", "takes": ["kind"]},
        "wide": {"calls": "suite.wide", "takes": ["a", "b", "c", "d", "e"], "with": {"f": [1, {"g": True}]}},
        "caught": {"calls": "suite.fail", "takes": ["kind"], "caught": True},
    }
}
"""Functions that no engine has heard of: they are there by the table alone."""


def surface() -> dict[str, Any]:
    """The table of the script API with the suite's own functions, one that makes each class of object among them."""
    made = {
        f"make_{name}": {"calls": "suite.make", "takes": [], "gives": name, "with": {"class": name}}
        for name in SURFACE["objects"]
    }
    return {**SURFACE, "globals": {**SURFACE["globals"], "Suite": {**OWN["Suite"], **made}}}


class Step(NamedTuple):
    """One function under one spelling. `maker` makes the object whose method it is; `form` is what it gives."""

    spelling: str
    maker: str | None
    path: list[str]
    form: str
    row: Mapping[str, Any]

    def told(self) -> dict[str, Any]:
        """What a spell is told of the step."""
        words = WORDS[: len(self.row.get("takes", []))]
        told: dict[str, Any] = {"maker": self.maker, "path": self.path, "form": self.form, "words": words}
        if self.form == "builder":
            builder = SURFACE["builders"][self.row["starts"]]
            told |= {"sets": builder["sets"], "appends": list(builder["appends"])}
        return told

    def call(self) -> tuple[str, dict[str, Any]]:
        """The call that the host must see."""
        if self.form == "builder":
            builder = SURFACE["builders"][self.row["starts"]]
            fields: dict[str, Any] = {name: f"the {name}" for name in builder["sets"]}
            for name, field in builder["appends"].items():
                fields[field] = ["given", f"the {name}"]
            return builder["build"]["calls"], {builder["build"]["takes"][0]: fields}
        row = self.row
        arguments = dict(zip(row["takes"], WORDS, strict=False)) | dict(row.get("with", {}))
        return row["calls"], arguments | ({"self": OBJECT["id"]} if self.maker else {})

    def answer(self) -> Any:
        """What the host answers."""
        match self.form:
            case "object" | "builder":
                return OBJECT
            case "many":
                return [OBJECT, OBJECT]
            case "stream" | "each":
                return {"stream": 1}
        return {"answer": [self.spelling]}

    def noted(self) -> Any:
        """What the spell must have got of it."""
        match self.form:
            case "object" | "builder":
                return "made"
            case "many":
                return ["made", "made"]
            case "stream" | "each":
                return CHUNKS
            case "caught":
                return {"success": True, "output": {"answer": [self.spelling]}}
        return {"answer": [self.spelling]}


def steps() -> Iterator[Step]:
    """Every function of the table under every spelling, methods of objects included."""
    table = surface()
    for name, functions in table["globals"].items():
        if name != "Suite":
            for function, row in functions.items():
                yield from _spelled(None, [name], function, row)
    yield from _spelled(None, ["Suite"], "wide", OWN["Suite"]["wide"])
    for function, row in table["functions"].items():
        yield from _spelled(None, [], function, row)
    for another, meant in table["same"].items():
        for function, row in table["globals"][meant].items():
            yield from _spelled(None, [another], function, row)
    for kind, spec in table["objects"].items():
        for method, row in spec["methods"].items():
            yield from _spelled(f"make_{kind}", [], method, row)


def _spelled(maker: str | None, path: list[str], name: str, row: Mapping[str, Any]) -> Iterator[Step]:
    for spelling in (name, *row.get("also", [])):
        whole = [*path, spelling]
        shown = ".".join([maker.removeprefix("make_"), *whole] if maker else whole)
        yield Step(shown, maker, whole, _form(row), row)


def _form(row: Mapping[str, Any]) -> str:
    if "starts" in row:
        return "builder"
    if row.get("each"):
        return "each"
    if row.get("caught"):
        return "caught"
    gives = row.get("gives")
    if gives is None:
        return "value"
    return "stream" if gives == "stream" else "many" if row.get("many") else "object"


class Host:
    """Answers all calls of one run, and keeps what it saw. `plan` is what `Suite.plan()` gives."""

    def __init__(self, plan: object, steps: list[Step] | None = None) -> None:
        self.plan = plan
        self.notes: list[Any] = []
        self.calls: dict[int, list[tuple[str, Any]]] = {}
        self._steps = steps or []
        self._at = -1
        self._left: list[str] = []

    def handlers(self) -> dict[str, Handler]:
        """One for every capability that the table calls."""
        made: dict[str, Handler] = {}
        for capability in {step.call()[0] for step in self._steps}:
            made[capability] = Handler(partial(self._answer, capability))
        own = {
            "suite.plan": lambda _: self.plan, "suite.step": self._step, "suite.make": lambda _: OBJECT,
            "suite.note": lambda arguments: self.notes.append(arguments.get("value")),
            "suite.fail": self._fail, "stream.next": self._next, "stream.close": lambda _: None,
        }  # fmt: skip
        return made | {name: Handler(run) for name, run in own.items()}

    def _step(self, arguments: Mapping[str, Any]) -> None:
        self._at = int(arguments["number"])
        self._left = list(CHUNKS)

    def _answer(self, capability: str, arguments: Any) -> Any:
        self.calls.setdefault(self._at, []).append((capability, dict(arguments)))
        return self._steps[self._at].answer()

    def _next(self, _arguments: Mapping[str, Any]) -> Any:
        return {"text": self._left.pop(0)} if self._left else None

    def _fail(self, arguments: Mapping[str, Any]) -> Any:
        kind = arguments["kind"]
        raise CallError(ErrorKind(kind), f"it is {kind}", {"kind": [kind, 1]})
