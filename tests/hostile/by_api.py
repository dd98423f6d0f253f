"""Runs a case through the Python API, in a host that does something else meanwhile and goes on afterwards."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmspell import Outcome, Policy, ScriptRuntime, ToolGrant, default_policy
from llmspell.cli.words import read_words
from llmspell.engines.factory import EngineFactory, EngineSpec
from llmspell.errors import LlmspellError
from llmspell.limits import Limits
from llmspell.providers.manager import ProviderManager
from llmspell.providers.settings import ProviderSettings
from llmspell.source import read_script
from tests.hostile.cases import REQUIRED, SUFFIX, ZEROS, Case
from tests.hostile.ended import Ended
from tests.hostile.scene import Scene

PEACEFUL = """
local sum = 0
for i = 1, 40 do sum = sum + Tool.execute('calculator', {input = '1+1'}).result.result end
print('peaceful')
return sum
"""
HOST_ROOM = 64 << 20
"""Bytes that a hostile run may take in the host above a peaceful one (`architecture.md`, Limits)."""


def peaceful(runtime: ScriptRuntime) -> None:
    """A run that behaves, and that nothing may disturb."""
    outcome = runtime.execute(PEACEFUL, name="peaceful.lua")
    assert outcome.ok, outcome.error
    assert (outcome.value, outcome.stdout) == (80, b"peaceful\n")


@contextmanager
def beside(runtime: ScriptRuntime) -> Iterator[None]:
    """Peaceful runs in another thread, one after the other, as long as the block lasts; at least one."""
    over = threading.Event()
    faults: list[BaseException] = []

    def go_on() -> None:
        try:
            peaceful(runtime)
            while not over.wait(0.2):
                peaceful(runtime)
        except BaseException as fault:  # noqa: BLE001 - carried to the test's thread
            faults.append(fault)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert faults == []


def run(case: Case, scene: Scene) -> Ended:
    """One run. What is refused before anything runs ends as `usage` does on the command line."""
    providers = ProviderManager(
        {
            "planted": ProviderSettings(
                "litellm", base_url=f"http://127.0.0.1:9/{scene.secrets['address']}", api_key_env="PLANTED_KEY"
            )
        },
        environ={**os.environ, **scene.secrets},
    )
    before = forget_peak()
    began = time.monotonic()
    try:
        with providers:
            outcome = _execute(case, scene, providers)
    except LlmspellError as error:
        return Ended(2, None, b"", str(error).encode(), time.monotonic() - began, peak() - before)
    seconds, most = time.monotonic() - began, peak() - before  # the document is made by this test, and not streamed
    document = outcome.to_dict(pass_on=case.command != "sandbox")
    said = json.dumps(document).encode() + outcome.diagnostics.encode()
    return Ended(outcome.exit_code(pass_on=case.command != "sandbox"), document, outcome.stdout, said, seconds, most)


def _execute(case: Case, scene: Scene, providers: ProviderManager) -> Outcome:
    options = [option.format(scene=scene.folder) for option in case.options]
    read = read_words([*options, "-"])
    assert read is not None, "options that need a parser are for the command line alone: name the passes"
    choices = read[1]
    limits = choices.limits(Limits())
    attacker = EngineSpec("attacker", (SUFFIX,), command=scene.attacker)
    runtime = ScriptRuntime(
        attacker if case.kind == "worker" else EngineFactory().for_script(os.fsdecode(case.script), b""),
        require=REQUIRED[case.kind],
        providers=providers,
        policy=_policy(
            case, scene, choices.allow_tools, choices.allow_models, choices.allow_read, choices.allow_write
        )._replace(packages=choices.allow_packages),
        limits=limits,
        stdin=_reader(case.stdin or b""),
    )
    script = scene.folder / os.fsdecode(case.script)
    source = case.source if case.command == "exec" else read_script(str(script), limits.source_allowed)
    return runtime.execute(
        source,
        name=os.fsencode(script.name).decode("utf-8", "backslashreplace") if case.command != "exec" else "exec",
        arguments=[os.fsdecode(argument) for argument in case.arguments],
        folder=str(script.parent) if case.command != "exec" else None,
    )


def _reader(text: bytes) -> Callable[[int], bytes]:
    if text == ZEROS:
        return bytes
    rest = [text]
    return lambda _size: rest.pop() if rest else b""


def _policy(
    case: Case,
    scene: Scene,
    tools: tuple[str, ...],
    models: tuple[str, ...],
    readable: tuple[str, ...],
    writable: tuple[str, ...],
) -> Policy:
    granted = Policy() if case.command == "sandbox" else default_policy()
    bounds = (text.partition("=max_calls:") for text in tools)
    folders = tuple(os.path.join(scene.folder, path) for path in readable)
    return granted._replace(
        tools={**granted.tools, **{name: ToolGrant(int(most) if most else None) for name, _, most in bounds}},
        models=(*granted.models, *models),
        read=folders,
        write=tuple(os.path.join(scene.folder, path) for path in writable),
        modules=granted.modules or str(scene.folder) in map(os.path.normpath, folders),
    )


def forget_peak() -> int:
    """Makes the kernel forget this process's peak; what is resident now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """The most that was resident since then."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise AssertionError("no VmHWM in /proc/self/status")
