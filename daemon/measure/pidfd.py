"""Pidfds: file descriptors that stand for one process, whatever becomes of its pid."""

from __future__ import absolute_import, division, print_function

import ctypes
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    Open = Callable[[int], int]  # pid -> pidfd
    Send = Callable[[int, int], None]  # pidfd, signal number

# The same numbers on every architecture that guests have.
NR_PIDFD_SEND_SIGNAL, NR_PIDFD_OPEN = 424, 434


def choose_pidfd():
    # type: () -> tuple[Open | None, Send | None, str]
    """Return how to open a pidfd, how to signal one, and the method's name.

    The functions are None where the kernel has no pidfd (before Linux 5.3).
    """
    candidates = [pidfd_by_ctypes() + ("pidfd by ctypes",)]
    if hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal"):
        candidates.insert(0, (os.pidfd_open, signal.pidfd_send_signal, "pidfd"))
    for open_pidfd, send, name in candidates:
        try:
            fd = open_pidfd(os.getpid())
            send(fd, 0)
            os.close(fd)
        except OSError:
            continue
        return open_pidfd, send, name
    return None, None, "proc polling"


def pidfd_by_ctypes():
    # type: () -> tuple[Open, Send]
    """Return how to open and to signal a pidfd on Pythons before 3.9."""
    libc = ctypes.CDLL(None, use_errno=True)

    def system_call(*arguments):
        # type: (object) -> int
        result = libc.syscall(*arguments)  # type: int
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

    def open_pidfd(pid):
        # type: (int) -> int
        return system_call(NR_PIDFD_OPEN, ctypes.c_int(pid), ctypes.c_uint(0))

    def send(pidfd, number):
        # type: (int, int) -> None
        system_call(
            NR_PIDFD_SEND_SIGNAL,
            ctypes.c_int(pidfd),
            ctypes.c_int(number),
            ctypes.c_void_p(None),
            ctypes.c_uint(0),
        )

    return open_pidfd, send
