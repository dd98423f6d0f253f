"""The worker: frames in and out, one script after another, by docs/protocol.md and nothing of llmspell's own.

Started as `python -I -S worker.py FOLDER ENGINE MEMORY`; FOLDER is msgpack's own. It may read that folder and this one,
but not list the one around them, so msgpack is loaded by its file.
"""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
found = spec_from_file_location("msgpack", os.path.join(sys.argv[1], "__init__.py"))
msgpack = sys.modules["msgpack"] = module_from_spec(found)
found.loader.exec_module(msgpack)

from language import Failure, evaluated, globals_of, parsed  # noqa: E402

HELLO, CONFIGURE, RUN, OUTPUT, CALL, REPLY, DONE, FAILED, FATAL, SHUTDOWN = range(1, 11)
TO_HOST = 4 * 1024 * 1024
PIECE = 1024 * 1024
TO_WORKER = min(16 * 1024 * 1024, int(sys.argv[-1]) // 4)


def take(size):
    data = bytearray()
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece:
            os._exit(0)  # the host is gone
        data += piece
    return data


def receive():
    size = int.from_bytes(take(4), "big")
    if size > TO_WORKER:
        leave("the host sent a frame over its cap")
    try:
        frame = msgpack.unpackb(take(size))
    except ValueError:  # msgpack's own errors are of this kind
        leave("the host sent what is no msgpack")
    if not isinstance(frame, list) or not frame or frame[0] not in (CONFIGURE, RUN, REPLY, SHUTDOWN):
        leave("the host sent what is no frame of its own")
    return frame


def send(*frame):
    try:
        body = msgpack.packb(frame)
    except (OverflowError, ValueError, TypeError) as error:
        raise Failure("validation", f"a value cannot travel: {error}") from None
    if len(body) > TO_HOST:
        raise Failure("validation", f"a value of {len(body)} bytes is more than one frame holds")
    data = memoryview(len(body).to_bytes(4, "big") + body)
    while data:
        data = data[os.write(1, data) :]


def leave(why):
    os.write(2, f"lisp: {why}\n".encode())
    os._exit(1)


class Host:
    """What the language asks of the world: calls, of which several may be open, and output."""

    def __init__(self):
        self.last = 0

    def call(self, capability, arguments):
        return self.together([(capability, arguments)])[0]

    def together(self, calls):
        """Has all of them open at once; the first error is raised after all are answered."""
        first = self.last + 1
        for capability, arguments in calls:
            self.last += 1
            send(CALL, self.last, capability, arguments)
        replies = {}
        while len(replies) < len(calls):
            _, number, fine, value = receive()
            replies[number] = (fine, value)
        answers = [replies[number] for number in range(first, first + len(calls))]
        for fine, value in answers:
            if not fine:
                raise Failure(value["kind"], value["message"])
        return [value for _, value in answers]

    def output(self, text):
        data = text.encode("utf-8", "surrogatepass")
        for at in range(0, len(data), PIECE):
            send(OUTPUT, "stdout", data[at : at + PIECE])


def run(frame, surface, host):
    """One script, and the frame that tells how it ended."""
    _, number, source, _name, arguments, mode = frame
    forms = []
    try:
        for line, form in parsed(source):
            forms.append((line, form))
        if mode == "check":
            return DONE, number, None, None, {}
    except Failure as error:
        return FAILED, number, error.told(), {}
    value, line, scope = None, 1, globals_of(host, surface, arguments)
    try:
        for line, form in forms:  # noqa: B007 - the failures below name it
            value = evaluated(form, scope)
        body = (DONE, number, value, None, {})
        if len(msgpack.packb(body)) > TO_HOST:
            raise Failure("validation", "the result is more than one frame holds")
        return body
    except Failure as error:
        return FAILED, number, error.told(line), {}
    except RecursionError:
        return FAILED, number, Failure("runtime", "nested too deeply").told(line), {}
    except (OverflowError, TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        return FAILED, number, Failure("validation", f"{type(error).__name__}: {error}"[:500]).told(line), {}


def main():
    engine, host = sys.argv[-2], Host()
    send(HELLO, 1, engine, "lisp 1", {"streaming": True, "parallel": True, "check": True})
    surface = {}
    while (frame := receive())[0] != SHUTDOWN:
        if frame[0] == CONFIGURE:
            if frame[1] != 1:
                send(FATAL, "this worker speaks protocol 1")
                os._exit(1)
            surface = frame[4]
        elif frame[0] == RUN:
            number, reserve = frame[1], bytes(PIECE)  # for the last frame of a script that eats all memory
            try:
                last = run(frame, surface, host)
            except MemoryError:
                last = None
            del reserve
            frame = None
            send(*(last or (FAILED, number, Failure("memory", "not enough memory").told(), {})))


if __name__ == "__main__":
    main()
