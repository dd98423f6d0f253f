"""Runs a worker that lets itself be looked at: dumpable, so that its own user may read its maps and descriptors.

Started as `python -I -S visible.py MAIN FOLDER... ENGINE MEMORY`, where MAIN is the worker's program.
"""

import runpy
import sys

if __name__ == "__main__":
    program, *arguments = sys.argv[1:]
    sys.argv = [program, *arguments]
    sys.path[:0] = arguments[:-2]
    from llmspell_workers.confine import steps

    steps.hide_from_others = lambda calls: None  # noqa: ARG005
    runpy.run_path(program, run_name="__main__")
