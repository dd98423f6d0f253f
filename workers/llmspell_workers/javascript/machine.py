"""One JavaScript machine: sources are compiled in it, functions called, jobs run, and only text and numbers cross.

The rule kept here: no Python object is ever seen by a script, and no object of the script is kept by Python but its
promises and errors, until they are told as text. A reference that is had is let go of in the function that has it.
"""

from __future__ import annotations

import ctypes

from llmspell_workers.javascript.callbacks import Callbacks
from llmspell_workers.javascript.library import (
    EVAL_COMPILE_ONLY,
    NUMBERS_TO_NUMBER,
    TAG_BOOL,
    TAG_EXCEPTION,
    TAG_UNDEFINED,
    Library,
    Value,
)

UNDEFINED = Value(0, TAG_UNDEFINED)
_REQUEST, _ANSWER = 0, 1
_DESK = 8192
"""Bytes: most calls have fewer; a page or two is touched."""
_MOST_ARGUMENTS = 3


class JavaScriptError(Exception):
    """A call into the machine raised; `value` is what, and belongs to whoever catches this."""

    def __init__(self, value: Value) -> None:
        super().__init__("raised in JavaScript")
        self.value = value


class Machine:
    """A runtime and its only context."""

    def __init__(self, library: Library, callbacks: Callbacks, stack: int) -> None:
        """`stack` are the bytes that calls inside one another may take of it. Raises MemoryError."""
        self.js = js = library
        self.runtime = js.NewRuntime()
        self.context = self.runtime and js.NewContext(self.runtime)
        if not self.context:
            raise MemoryError
        js.SetMaxStackSize(self.runtime, stack)
        self._callbacks = callbacks
        js.SetModuleLoaderFunc(self.runtime, callbacks.normalize, callbacks.load, None)
        js.SetHostPromiseRejectionTracker(self.runtime, callbacks.track, None)
        js.SetInterruptHandler(self.runtime, callbacks.interrupt, None)
        self._size = ctypes.c_size_t()
        self._at_size = ctypes.byref(self._size)
        self._job = ctypes.byref(ctypes.c_void_p())
        self._arguments = (Value * _MOST_ARGUMENTS)()
        self._mail = UNDEFINED
        self._memory = (ctypes.c_uint8 * _DESK)()
        self._desk = memoryview(self._memory).cast("B")

    def build(self, parts: list[tuple[str, bytes]]) -> Value:
        """Hands one object through the adapter's sources and gives it: `ring`, `mail` and `desk` are on it before.

        The mail is a list for a text each way; the desk is memory that both sides see.
        """
        js, context = self.js, self.context
        shared = self.checked(js.NewObject(context))
        ring = js.NewCFunction2(context, self._callbacks.ring, b"ring", 2, NUMBERS_TO_NUMBER, 0)
        js.SetPropertyStr(context, shared, b"ring", ring)
        self._mail = self.evaluate(b"[null, null]", b"llmspell/mail")
        js.SetPropertyStr(context, shared, b"mail", js.DupValue(context, self._mail))
        desk = self.checked(js.NewUint8Array(context, ctypes.addressof(self._memory), _DESK, None, None, False))
        js.SetPropertyStr(context, shared, b"desk", desk)
        for name, source in parts:
            made = self.evaluate(source, f"llmspell/{name}".encode())
            self.free(self.call(made, shared))
            self.free(made)
        return shared

    def evaluate(self, source: bytes, name: bytes, flags: int = 0) -> Value:
        """What a source gives. Raises JavaScriptError."""
        return self.checked(self.js.Eval(self.context, source, len(source), name, flags))

    def compile(self, source: bytes, name: bytes, flags: int) -> Value:
        """A source that was only parsed, its modules loaded; `run` runs it. Raises JavaScriptError."""
        return self.evaluate(source, name, flags | EVAL_COMPILE_ONLY)

    def run(self, compiled: Value) -> Value:
        """What a compiled source gives, a promise. Raises JavaScriptError."""
        return self.checked(self.js.EvalFunction(self.context, compiled))

    def call(self, function: Value, *arguments: Value) -> Value:
        """Calls a function, and lets go of nothing. Raises JavaScriptError."""
        given = self._arguments if len(arguments) <= _MOST_ARGUMENTS else (Value * len(arguments))()
        for place, argument in enumerate(arguments):
            given[place] = argument
        return self.checked(self.js.Call(self.context, function, UNDEFINED, len(arguments), given))

    def jobs(self) -> None:
        """Runs what is ready to be run, until nothing is. Raises JavaScriptError for a job that raises."""
        execute, runtime, out = self.js.ExecutePendingJob, self.runtime, self._job
        while state := execute(runtime, out):
            if state < 0:
                raise JavaScriptError(self.js.GetException(self.context))

    def checked(self, value: Value) -> Value:
        """The value; raises JavaScriptError where it says that there is none."""
        if value.tag == TAG_EXCEPTION:
            raise JavaScriptError(self.js.GetException(self.context))
        return value

    def member(self, of: Value, name: bytes) -> Value:
        """A property. Raises JavaScriptError."""
        return self.checked(self.js.GetPropertyStr(self.context, of, name))

    def text(self, text: bytes) -> Value:
        """A string of JavaScript. Raises JavaScriptError without memory for it."""
        return self.checked(self.js.NewStringLen(self.context, text, len(text)))

    def parsed(self, text: bytes) -> Value:
        """The value that a text of JSON says. Raises JavaScriptError, mostly without memory for it."""
        return self.checked(self.js.ParseJSON(self.context, text, len(text), b"llmspell/reply"))

    def read(self, value: Value) -> bytes:
        """The UTF-8 of a string of JavaScript; a lone surrogate is three bytes. Raises JavaScriptError, MemoryError."""
        js, context = self.js, self.context
        start = js.ToCStringLen2(context, self._at_size, value, False)
        if not start:
            raise JavaScriptError(js.GetException(context))
        try:
            return ctypes.string_at(start, self._size.value)
        finally:
            js.FreeCString(context, start)

    def read_bytes(self, value: Value) -> bytes:
        """The bytes of a string of JavaScript that has one in each character. Raises as `read` does."""
        return self.read(value).decode().encode("latin-1")

    def packed(self, length: int) -> bytes:
        """So many bytes that the adapter has put down for Python."""
        if length <= _DESK:
            return bytes(self._desk[:length])
        return self.request().decode().encode("latin-1")

    def request(self) -> bytes:
        """The text that the adapter has put down for Python."""
        value = self.js.GetPropertyUint32(self.context, self._mail, _REQUEST)
        try:
            return self.read(value)
        finally:
            self.free(value)

    def answer(self, value: Value) -> None:
        """Puts a value down for the adapter, and lets go of it."""
        self.js.SetPropertyUint32(self.context, self._mail, _ANSWER, value)

    def duplicate(self, value: Value) -> Value:
        """One reference more; what a callback is given is not its own."""
        copy: Value = self.js.DupValue(self.context, value)
        return copy

    def collect(self) -> None:
        """Runs the collector."""
        self.js.RunGC(self.runtime)

    def free(self, value: Value) -> None:
        """Lets go of a reference."""
        self.js.FreeValue(self.context, value)


def boolean(value: bool) -> Value:
    """A boolean as JavaScript has it."""
    return Value(int(value), TAG_BOOL)
