"""litellm itself: the only module that imports it, when it is first asked for or said to be needed soon.

The import takes 3 s and 167 MiB, spread over hundreds of modules, so it is not made lighter but begun early: `preload`
imports on a thread of its own, while the worker starts and the script runs up to its first call.
This file keeps the rule that litellm asks nobody but the provider (no price list, tokenizer, `.env` file or telemetry
is fetched) and prints nothing. Its import reads the environment, so what it reads there is set first.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - it has handlers of a fork: they may not be new after one has begun
import functools
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from llmspell.providers.context_variable import set_to

_LOCAL = "MODEL_COST_MAP ANTHROPIC_BETA_HEADERS BLOG_POSTS POLICY_TEMPLATES AUTOROUTER_PRESETS"
"""What litellm would fetch from its repository, by the end of the variable that makes it use its own copy."""
_OF_ITSELF = (
    (".*`ReadOnly` qualifier", UserWarning),
    ("Accessing the 'model_(computed_)?fields' attribute on the instance", DeprecationWarning),
)
"""What pydantic warns of in litellm's own types, in the middle of calls: where warnings are errors, as in many a test
suite, an answer would fail with it."""

_lock = threading.Lock()
_importing = threading.RLock()
_LONGEST_IMPORT = 30.0
"""Seconds for which a fork waits at most."""
_begun: threading.Thread | None = None
_loaded: Any = None
_first_filter: object = None


def preload() -> threading.Thread:
    """Begins to import litellm, if nobody has; gives the thread. A failure waits for the first call, which meets it."""
    global _begun
    with _lock:
        if _begun is None:
            _begun = threading.Thread(target=_try_load, name="llmspell-preload", daemon=True)
            _begun.start()
        return _begun


def load() -> Any:
    """litellm, quiet and offline."""
    global _loaded
    if _loaded is None:
        with _importing:
            _loaded = _loaded or _imported()
    _ignore_warnings_of_itself()
    return _loaded


@contextmanager
def unlogged() -> Iterator[None]:
    """While it is open, litellm tells nobody of this thread's calls, if the process has set nobody up to be told.

    Else it works out what it would tell on a thread of its own, which takes 0.7 ms of the next call (of 4.2).
    """
    quiet = _quiet_calls()
    if quiet is None or load().success_callback or load().callbacks:
        yield
        return
    with set_to(quiet, True):
        yield


def http_handler(client: Any) -> Any:
    """An `httpx.Client` in the form in which litellm takes it for services that it speaks to itself."""
    from litellm.llms.custom_httpx.http_handler import HTTPHandler

    return HTTPHandler(client=client)


def _ignore_warnings_of_itself() -> None:
    """Puts these before the filters that others have set since."""
    global _first_filter
    if not warnings.filters or warnings.filters[0] is not _first_filter:
        for message, category in _OF_ITSELF:
            warnings.filterwarnings("ignore", message, category)
        _first_filter = warnings.filters[0]


@functools.cache
def _quiet_calls() -> ContextVar[bool] | None:
    """litellm's own mark of a call whose caller is told by other means; versions before it have none."""
    try:
        from litellm._internal_context import is_internal_call
    except ImportError:
        return None
    return is_internal_call


def _try_load() -> None:
    try:
        with _importing:
            load()
            import llmspell.providers.litellm_call
            import llmspell.providers.litellm_stream  # noqa: F401
    except Exception:  # noqa: BLE001  a boundary: whatever it is, the first call will raise it again
        return


def _wait_for_import() -> None:
    """Before a fork: a module whose import is cut in two by it can never be imported there."""
    global _fork_holds
    _fork_holds = _importing.acquire(timeout=_LONGEST_IMPORT)


def _go_on() -> None:
    """After it, on both sides, on the thread that has forked."""
    if _fork_holds:
        _importing.release()


_fork_holds = False
os.register_at_fork(before=_wait_for_import, after_in_parent=_go_on, after_in_child=_go_on)


def _imported() -> Any:
    for name in _LOCAL.split():
        os.environ[f"LITELLM_LOCAL_{name}"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # else it reads a `.env` file, a cloned repository's perhaps
    _ignore_warnings_of_itself()
    try:
        import litellm
    except BaseException:
        for name in [name for name in sys.modules if name.partition(".")[0] == "litellm"]:
            del sys.modules[name]  # Python forgets the package only: made again of halves, it would lack what failed
        raise
    litellm.telemetry = False
    litellm.suppress_debug_info = True  # else an error prints advice to stdout
    litellm.disable_streaming_logging = True
    litellm.disable_hf_tokenizer_download = True
    for logger in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(logger).disabled = True
    _make_no_loops(litellm)
    return litellm


def _make_no_loops(litellm: Any) -> None:
    """Has litellm make no event loop at the end of each call, 0.3 ms of it, where no service is to be told of it."""
    try:
        from litellm._service_logger import ServiceLogging
        from litellm.litellm_core_utils import logging_utils
    except ImportError:
        return  # another version, with other ways

    class OnlyIfAsked(ServiceLogging):
        def service_success_hook(self, *arguments: Any, **named: Any) -> None:
            if litellm.service_callback:
                super().service_success_hook(*arguments, **named)

    logging_utils._service_logger = OnlyIfAsked()  # type: ignore[assignment]  # it is declared as None
