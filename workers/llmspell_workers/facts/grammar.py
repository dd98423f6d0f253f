"""tree-sitter, with one grammar.

The rule kept here: only the two extension modules are loaded, by their files. What their packages import besides, the
module `typing` above all, costs a worker 20 ms of the 30 that it takes to start.
"""

from __future__ import annotations

from _frozen_importlib import module_from_spec
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_EXTENSION = "_binding"
_COMMENTS = ("comment", "html_comment")


def parser_of(language: str) -> Any:
    """A tree-sitter parser of the language. Raises ImportError. To be called before the process is confined."""
    binding = _extension("tree_sitter")
    return binding.Parser(binding.Language(_extension(f"tree_sitter_{language}").language()))


def _extension(package: str) -> Any:
    found = PathFinder.find_spec(package)
    folders = found.submodule_search_locations if found is not None else None
    spec = PathFinder.find_spec(_EXTENSION, folders) if folders else None
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no {package}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def place_of(node: Any) -> tuple[int, int, int, int]:
    """Where a node stands."""
    start, end = node.start_point, node.end_point
    return start[0], start[1], end[0], end[1]


def text_of(node: Any) -> str:
    """What a node's source is."""
    return node.text.decode("utf-8", "replace")  # type: ignore[no-any-return]


def walk(root: Any, steps_of: Any) -> None:
    """Goes through a tree, in order and without recursion: a source may be nested as deeply as its parser admits.

    `steps_of(node)` gives what comes next: nodes to go through, and functions to call.
    """
    waiting = [root]
    while waiting:
        step = waiting.pop()
        if callable(step):
            step()
        else:
            waiting.extend(reversed(list(steps_of(step))))


def named(node: Any) -> Iterator[Any]:
    """The children that the grammar names, without comments: these stand everywhere, and are part of nothing."""
    return (child for child in node.children if child.is_named and child.type not in _COMMENTS)
