"""One hunt in a process of its own: `python -m fuzz.hunter TARGET ...`. `python -m fuzz` starts it.

The code under test is found by the module search path, so that a copy with a defect can stand there; it is loaded here
and nowhere before, so that a fuzzer which watches coverage sees all of it.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import traceback
from pathlib import Path
from random import Random

from fuzz.target import Target

FOUND = 77
"""The exit status after a finding; atheris has the same."""


def main() -> int:
    """Hunts, and prints what a person wants to know; the last line is for `python -m fuzz`."""
    asked = _arguments()
    if asked.input is not None:
        return _replay(asked.target, asked.input)
    if asked.fuzzer == "atheris":
        return _guided(asked)
    return _plain(asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--fuzzer", choices=("plain", "atheris"), default="plain")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--random", type=int, default=1)
    parser.add_argument("--seeds", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, help="where inputs that reach something new are kept (atheris)")
    parser.add_argument("--findings", type=Path, required=True)
    parser.add_argument("--input", type=Path, help="runs this one input and nothing else")
    return parser.parse_args()


def _target(name: str) -> Target:
    from fuzz.targets import TARGETS

    return TARGETS[name]


def _replay(name: str, path: Path) -> int:
    _target(name).make()(path.read_bytes())
    return 0


def _plain(asked: argparse.Namespace) -> int:
    from fuzz.plain import hunt

    target = _target(asked.target)
    seeds = [path.read_bytes() for path in sorted(asked.seeds.iterdir())]
    ended = hunt(target.make(), seeds, target.words, random=Random(asked.random), seconds=asked.seconds)
    if ended.found is not None:
        path = asked.findings / f"crash-{hashlib.sha256(ended.found).hexdigest()[:16]}"
        path.write_bytes(ended.found)
        traceback.print_exception(ended.error, file=sys.stderr)
    print(f"executions {ended.executions} in {ended.seconds:.3f} s")
    return FOUND if ended.found is not None else 0


def _guided(asked: argparse.Namespace) -> int:
    import atheris

    with atheris.instrument_imports(include=["llmspell", "llmspell_workers"]):
        target = _target(asked.target)
        check = target.make()
    words = asked.corpus / "words"
    inputs = asked.corpus / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    words.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in target.words))
    options = {
        "max_total_time": max(1, round(asked.seconds)),
        "seed": asked.random,
        "max_len": 4096,
        "len_control": 0,
        "timeout": 10,
        "rss_limit_mb": 1024,
        "print_final_stats": 1,
        "dict": words,
        "artifact_prefix": f"{asked.findings}/",
    }
    atheris.Setup(
        [sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), str(inputs), str(asked.seeds)], check
    )
    atheris.Fuzz()  # leaves the process
    return 0


if __name__ == "__main__":
    sys.exit(main())
