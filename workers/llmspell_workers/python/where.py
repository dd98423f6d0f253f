"""The line that a script is at when the host asks for it, at the end of a run by a limit.

Theory of operation. The host sends SIGURG. The handler is one of C: Python's own would wait for the end of whatever
function of C is running, which may be what took the time. It runs in the middle of anything and may break; but then the
run is over, its verdict was found, and what breaks is the line. A script can change what it says: it is a claim.
"""

from __future__ import annotations

import ctypes
import sys
from _signal import SIG_DFL, SIGINT, SIGURG, signal  # type: ignore[import-not-found]

from llmspell_workers.channel import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_int)
_MOST_FRAMES = 20_000
_WRITING = (Channel.send.__code__, Channel.write.__code__, Channel.exchange.__code__)


class Where:
    """Finds the line. `script` is the name of the script's source while a run goes on, else None."""

    def __init__(self) -> None:
        self._handler = _HANDLER(self._asked)
        self._outer: Callable[[], FrameType | None] = lambda: None
        self._tell: Callable[[int], None] = lambda _line: None
        self.script: str | None = None

    def listen(self) -> None:
        """Takes the signal from now on; and the interrupt is no longer asyncio's to take."""
        signal(SIGINT, SIG_DFL)
        libc = ctypes.CDLL(None)
        libc.signal.argtypes = (ctypes.c_int, _HANDLER)
        libc.signal.restype = ctypes.c_void_p
        libc.signal(SIGURG, self._handler)

    def watch(self, outer: Callable[[], FrameType | None], tell: Callable[[int], None]) -> None:
        """`outer` gives the frame that waits for a branch, `tell` is given the line."""
        self._outer, self._tell = outer, tell

    def _asked(self, _number: int) -> None:
        if self.script is None:
            return
        line = self._line(sys._getframe(1)) or self._line(self._outer())
        if line:
            self._tell(line)

    def _line(self, frame: FrameType | None) -> int | None:
        """The line of the innermost frame of the script; None in the middle of a write, too."""
        waits = False
        for _ in range(_MOST_FRAMES):
            if frame is None:
                return None
            code = frame.f_code
            if code.co_filename == self.script:
                return frame.f_lineno
            if code is Channel.WAIT:
                waits = True  # all that was to be written is written
            elif code in _WRITING and not waits:
                return None  # a frame may be half written; it is asked again
            frame = frame.f_back
        return None
