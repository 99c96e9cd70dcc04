"""What ends a command before its time: the first such event does, and no further one disturbs.

Ctrl-C, SIGTERM, SIGHUP (as a dropped SSH session sends) and a standard output that takes no more
are treated alike: the main thread gets an exception, so that guests are removed and what was
measured is kept.
"""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(frozen=True)
class Cause:
    """Why a command ends. code: its exit status, as a shell reports it for the signal."""

    words: str
    code: int


# What an interrupted run says, unless a guest could not be removed.
KEPT = "guests are removed, finished measurements are kept."
CTRL_C = Cause("Interrupted", 130)
_CAUSES = {
    signal.SIGINT: CTRL_C,
    signal.SIGTERM: Cause("Interrupted by SIGTERM", 143),
    signal.SIGHUP: Cause("Interrupted by SIGHUP", 129),
}
OUTPUT_LOST_CODE = 141
# Stands for a request by another thread. Nothing else sends it, and by default it is ignored.
_REQUEST = signal.SIGURG
_requested: list[Cause] = []


class Interrupted(KeyboardInterrupt):
    """A command ends before its time; its text, if any, says what became of the guests."""

    def __init__(self, cause: Cause, text: str = "") -> None:
        super().__init__(text)
        self.cause = cause


def cause_of(interrupt: KeyboardInterrupt) -> Cause:
    """Return why; Python's own exception is that of Ctrl-C."""
    return interrupt.cause if isinstance(interrupt, Interrupted) else CTRL_C


def output_lost(reason: str) -> Cause:
    """Return the cause where standard output takes no more, for that reason."""
    return Cause(f"Standard output takes no more ({reason})", OUTPUT_LOST_CODE)


def interrupt(cause: Cause) -> None:
    """Raise Interrupted in the main thread, from whichever thread this is called."""
    if threading.current_thread() is threading.main_thread():
        raise Interrupted(cause)
    _requested.append(cause)
    _thread.interrupt_main(_REQUEST)


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Raise Interrupted at the first such event, and ignore further ones from then on.

    They stay ignored after the block: what is left is to say how the command ended. What the caller
    ignores stays ignored, such as SIGHUP by nohup. Nested blocks and other threads change nothing.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(_REQUEST) is _on_signal
    ):
        yield
        return
    previous = {
        number: signal.getsignal(number)
        for number in _CAUSES
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)
    }
    previous[_REQUEST] = signal.getsignal(_REQUEST)
    for number in previous:
        signal.signal(number, _on_signal)
    try:
        yield
    finally:
        for number, handler in previous.items():
            if signal.getsignal(number) is _on_signal:
                signal.signal(number, handler)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    if number == _REQUEST and not _requested:
        return
    cause = _requested[0] if number == _REQUEST else _CAUSES[signal.Signals(number)]
    _requested.clear()
    for signal_number in (*_CAUSES, _REQUEST):
        signal.signal(signal_number, signal.SIG_IGN)
    raise Interrupted(cause)
