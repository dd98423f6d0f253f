"""What a runtime and its runs are given, checked: each function raises UsageError for what cannot be meant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from llmspell.engines.factory import EngineSpec
from llmspell.errors import UsageError, nearest
from llmspell.limits import MAX_SEED
from llmspell.policy import Policy
from llmspell.sandbox.wake import Cancellation
from llmspell.tools.catalog import ToolCatalog
from llmspell.tools.tool import Tool, canonical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.capabilities.packages import Packages

_OF_A_TOOL = ("name", "description", "category", "version", "schema", "blocking", "execute")


def check_engine(engine: object) -> EngineSpec:
    """The same row of an engine."""
    if not isinstance(engine, EngineSpec):
        raise UsageError(f"{engine!r:.60} is no EngineSpec: ScriptRuntime.with_engine takes a name")
    return engine


def check_tools(tools: Iterable[object]) -> tuple[Tool, ...]:
    """The same tools, each of them one, no two of a name."""
    seen: dict[str, Tool] = {}
    if not isinstance(tools, Iterable):
        raise UsageError(f"tools are several, and {tools!r:.60} is one: put it into a list")
    for tool in tools:
        if isinstance(tool, type):
            raise UsageError(f"{tool!r:.60} is a class, and no Tool: make one of it")
        lacking = next((each for each in _OF_A_TOOL if not hasattr(tool, each)), None)
        if lacking is not None:
            hint = "; FunctionTool makes one of a function" if callable(tool) else ""
            raise UsageError(f"{tool!r:.60} is no Tool: it has no {lacking}{hint}")
        name = canonical(tool.name)  # type: ignore[attr-defined]  # it was looked for
        if name in seen:
            raise UsageError(f"two tools are called {name!r:.100}: scripts could not tell them apart")
        seen[name] = tool  # type: ignore[assignment]
    return tuple(seen.values())


def check_grants(policy: Policy, tools: ToolCatalog) -> None:
    """Refuses a grant of a tool that is not there: it would grant nothing, and say nothing."""
    for name in policy.tools:
        if name not in tools:
            close = nearest(name, list(tools))
            hint = f"; did you mean {close}?" if close else ""
            raise UsageError(f"the policy grants a tool that is not there: {name!r:.100}{hint}")


def grant_packages(engine: EngineSpec, names: tuple[str, ...]) -> tuple[EngineSpec, Packages | None]:
    """The engine with what its worker needs for the granted packages, and their modules. Raises UsageError."""
    if not names:
        return engine, None
    if engine.extensions is None:
        raise UsageError(
            f"engine {engine.name} imports no packages, and was granted {', '.join(names)[:100]}: scripts in Python do"
        )
    from llmspell.capabilities.packages import Packages

    packages = Packages(names)
    extensions = tuple(f"{name}={file}" for name, file in packages.extensions.items())
    settings = {**engine.settings, "packages": sorted(packages.first_names)}
    return engine._replace(settings=settings, extensions=extensions), packages


def source_bytes(source: object) -> bytes:
    """A source as bytes; what came in as bytes that are no text goes out as the same bytes."""
    if isinstance(source, str):
        return _utf8(source, "a source")
    if not isinstance(source, (bytes, bytearray)):
        raise UsageError(f"a source is text or bytes, not {type(source).__name__}")
    return bytes(source)


def check_arguments(arguments: Iterable[str]) -> tuple[str, ...]:
    """The arguments of a script."""
    if isinstance(arguments, str | bytes):
        raise UsageError(f"the arguments of a script are several texts, not the one text {arguments!r:.60}")
    words = tuple(arguments)
    for word in words:
        if not isinstance(word, str):
            raise UsageError(f"an argument of a script is text, not {word!r:.60}")
        _utf8(word, "an argument of a script")
    return words


def check_run(name: object, emit: object, cancellation: object) -> None:
    """What a run is called, what is given its output, and what ends it."""
    if not isinstance(name, str):
        raise UsageError(f"the name of a script is text, not {name!r:.60}")
    if emit is not None and not callable(emit):
        raise UsageError(f"emit is called with a stream and bytes, and {emit!r:.60} cannot be called")
    if cancellation is not None and not isinstance(cancellation, Cancellation):
        raise UsageError(f"{cancellation!r:.60} is no Cancellation")


def check_folder(folder: object) -> str | Mapping[str, bytes] | None:
    """Where the modules of a script are: a path as text, or they themselves by their paths."""
    if folder is None or isinstance(folder, Mapping):
        return folder
    if isinstance(folder, str | bytes | os.PathLike):
        return os.fsdecode(folder)
    raise UsageError(f"the folder of modules is a path, or a map of paths to sources, not {folder!r:.60}")


def _utf8(text: str, what: str) -> bytes:
    """Text as UTF-8, and what Python made of bytes that are none (U+DC80 to U+DCFF) as those bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        half = f"{text[error.start]!r} at character {error.start + 1}"
        raise UsageError(f"{what} is no text: it has {half}, half of a pair of surrogates") from None


def check_seed(seed: object) -> None:
    """The seed of a deterministic run, if it is to be one."""
    if seed is not None and not (type(seed) is int and 0 <= seed <= MAX_SEED):
        raise UsageError(f"{seed!r:.60} is no seed: it is a whole number from 0 to {MAX_SEED}")
