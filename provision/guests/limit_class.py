"""The two sizes of what a guest may take of its host; a scenario states one of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LimitClass:
    """The limits of a guest.

    processes: how many at once. memory: share of the host's, swap included. disk: bytes that it may
    write, as the host's disk holds them. files: how many files and folders those may be.
    """

    name: str
    processes: int
    memory: float
    disk: int
    files: int


# Far above what a supervisor with a handful of services needs.
USUAL = LimitClass("usual", processes=2048, memory=0.25, disk=1 << 30, files=100_000)
# For thousands of processes, each of 2000 services with several, and for installations.
LARGE = LimitClass("large", processes=16384, memory=0.5, disk=4 << 30, files=1_000_000)
LIMIT_CLASSES = (USUAL, LARGE)
