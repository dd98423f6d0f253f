"""The host's side as Lua sees it: a handful of functions, and the only Python objects that Lua ever holds.

The rule kept here: they take and give numbers, booleans and bytes only, and raise nothing but what cannot be helped
(E11). Where memory is short they say so by giving nothing: raising would make an object in Lua, which takes memory too.
A fault of ours ends the process, with a word on stderr: a script would take it for something else.
"""

from __future__ import annotations

import os

from llmspell_workers.bridge import Bridge
from llmspell_workers.lua.dialects import chosen
from llmspell_workers.wire import Packed, Reply, Unsendable

_SMALL = 32768
"""Bytes: for a smaller answer `calls.lua` has made room before it was asked for."""
has_room = chosen().room()

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


def host_functions(bridge: Bridge, leave: Callable[[int], None]) -> dict[bytes, Callable[..., object]]:
    """What the Lua files call, by the names that they call it. `leave` ends the run and does not return."""
    names: dict[bytes, str] = {}

    def name_of(capability: bytes) -> str:
        if capability not in names:
            names[capability] = capability.decode()
        return names[capability]

    def handed_over(reply: Reply) -> tuple[object, ...]:
        """Ok flag, position of the value, bytes; nothing where there is no memory for them (E12)."""
        value = reply.value
        if type(value) is not Packed or not has_room(len(value.data)):
            return ()
        return reply.ok, value.start + 1, value.data

    def call(capability: bytes, packed: bytes) -> object:
        try:
            found = bridge.call(names.get(capability) or name_of(capability), packed)
            if found is None:
                return None
            ok, start, data = found
            return (ok, start + 1, data) if len(data) <= _SMALL or has_room(len(data)) else None
        except Unsendable as error:
            return None, str(error).encode()
        except MemoryError:
            return None
        except Exception as error:  # noqa: BLE001 - the boundary towards Lua
            _give_up(error)

    def begin(capability: bytes, packed: bytes) -> object:
        try:
            return bridge.begin(name_of(capability), packed)
        except Unsendable as error:
            return None, str(error).encode()
        except MemoryError:
            return None
        except Exception as error:  # noqa: BLE001 - the boundary towards Lua
            _give_up(error)

    def wait() -> object:
        try:
            reply = bridge.wait_any()
            return (reply.call, *handed_over(reply))
        except MemoryError:
            return None
        except Exception as error:  # noqa: BLE001 - the boundary towards Lua
            _give_up(error)

    def forget(number: int) -> None:
        bridge.forget(number)

    def output(stream: bytes, data: bytes) -> bool:
        try:
            bridge.output(name_of(stream), data)
        except MemoryError:
            return False
        except Exception as error:  # noqa: BLE001 - the boundary towards Lua
            _give_up(error)
        return True

    return {
        b"host_call": call,
        b"host_begin": begin,
        b"host_wait": wait,
        b"host_forget": forget,
        b"host_room": has_room,
        b"host_output": output,
        b"host_exit": leave,
    }


def _give_up(error: Exception) -> NoReturn:
    os.write(2, f"{type(error).__name__}: {error}\n".encode())
    os._exit(1)
