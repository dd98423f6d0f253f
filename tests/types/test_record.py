"""Records: made, compared, copied, and never changed."""

from __future__ import annotations

import copy
import pickle
from typing import ClassVar

import pytest

from llmspell.types.record import Record


class Spell(Record):
    kind: ClassVar[str] = "spell"

    name: str
    words: tuple[str, ...] = ()
    marks: dict[str, int] = {}


class Curse(Spell):
    strength: int = 1


class Named(Record, kw_only=True):
    first: int = 0
    second: int


def test_fields_are_given_by_position_or_by_name_and_the_rest_have_defaults() -> None:
    assert Spell("a", ("b",)) == Spell(words=("b",), name="a") == Spell("a", words=("b",), marks={})
    assert Curse("a", (), {}, 2).but(strength=3) == Curse("a", strength=3)
    assert Named(second=2).first == 0
    assert (Spell.field_names, Curse.field_names) == (
        ("name", "words", "marks"),
        ("name", "words", "marks", "strength"),
    )


@pytest.mark.parametrize(
    ("given", "named", "said"),
    [
        ((), {}, "Spell needs the field name"),
        (("a", (), {}, 4), {}, "Spell takes 3 fields by position, not 4"),
        (("a",), {"name": "b"}, "Spell has no field name, or was given it twice"),
        (("a",), {"nmae": "b"}, "Spell has no field nmae"),
    ],
)
def test_fields_that_do_not_fit_are_refused(given: tuple[object, ...], named: dict[str, object], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        Spell(*given, **named)  # type: ignore[arg-type]


def test_fields_by_name_only_are_refused_by_position() -> None:
    with pytest.raises(TypeError, match="Named takes 0 fields by position, not 2"):
        Named(1, 2)  # type: ignore[call-arg]


def test_a_record_is_never_changed_and_has_room_for_nothing_else() -> None:
    spell = Spell("a")
    with pytest.raises(AttributeError, match=r"Spell.name cannot be changed; make another with but\(name=...\)"):
        spell.name = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"Spell.other cannot be changed"):
        spell.other = "b"
    with pytest.raises(AttributeError, match=r"Spell.name cannot be removed"):
        del spell.name
    assert not hasattr(spell, "__dict__")


def test_a_default_map_is_not_shared() -> None:
    first, second = Spell("a"), Spell("a")
    first.marks["x"] = 1
    assert second.marks == {}
    assert Spell("a").marks == {}


def test_records_of_another_type_are_not_equal() -> None:
    others: list[object] = [Curse("a"), ("a", (), {}), None]
    assert Spell("a") not in others
    assert Spell("a") != Spell("b")


def test_a_record_of_what_can_be_hashed_can_be_hashed() -> None:
    assert len({Named(second=1), Named(second=1), Named(second=2)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Spell("a"))


def test_a_record_can_be_copied_and_pickled() -> None:
    spell = Curse("a", ("b",), {"c": 1}, strength=7)
    assert copy.deepcopy(spell) == spell
    assert copy.deepcopy(spell).marks is not spell.marks
    assert pickle.loads(pickle.dumps(spell)) == spell
    assert copy.copy(Named(second=1)) == Named(second=1)


def test_a_record_can_be_matched() -> None:
    match Curse("a", strength=7):
        case Curse(name, strength=strength):
            assert (name, strength) == ("a", 7)
        case _:
            raise AssertionError


def test_what_is_printed_is_how_it_was_made() -> None:
    assert repr(Curse("a", marks={"b": 1})) == "Curse(name='a', words=(), marks={'b': 1}, strength=1)"
