"""The worker of the probe: the real worker's first lines and its loop, with the probe in the place of an engine.

Started as `python -I -S worker.py OPTION... -- FOLDER... ENGINE MEMORY`; see the package's text for the options.
"""

import os
import runpy
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NOBODY = 65534


def main() -> None:
    options, rest = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
    folders = rest[:-2]
    sys.path[:0] = [*folders, HERE]
    package = next(folder for folder in folders if os.path.isdir(os.path.join(folder, "llmspell_workers")))
    first_lines = runpy.run_path(os.path.join(package, "llmspell_workers", "__main__.py"))
    protocol = first_lines["take_protocol"]()

    import engine  # type: ignore[import-not-found] # the one beside this file

    from llmspell_workers import confine, serve

    def armed(memory: int, *, namespaces: bool = False) -> confine.Confinement:
        if "user" in options and os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        if "free" in options:
            calls: confine.SystemCalls = confine.SystemCalls()
            confine.steps.limit(calls, confine.steps.MEMORY, memory)
            return confine.Confinement()
        if "refuse" in options:
            return confine.confine_worker(memory, calls=engine.Refusing(options[options.index("refuse") + 1]))
        return confine.confine_worker(memory, namespaces=namespaces)

    serve.ENGINES["probe"] = "engine"
    serve.confine_worker = armed  # type: ignore[assignment,attr-defined]
    serve.main(protocol, "probe", rest[-1])


if __name__ == "__main__":
    main()
