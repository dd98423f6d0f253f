"""`python -m llmspell.testing`: the model server by itself, for demonstrations and for tests in other languages."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from llmspell.testing.script_file import ScriptFile, ScriptFileError, read_script
from llmspell.testing.server import LLMServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM; the first line on stdout is the base URL. 2 for what cannot be used."""
    options = parser().parse_args(arguments)
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # before there are threads, which inherit it
    try:
        script = read_script(options.script) if options.script else ScriptFile()
        server = LLMServer(key=options.key or script.key, models=options.model or script.models, port=options.port)
    except (OSError, OverflowError, ScriptFileError) as error:
        print(f"python -m llmspell.testing: {error}", file=sys.stderr)
        return 2
    with server:
        server.queue(*script.answers)
        for rule in script.rules:
            server.add(rule)
        print(server.base_url, flush=True)
        signal.sigwait(signals)
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(
        prog="python -m llmspell.testing",
        description="A model server on 127.0.0.1 that speaks the OpenAI protocol, for tests and demonstrations. "
        "Without a script it answers with the last message of the user.",
    )
    parser.add_argument("--port", type=int, default=0, help="where to listen; 0, the default, is any free port")
    parser.add_argument("--script", type=Path, metavar="FILE", help="what to answer, as JSON (docs/testing.md)")
    parser.add_argument("--key", help="the only API key that is taken; without one every caller is served")
    parser.add_argument("--model", action="append", metavar="NAME", help="a model that is there; without one all are")
    return parser


if __name__ == "__main__":
    sys.exit(main())
