"""A small Lisp for llmspell, in a worker of its own. This file runs in the host, and only says how it is started."""

import os
import sys
from importlib.util import find_spec

from llmspell import EngineSpec

_HERE = os.path.dirname(os.path.abspath(__file__))
_MSGPACK = find_spec("msgpack")
assert _MSGPACK is not None
assert _MSGPACK.origin is not None
_LIBRARY = os.path.dirname(os.path.abspath(_MSGPACK.origin))

ENGINE = EngineSpec(
    "lisp",
    (".lisp",),
    # The worker runs without `site`, so it is told where msgpack is.
    command=(
        os.path.realpath(sys.executable), "-I", "-S", os.path.join(_HERE, "worker.py"), _LIBRARY,
    ),
    # What it reads once it is confined: Python with its standard library, msgpack, and its own two files.
    needs=(os.path.realpath(sys.base_prefix), _LIBRARY, _HERE),
    least_memory=20 * 1024 * 1024,
)  # fmt: skip
