"""QuickJS as a C library: the functions of `quickjs.h` that the adapter uses, called through ctypes.

The rule kept here: of the Python package quickjs-ng only its shared library is used. Its Python types have no module
loader, no file names and no hook for rejections, cut text at a NUL and leave errors behind when memory is short (E25);
the library that they wrap exports the whole C API, which has all of that.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_bool, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

TYPE_CHECKING = False  # not from typing: its import costs half a worker's start (E16)
if TYPE_CHECKING:
    from typing import Any

TAG_OBJECT, TAG_INT, TAG_BOOL, TAG_NULL, TAG_UNDEFINED, TAG_EXCEPTION = -1, 0, 1, 2, 3, 6
TAG_UNINITIALIZED = 4
EVAL_GLOBAL, EVAL_MODULE, EVAL_INDIRECT, EVAL_STRICT, EVAL_COMPILE_ONLY, EVAL_ASYNC = 0, 1, 3, 1 << 3, 1 << 5, 1 << 7
PENDING, FULFILLED, REJECTED = 0, 1, 2
NUMBERS_TO_NUMBER = 7
"""JS_CFUNC_f_f_f: a function of two numbers that gives one. ctypes cannot make one that gives a JSValue."""


class Value(ctypes.Structure):
    """A `JSValue` of a 64-bit machine: who has one owns a reference, unless told otherwise."""

    _fields_ = (("payload", c_uint64), ("tag", c_int64))
    if TYPE_CHECKING:
        payload: int
        tag: int


Ring = ctypes.PYFUNCTYPE(c_double, c_double, c_double)
Normalize = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p, c_char_p, c_void_p)
Load = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p, c_void_p)
Track = ctypes.PYFUNCTYPE(None, c_void_p, Value, Value, c_bool, c_void_p)
Interrupt = ctypes.PYFUNCTYPE(c_int, c_void_p, c_void_p)

_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "JS_GetVersion": (c_char_p,),
    "JS_NewRuntime": (c_void_p,),
    "JS_NewContext": (c_void_p, c_void_p),
    "JS_SetMaxStackSize": (None, c_void_p, c_size_t),
    "JS_UpdateStackTop": (None, c_void_p),
    "JS_RunGC": (None, c_void_p),
    "JS_SetInterruptHandler": (None, c_void_p, Interrupt, c_void_p),
    "JS_SetModuleLoaderFunc": (None, c_void_p, Normalize, Load, c_void_p),
    "JS_SetHostPromiseRejectionTracker": (None, c_void_p, Track, c_void_p),
    "JS_Eval": (Value, c_void_p, c_char_p, c_size_t, c_char_p, c_int),
    "JS_EvalFunction": (Value, c_void_p, Value),
    "JS_Call": (Value, c_void_p, Value, Value, c_int, POINTER(Value)),
    "JS_ExecutePendingJob": (c_int, c_void_p, POINTER(c_void_p)),
    "JS_IsJobPending": (c_bool, c_void_p),
    "JS_GetException": (Value, c_void_p),
    "JS_Throw": (Value, c_void_p, Value),
    "JS_ThrowOutOfMemory": (Value, c_void_p),
    "JS_PromiseState": (c_int, c_void_p, Value),
    "JS_PromiseResult": (Value, c_void_p, Value),
    "JS_PromiseMarkAsHandled": (None, c_void_p, Value),
    "JS_IsPromise": (c_bool, Value),
    "JS_NewObject": (Value, c_void_p),
    "JS_NewStringLen": (Value, c_void_p, c_char_p, c_size_t),
    "JS_ParseJSON": (Value, c_void_p, c_char_p, c_size_t, c_char_p),
    "JS_NewUint8Array": (Value, c_void_p, c_void_p, c_size_t, c_void_p, c_void_p, c_bool),
    "JS_NewCFunction2": (Value, c_void_p, Ring, c_char_p, c_int, c_int, c_int),
    "JS_GetModuleNamespace": (Value, c_void_p, c_void_p),
    "JS_NewCModule": (c_void_p, c_void_p, c_char_p, c_void_p),
    "JS_GetPropertyStr": (Value, c_void_p, Value, c_char_p),
    "JS_GetPropertyUint32": (Value, c_void_p, Value, c_uint32),
    "JS_SetPropertyUint32": (c_int, c_void_p, Value, c_uint32, Value),
    "JS_SetPropertyStr": (c_int, c_void_p, Value, c_char_p, Value),
    "JS_GetGlobalObject": (Value, c_void_p),
    "JS_ToCStringLen2": (c_void_p, c_void_p, POINTER(c_size_t), Value, c_bool),
    "JS_FreeCString": (None, c_void_p, c_void_p),
    "JS_DupValue": (Value, c_void_p, Value),
    "JS_FreeValue": (None, c_void_p, Value),
    "js_strndup": (c_void_p, c_void_p, c_char_p, c_size_t),
}


class Library:
    """The functions, as attributes by their names without `JS_`. Raises ImportError if the library is another one."""

    def __init__(self) -> None:
        import _quickjs  # never `quickjs`, which starts a thread

        library = ctypes.PyDLL(_quickjs.__file__)  # Python's lock is kept: there is one thread
        if not hasattr(library, "JS_GetVersion"):
            raise ImportError(
                f"{_quickjs.__file__} belongs to the package quickjs, which hides quickjs-ng:"
                " pip uninstall quickjs quickjs-ng, then pip install quickjs-ng"
            )
        for name, (result, *arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name.removeprefix("JS_"), function)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
