"""A worker that breaks one rule, named by its first argument; with `none` it breaks none of those that are tried."""

import os
import signal
import sys
import time
from typing import Any

import msgpack  # type: ignore[import-untyped]

FAULT = sys.argv[1]
CALL, REPLY, DONE, FAILED, FATAL = 5, 6, 7, 8, 9


def read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece and FAULT == "stays":
            while True:
                os.sched_yield()
        if not piece:
            os._exit(0)
        data += piece
    return data


def receive() -> list[Any]:
    size = int.from_bytes(read(4), "big")
    if size > 13 << 20:
        os._exit(1)
    body = read(size)
    try:
        frame: list[Any] = msgpack.unpackb(body)
        known = 2 <= frame[0] <= 10
    except ValueError:
        known = False
    if not known and FAULT != "takes-garbage":
        os._exit(1)
    return frame if known else [2, 1]


def send(*frame: object) -> None:
    body = msgpack.packb(frame)
    data = len(body).to_bytes(4, "big") + body
    while data:
        data = data[os.write(1, data) :]


def changed(value: Any) -> Any:
    """The answer as a faulty codec has it."""
    if FAULT == "rounds" and isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return int(float(value)) if abs(value) < 2**63 - 600 else 0
    if FAULT == "shows-bytes" and isinstance(value, bytes):
        return repr(value)[:1000]
    if FAULT == "ends-text" and isinstance(value, str):
        return value.split("\0")[0]
    if FAULT == "trims-text" and isinstance(value, str):
        return value.strip()
    if FAULT == "drops-nil" and isinstance(value, list):
        return [one for one in value if one is not None]
    if FAULT == "lowers-keys" and isinstance(value, dict):
        return {key.lower(): one for key, one in value.items()}
    return value


class Session:
    """What Configure said, and how often `count` has run."""

    kept = 0
    session = False
    replay: dict[str, Any] = {}


def claims() -> dict[str, Any]:
    names = b"names" if FAULT == "names-in-bytes" else "names" + " " * (5000 if FAULT == "names-too-long" else 0)
    return {
        "parallel": True,
        "check": True,
        "seed": True,
        "streaming": True,
        "last_line": True,
        "modules": True,
        "names": names,
    }


def told_names(number: int, arguments: dict[str, Any]) -> None:
    if FAULT == "names-printed":
        send(4, "stdout", b"Tool")
    below = arguments["positionals"] and FAULT != "names-of-all"
    names: Any = ["execute", "list"] if below else ["Tool", "print", *([7] if FAULT == "names-of-numbers" else [])]
    send(DONE, number, {"names": names} if FAULT == "names-in-a-map" else names, None, {})


def throw(number: int, call: int) -> None:
    seed, clock = Session.replay["seed"], Session.replay["clock"]
    number_of_it = {"dice-of-the-machine": os.getpid(), "dice-of-one-seed": 1}.get(FAULT, seed * 1103515245 % 2**31)
    if FAULT == "sleep-asked":
        send(CALL, call, "sleep", {"seconds": 10})
        receive()
    now = time.time() if FAULT == "clock-of-the-machine" else clock
    thrown = [number_of_it, now, clock if FAULT == "clock-that-stands" else clock + 10.5]
    send(DONE, number, thrown[:2] if FAULT == "dice-too-few" else thrown, None, {})


