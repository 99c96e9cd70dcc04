"""How long to wait for a contender, and how to write a duration."""

from __future__ import annotations

from supervisors.contender import Contender

NS_PER_S = 1e9
NS_PER_MS = 1e6
# s beyond two periods, and beyond what holds back a service that ended soon, that a supervisor may
# take for anything it is expected to do.
MARGIN = 15.0
# s that a poller may take for each service that it starts, one after the other.
START_SECONDS = 0.5
# s: a limit of starts over a longer time is kept by using more guests, not by waiting.
LONG_WINDOW = 30.0


def deadline(contender: Contender, services: int = 0) -> float:
    """Return the seconds after which an event that has not come does not come.

    services: how many the supervisor has to start within that time.
    """
    held_back = contender.settled_uptime + contender.restart_delay
    return 2 * (contender.period or 0.0) + held_back + MARGIN + START_SECONDS * services


def look_seconds(contender: Contender) -> float:
    """Return the seconds in which a supervisor surely looks once, and acts on what it finds."""
    return 1.2 * (contender.period or 0.0) + 5.0


def has_long_limit(contender: Contender) -> bool:
    """Tell whether a limit over a long time, or for good, allows few starts in one guest."""
    if contender.start_limit is None:
        return False
    window = contender.start_limit.seconds
    return window is None or window > LONG_WINDOW


def start_spacing(contender: Contender) -> float:
    """Return the seconds between two starts of a service that keep to a limit of short window."""
    if contender.limit_that_lifts is None or has_long_limit(contender):
        return contender.settled_uptime
    count, window = contender.limit_that_lifts
    return max(contender.settled_uptime, window / (count - 1))


def elapsed(begin_ns: int, end_ns: int) -> float:
    """Return the seconds between two stamps."""
    return (end_ns - begin_ns) / NS_PER_S


def format_duration(seconds: float) -> str:
    """Write a duration for a sentence: 12.3 ms, 4.5 s, 120 s."""
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"


def format_elapsed(begin_ns: int, end_ns: int) -> str:
    """Write the time between two stamps for a sentence."""
    return format_duration(elapsed(begin_ns, end_ns))


def format_wait(seconds: float) -> str:
    """Say after how long something came: `after 4.5 s`, or `at once`.

    A wait may be negative. It begins with a stamp that the measuring program takes once it runs
    again: it saw that the daemon had gone, or it has written the file that mends it. A supervisor
    that the kernel runs before it has started the successor by then.
    """
    return "at once" if seconds < 0 else f"after {format_duration(seconds)}"
