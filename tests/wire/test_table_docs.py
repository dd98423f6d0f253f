"""The page of the protocol agrees with the tables that both ends run on."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from llmspell_workers.wire import FIELDS, KINDS, TRANSITIONS, Conversation
from llmspell_workers.wire.frames import _SHAPES

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_protocol", DOCS / "draw_protocol.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page() -> str:
    return (DOCS / "protocol.md").read_text(encoding="utf-8")


def test_the_tables_of_the_page_are_those_of_the_wire(drawing: ModuleType, page: str) -> None:
    assert drawing.drawn(page) == page, "run `python docs/draw_protocol.py`"


def test_a_changed_table_would_be_noticed(drawing: ModuleType, page: str) -> None:
    for line in [line for line in page.splitlines() if line.startswith("| running | ")]:
        assert drawing.drawn(page.replace(line, "| running | `Cancel` | host | idle |")) == page


@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: page.replace("<!-- drawn: caps -->", ""),
        lambda page: page.replace("<!-- drawn: caps -->", "<!-- drawn: hats -->"),
        lambda page: page + "<!-- drawn: caps -->\n<!-- end -->",
    ],
)
def test_a_page_without_its_markers_is_refused(drawing: ModuleType, page: str, spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(ValueError, match="section"):
        drawing.drawn(spoil(page))


def test_every_frame_field_shape_and_state_is_on_the_page(drawing: ModuleType, page: str) -> None:
    assert set(drawing.SHAPES) == set(_SHAPES) == {shape for shapes in FIELDS.values() for shape in shapes}
    for kind in KINDS.values():
        assert f"`{kind.__name__}`" in page
        for name in kind.__slots__:
            assert f"`{name}`" in page
    for state in TRANSITIONS:
        assert f"| {state} | " in page


def test_the_session_of_the_page_is_one_that_a_worker_could_have(drawing: ModuleType, page: str) -> None:
    """The bytes of the page itself, read by the two ends."""
    rows = [line.split(" | ") for line in page.split("<!-- drawn: session -->")[1].splitlines() if "| `00" in line]
    assert len(rows) == len(drawing.EXAMPLE) == 8
    worker, host = Conversation("worker"), Conversation("host")
    for (sender, data, *_), (frame, _) in zip(rows, drawing.EXAMPLE, strict=True):
        receiver, other = (worker, host) if sender == "| host" else (host, worker)
        assert other.send(frame) == bytes.fromhex(data.strip("`"))
        receiver.receive(bytes.fromhex(data.strip("`")))
        assert receiver.next_frame() == frame
    assert worker.state == host.state == "closed"


def test_the_page_has_one_sentence_per_line_and_says_what_it_does_not_cover(page: str) -> None:
    assert "## What this does not cover" in page
    prose = [line for line in page.splitlines() if line and line[0] not in "|<#"]
    assert not [line for line in prose if ". " in line.removeprefix(line[:3])]
