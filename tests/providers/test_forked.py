"""A program that forks after it has asked a model: a service that loads itself once and forks its processes off."""

from __future__ import annotations

import subprocess
import sys

from tests.uncounted import uncounted

FORKED = """
import os
from llmspell import ProviderManager, ProviderSettings, ScriptRuntime
from llmspell.testing import Answer, Gate, LLMServer

SOURCE = "return Agent.create{}:execute(ARGS[1]).text"
with LLMServer() as server:
    held = Gate()
    server.answer(Answer(pieces=["for ", held, "the process"]), match="process")
    settings = ProviderSettings(base_url=server.base_url, api_key_env="KEY", max_retries=0, timeout_seconds=10)
    providers = ProviderManager({"local": settings}, environ={"KEY": "sk-test"}, default_model="local/small")
    with providers:
        runtime = ScriptRuntime.with_lua(providers=providers)
        print(runtime.execute(SOURCE, arguments=["warm"]).value, flush=True)
        pid = os.fork()
        if pid == 0:
            outcome = runtime.execute(SOURCE, arguments=["process"])
            os.write(1, f"{outcome.value} {outcome.error}\\n".encode())
            os._exit(0)
        server.wait_for_request(2)
        outcome = runtime.execute(SOURCE, arguments=["host"])
        print(outcome.value, outcome.error, flush=True)
        held.open()
        os.waitpid(pid, 0)
"""


def test_a_process_that_was_forked_off_reads_no_answer_of_its_host() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED], env=uncounted(), capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout.splitlines() == ["warm", "host None", "for the process None"], done.stderr


EARLY = """
import os
from llmspell import ProviderManager, ProviderSettings, ScriptRuntime
from llmspell.testing import LLMServer

with LLMServer() as server:
    settings = ProviderSettings(base_url=server.base_url, api_key_env="KEY", max_retries=0)
    providers = ProviderManager({"local": settings}, environ={"KEY": "sk-test"}, default_model="local/small")
    with providers:
        runtime = ScriptRuntime.with_lua(providers=providers)
        providers.preload(b"Agent")
        pid = os.fork()
        outcome = runtime.execute("return Agent.create{}:execute('tea').text")
        os.write(1, f"{outcome.value} {outcome.error}\\n".encode())
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
"""


def test_a_fork_while_the_client_library_is_loaded_leaves_a_process_that_can_ask() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EARLY], env=uncounted(), capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.stdout.splitlines(), done.stderr) == (["tea None"] * 2, "")
