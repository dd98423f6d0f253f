"""Rules of what a worker may leave out: tried where it claims the feature, or where there is a spell for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.capabilities.surface import SURFACE
from llmspell.engines.conformance.rule import NotApplicable, Rule, insist
from llmspell.engines.conformance.subject import Subject, told
from llmspell.engines.conformance.values import same
from llmspell.engines.deterministic import SEEDED_CLOCK
from llmspell.engines.worker import MAX_NAMES_SOURCE
from llmspell_workers.wire import Call, Done, Failed

NOT_THERE = {"kind": "not_found", "message": "there is no such thing", "details": {}}
SLEPT = 10
"""Seconds that the spell `dice` sleeps, of the run's own clock."""


def tells_the_unfinished(subject: Subject) -> None:
    subject.claims("check")
    with subject.configured() as talk:
        for spell, wanted in (("unfinished", True), ("wrong", False)):
            if spell not in subject.spells:
                continue
            last = talk.run(subject.spells[spell], mode="check").last
            error = last.error if isinstance(last, Failed) else {}
            insist(error.get("kind") == "syntax", f"the spell {spell} ended with {told(last)}")
            found = error.get("incomplete") is True
            insist(found is wanted, f"of the spell {spell} it said incomplete = {error.get('incomplete')!r}")


def tells_names(subject: Subject) -> None:
    claimed = subject.features.get("names")
    if claimed is None:
        raise NotApplicable("it does not claim the feature names")
    fits = type(claimed) is str and len(claimed) <= MAX_NAMES_SOURCE
    insist(fits, f"its names are no text of at most {MAX_NAMES_SOURCE} characters")
    names = _names(subject, claimed)
    for known, functions in SURFACE["globals"].items():
        if known in names:
            below = _names(subject, claimed, known)
            insist(
                any(name in below for name in functions), f"for {known} it told {below[:5]}, and none of its functions"
            )
            return


def _names(subject: Subject, source: str, *path: str) -> list[str]:
    """What the source of names gives, in a session as the prompt has it."""
    with subject.configured(session=True) as talk:
        ran = talk.run(source.encode(), positionals=path)
    names = ran.last.value if isinstance(ran.last, Done) else None
    insist(isinstance(names, list), f"the source of names ended with {told(ran.last)}, and gave no list")
    assert isinstance(names, list)
    insist(all(type(name) is str for name in names), "not all of its names are text")
    insist(not ran.printed and not ran.calls, "the source of names printed something, or made a call")
    return names


def keeps_its_session(subject: Subject) -> None:
    with subject.configured(session=True) as talk:
        for count in (1, 2, 3):
            last = talk.run(subject.spells["count"]).last
            value = last.value if isinstance(last, Done) else None
            insist(value == count, f"the run number {count} of a session ended with {told(last)}, value {value!r}")
            if "wrong" in subject.spells:
                talk.run(subject.spells["wrong"])  # a failure in between takes nothing away


def repeats_itself(subject: Subject) -> None:
    subject.claims("seed")
    first, again, other = (_thrown(subject, seed) for seed in (7, 7, 8))
    insist(first == again, f"two runs under the same seed gave {first} and {again}")
    insist(first[0] != other[0], f"under the seeds 7 and 8 the random number is {first[0]}")
    start, late = first[1] - SEEDED_CLOCK, first[2] - SEEDED_CLOCK
    insist(0 <= start < 1, f"the clock began {start:g} s after that of the run")
    insist(SLEPT <= late < SLEPT + 1, f"after a sleep of {SLEPT} s the clock was {late:g} s after its start")


def _thrown(subject: Subject, seed: int) -> list[float]:
    replay: Mapping[str, Any] = {"seed": seed, "clock": SEEDED_CLOCK}
    with subject.configured(replay=replay) as talk:
        ran = talk.run(subject.spells["dice"])
    value = ran.last.value if isinstance(ran.last, Done) else None
    fits = isinstance(value, list) and len(value) == 3 and all(type(one) in (int, float) for one in value)
    insist(fits, f"the spell dice ended with {told(ran.last)}, value {value!r:.100}")
    insist(not ran.calls, "a sleep under a seed was a call")
    assert isinstance(value, list)
    return value


def loads_modules(subject: Subject) -> None:
    subject.claims("modules")
    if "near" not in subject.spells:
        raise NotApplicable("there is no spell near, which prints `near` and a newline")
    asked: list[Any] = []

    def answer(call: Call) -> tuple[bool, Any]:
        if call.capability != "module.load":
            return False, NOT_THERE
        asked.append(call.arguments.get("paths") if isinstance(call.arguments, dict) else None)
        fits = type(asked[-1]) is list and 1 <= len(asked[-1]) <= 8 and all(type(path) is str for path in asked[-1])
        insist(fits, f"the paths of the module were {asked[-1]!r:.100}, and no list of 1 to 8 texts")
        near = next((path for path in asked[-1] if "near" in path), None)
        return (True, {"source": subject.spells["near"], "name": near}) if near else (False, NOT_THERE)

    ran = subject.run("module", answer)
    insist(any("near" in path for paths in asked for path in paths), f"it asked for the modules {asked!r:.100}")
    insist(isinstance(ran.last, Done), f"it ended with {told(ran.last)}")
    insist(ran.printed == b"near\n", f"the module printed {ran.printed[:80]!r}")


def hands_on_arguments(subject: Subject) -> None:
    for words in ([], ["a", "é b", ""]):
        with subject.configured() as talk:
            last = talk.run(subject.spells["words"], positionals=words).last
        value = last.value if isinstance(last, Done) else None
        insist(same(words, value), f"given {words} it ended with {told(last)}, value {value!r:.100}")


RULES = (
    Rule("run.words", "a script sees the words that it is given", hands_on_arguments, "words", mandatory=False),
    Rule("module.loaded", "asks for a module by module.load, and runs what it is given", loads_modules, "module",
         mandatory=False),
    Rule("run.incomplete", "says of what ends too early that it is incomplete, and of nothing else",
         tells_the_unfinished, "unfinished", mandatory=False),
    Rule("names.told", "the source of names gives a list of text, also of what is in one of them", tells_names,
         mandatory=False),
    Rule("session.kept", "where the setting session is true, a run finds what those before it have declared",
         keeps_its_session, "count", mandatory=False),
    Rule("seed.same", "under a seed random numbers and the clock are the run's own, and a sleep is no call",
         repeats_itself, "dice", mandatory=False),
)  # fmt: skip
