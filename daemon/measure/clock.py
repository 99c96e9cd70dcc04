"""CLOCK_MONOTONIC in nanoseconds, on every Python."""

from __future__ import absolute_import, division, print_function

import ctypes
import functools
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

SECOND = 1000000000  # ns
CLOCK_MONOTONIC = 1  # Linux's number


class Timespec(ctypes.Structure):
    """struct timespec of the C library."""

    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


def load_libc_with(function):
    # type: (str) -> ctypes.CDLL
    """Load the C library that has a function; librt has the clocks before glibc 2.17.

    Raises OSError where no library has it.
    """
    for library in (None, "librt.so.1"):
        try:
            libc = ctypes.CDLL(library, use_errno=True)
            getattr(libc, function)
            return libc
        except (OSError, AttributeError):
            continue
    raise OSError("no C library here has %s" % function)


def choose_clock():
    # type: () -> tuple[Callable[[], int], str]
    """Return a function that reads CLOCK_MONOTONIC in ns, and the name of its method."""
    if hasattr(time, "clock_gettime_ns"):
        # No function around it: a frame less at each stamp.
        clock = functools.partial(time.clock_gettime_ns, time.CLOCK_MONOTONIC)
        return clock, "clock_gettime_ns"
    return clock_by_ctypes(), "clock_gettime by ctypes"


def clock_by_ctypes():
    # type: () -> Callable[[], int]
    """Return a clock for Pythons before 3.7."""
    function = load_libc_with("clock_gettime").clock_gettime
    spec = Timespec()
    pointer = ctypes.byref(spec)

    def read_clock():
        # type: () -> int
        function(CLOCK_MONOTONIC, pointer)
        return spec.seconds * SECOND + spec.nanoseconds  # type: ignore[no-any-return]

    return read_clock


now, CLOCK_METHOD = choose_clock()


def clock_resolution():
    # type: () -> int
    """Return the resolution of CLOCK_MONOTONIC in ns."""
    spec = Timespec()
    load_libc_with("clock_getres").clock_getres(CLOCK_MONOTONIC, ctypes.byref(spec))
    return int(spec.seconds * SECOND + spec.nanoseconds)


def to_ns(seconds):
    # type: (float) -> int
    """Convert seconds of a plan to nanoseconds."""
    return int(seconds * SECOND)
