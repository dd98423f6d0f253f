"""Names of Node's and browsers' libraries that a spell has not, and what it has in their place.

The rule kept here: nothing is defined for them, so that a library which asks `typeof require` is told the truth; only
the error that nobody caught says more.
"""

from __future__ import annotations

_NO_NETWORK = "a spell has no network; models are asked with Agent, and all else by a tool of the host (FunctionTool)"
_MODULES = "modules beside the spell are imported and exported: import {name} from './file.js'"
_INSTEAD = {
    "require": _MODULES,
    "module": _MODULES,
    "exports": _MODULES,
    "fetch": _NO_NETWORK,
    "XMLHttpRequest": _NO_NETWORK,
    "WebSocket": _NO_NETWORK,
    "Buffer": "bytes are a Uint8Array; TextEncoder and TextDecoder make them of text, and text of them",
    "global": "the global object is globalThis",
    "self": "the global object is globalThis",
    "window": "a spell runs in no browser; the global object is globalThis",
    "document": "a spell runs in no browser",
    "crypto": "the tools hash-calculator and uuid-generator are there",
    "__dirname": "a spell has no files; ARGS[0] is its name",
    "__filename": "ARGS[0] is the name of the spell",
    "prompt": "await stdin.readLine() reads a line",
    "alert": "console.log prints",
    "Deno": "a spell has no files and no network; what there is, the script API gives",
    "Intl": "this engine has no Intl",
}
_BEFORE, _BEHIND = "ReferenceError: ", " is not defined"


def with_advice(message: str) -> str:
    """The message of an error, and what to use where it is of a name that is not there.

    >>> with_advice("ReferenceError: alert is not defined")
    'ReferenceError: alert is not defined: console.log prints'
    """
    instead = None
    if message.startswith(_BEFORE) and message.endswith(_BEHIND):
        instead = _INSTEAD.get(message.removeprefix(_BEFORE).removesuffix(_BEHIND))
    return f"{message}: {instead}" if instead else message
