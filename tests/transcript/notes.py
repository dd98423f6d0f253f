"""A host that can be run as a program of its own: its tool writes down each time that it is executed, and may end
the host or its worker then.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmspell import FunctionTool, Limits, Outcome, ProviderManager, ScriptRuntime, default_policy
from llmspell.providers.echo import EchoProvider
from llmspell.providers.provider import Chunk, Completion, ModelRequest, Provider, ProviderCapabilities, ToolRequest

SOURCE = """
local agent = Agent.create{name = "bee", model = "model/asks", tools = {"note"}}
print(math.random(1000000))
for i = 1, 3 do print(Tool.execute("note", {line = "plain " .. i})) end
agent:set_state{seen = 1}
print(agent:execute("first").text)
for chunk in agent:stream("second") do io.write(chunk.text, "|") end
print(agent:get_metrics().messages, agent:get_metrics().tool_calls, agent:get_state().seen)
print(pcall(Tool.execute, "note", {line = "last"}))
return math.random(1000000)
"""
"""Tool calls of the script, tool calls of the model in an answer that is whole and in one that is streamed."""


class Asks(EchoProvider):
    """A model that asks for the tool before it answers, and answers with how many messages it was shown."""

    __slots__ = ("_notes",)

    def __init__(self, notes: Path) -> None:
        super().__init__("model")
        self._notes = notes

    @property
    def capabilities(self) -> ProviderCapabilities:
        return ProviderCapabilities(supports_tools=True)

    def complete(self, request: ModelRequest) -> Completion:
        with self._notes.open("a") as file:
            file.write("asked\n")
        return self._answer(request)

    def _answer(self, request: ModelRequest) -> Completion:
        last = request.messages[-1]
        if last["role"] == "user":
            call = ToolRequest("c1", "note", {"line": f"model {last['content']}"}, "{}")
            return Completion("", request.model, 5, 1, tool_calls=(call,))
        return Completion(f"shown {len(request.messages)} messages", request.model, 5, 2)

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        completion = self.complete(request)
        if completion.text:
            first, rest = completion.text[:5], completion.text[5:]
            yield Chunk(first)
            yield Chunk(rest, final=completion)
        else:
            yield Chunk("", final=completion)


class Manager(ProviderManager):
    def __init__(self, notes: Path) -> None:
        super().__init__(environ={})
        self._model = Asks(notes)

    def get(self, name: str) -> Provider:
        return self._model if name == "model" else super().get(name)

    def _all_names(self, *_: str | None) -> list[tuple[str, str]]:
        return [("model", "asks")]


def runtime(notes: Path, *, kill: str = "", at: str = "", limits: Limits | None = None) -> ScriptRuntime:
    """`kill` is what ends at the line `at`: `host` before the tool has written it or `host after`, or the `worker`."""

    def note(line: str) -> str:
        if line == at and kill == "host":
            os.kill(os.getpid(), signal.SIGKILL)
        with notes.open("a") as file:
            file.write(line + "\n")
        if line == at and kill == "host after":
            os.kill(os.getpid(), signal.SIGKILL)
        if line == at and kill == "worker":
            for child in Path("/proc/self/task").glob("*/children"):
                for pid in child.read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
        return f"noted {line}"

    return ScriptRuntime.with_lua(
        tools=[FunctionTool(note)],
        policy=default_policy().with_tools(["note"]),
        providers=Manager(notes),
        limits=limits or Limits(cpu=20, wall=100),
    )


def run(notes: Path, record: Any, *, kill: str = "", at: str = "") -> Outcome:
    return runtime(notes, kill=kill, at=at).execute(SOURCE, record=record, arguments=["a"])


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], kill=sys.argv[3], at=sys.argv[4])
