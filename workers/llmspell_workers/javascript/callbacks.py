"""The machine's ways back into Python: five functions in C, which call whatever is set here.

The rule kept here: they are made before the worker is confined, because making one makes machine code, which the
kernel refuses from then on; and nothing that they call may raise.
"""

from __future__ import annotations

from llmspell_workers.javascript.library import Interrupt, Load, Normalize, Ring, Track

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Callbacks:
    """Functions in C, and the Python functions behind them: set them before the machine is used."""

    def __init__(self) -> None:
        self.on_ring: Callable[[float, float], float] = lambda _operation, _argument: 0
        self.on_normalize: Callable[..., int | None] = lambda *_given: None
        self.on_load: Callable[..., int | None] = lambda *_given: None
        self.on_track: Callable[..., None] = lambda *_given: None
        self.on_interrupt: Callable[..., int] = lambda *_given: 0
        self.ring = Ring(lambda operation, argument: self.on_ring(operation, argument))
        self.normalize = Normalize(lambda *given: self.on_normalize(*given))
        self.load = Load(lambda *given: self.on_load(*given))
        self.track = Track(lambda *given: self.on_track(*given))
        self.interrupt = Interrupt(lambda *given: self.on_interrupt(*given))
