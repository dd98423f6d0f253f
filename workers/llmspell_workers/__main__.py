"""The first lines of a worker: the protocol off descriptors 0 and 1, confine, then serve.

Started as `python -I -S __main__.py [--namespaces] [--map=NAME=FILE...] FOLDER... ENGINE MEMORY`, with an empty
environment: `-S` keeps the `.pth` files of the environment from running first (E4), so the folders of this package and
its libraries are handed over. With `--namespaces` it enters some of its own; with `--map` an extension module of a
granted package is there for the engine.
Nothing that the engine or a library prints by accident can reach the protocol: 1 is stderr from the first line on.
"""

import gc
import os
import sys


def take_protocol() -> tuple[int, int]:
    """Moves the protocol to descriptors of its own; 0 is then empty and 1 is stderr. Closes all that was inherited."""
    os.closerange(3, 1 << 20)
    reader, writer = os.dup(0), os.dup(1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0, inheritable=False)
    os.dup2(2, 1, inheritable=False)
    os.close(empty)
    return reader, writer


if __name__ == "__main__":
    gc.disable()  # until all is loaded: looking through what stays, again and again, takes a tenth of a start
    protocol = take_protocol()
    *words, engine, memory = sys.argv[1:]
    options = [word for word in words if word.startswith("--")]
    sys.path[:0] = [folder for folder in words[len(options) :] if folder not in sys.path]
    from llmspell_workers.serve import main

    main(protocol, engine, memory, options)