def run(number: int, source: bytes, arguments: dict[str, Any], call: int) -> int:
    if source in (b"wrong", b"unfinished"):
        error: dict[str, Any] = {"kind": "runtime" if FAULT == "no-syntax" else "syntax", "message": "wrong"}
        if (source == b"unfinished" and FAULT != "never-unfinished") or FAULT == "always-unfinished":
            error["incomplete"] = True
        if FAULT == "line-0":
            error["line"] = 0
        send(FAILED, number, error, {})
    elif source.startswith(b"names"):
        told_names(number, arguments)
    elif source == b"words":
        send(DONE, number, [] if FAULT == "no-words" else arguments["positionals"], None, {})
    elif source == b"module" and FAULT != "no-module":
        call += 1
        send(CALL, call, "module.load", {"paths": "near" if FAULT == "one-path" else ["near.kit"]})
        found = receive()[3]
        return run(number, found["source"], arguments, call)
    elif source in (b"module", b"near"):
        send(4, "stdout", b"near\n")
        send(DONE, number, None, None, {})
    elif source == b"count":
        Session.kept = Session.kept + 1 if Session.session and FAULT != "forgets" else 1
        send(DONE, number, Session.kept, None, {})
    elif source == b"dice":
        call += 1
        throw(number, call)
    elif source == b"loop":
        if FAULT != "no-line":
            signal.signal(signal.SIGURG, lambda *_: tell_line(number))
        while True:
            pass
    elif source == b"back":
        call = 1 if FAULT == "same-id" else call + 1
        name = "take" if FAULT == "other-tool" else "give"
        send(CALL, call, "tool.invoke", {"name": name})
        _, _, fine, value = receive()
        if fine or FAULT == "swallows":
            value = changed(value)
            if isinstance(value, list) and len(msgpack.packb(value)) > 4 << 20 and FAULT != "over-cap":
                send(FAILED, number, {"kind": "validation", "message": "too long"}, {})
            elif isinstance(value, bytes) and len(value) > 4 << 20:
                os._exit(9) if FAULT == "dies" else send(FAILED, number, {"kind": "memory", "message": "no"}, {})
            else:
                send(DONE, number, value, None, {})
        else:
            send(FAILED, number, {**value, "kind": "runtime" if FAULT == "one-kind" else value["kind"]}, {})
    elif source == b"parallel":
        send(CALL, call + 1, "tool.invoke", {"name": "give"})
        if FAULT == "one-by-one":
            receive()
        send(CALL, call + 2, "tool.invoke", {"name": "give"})
        answers: dict[int, Any] = {}
        while len(answers) < 2:
            _, answered, fine, value = receive()
            if not fine:
                send(FAILED, number, value, {})
                break
            answers[answered] = value
        else:
            send(DONE, number, [answers[one] for one in sorted(answers)], None, {})
        call += 2
    elif source == b"stream":
        while True:
            call += 1
            send(CALL, call, "stream.next", {"stream": 7})
            chunk = receive()[3]
            if chunk is None:
                break
            data = chunk["text"].encode()
            size = len(data) if FAULT == "one-output" else 1 << 20
            for at in range(0, len(data), size):
                send(4, "stdout", data[at : at + size])
        send(DONE, number, None, None, {})
    else:
        text = b"hello" if FAULT == "no-newline" else b"hello\n"
        if FAULT == "print-on-stdout":
            os.write(1, text)
        send(4, "stderr" if FAULT == "print-on-stderr" else "stdout", text)
        send(DONE, number + (FAULT == "other-run"), None, 1 if FAULT == "exits-with-1" else None, {})
    return call


def tell_line(number: int) -> None:
    send(FAILED, number, {"kind": "runtime", "message": "asked", "line": 2}, {})
    os._exit(0)


def main() -> None:
    if FAULT == "silent":
        receive()
    send(
        1,
        2 if FAULT == "protocol-2" else 1,
        "other" if FAULT == "other-name" else sys.argv[-2],
        "faulty",
        claims(),
    )
    call = 0
    while (frame := receive())[0] != 10:
        if frame[0] == 2 and frame[1] != 1 and FAULT != "any-protocol":
            send(FATAL, "no")
            os._exit(1)
        if frame[0] == 2 and len(frame) > 6:
            if FAULT == "knows-all" and frame[2].keys() - {"memory", "cpu", "wall", "output", "calls"}:
                os._exit(1)
            Session.session, Session.replay = frame[3].get("session", False), frame[6] or {}
        if frame[0] == REPLY and FAULT == "no-late-reply":
            os._exit(1)
        if frame[0] == 3:
            call = run(frame[1], frame[2], frame[4], call)
    if FAULT == "last-word":
        send(FATAL, "bye")
    os._exit(5 if FAULT == "bad-status" else 0)


main()
