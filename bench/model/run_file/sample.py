"""Lines of `samples.jsonl`, as far as they are checked when read.

Stamps are in ns of the guest's CLOCK_MONOTONIC. `bench/model/events` describes every event.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from bench.model.run_file.constraints import Word


class KernelStamps(TypedDict):
    """What the kernel saw of one restart; null: it did not see that."""

    kill: int | None
    """The signal was generated."""
    death: int | None
    """The daemon began to exit."""
    awake: int | None
    """The process that forked the successor was woken up."""
    fork: int | None
    """The supervisor forked the successor or its first ancestor."""
    exec: int | None
    """The successor executed the daemon."""


class Sample(TypedDict):
    """One event, with the contender and the guest that it comes from; see bench/model/events."""

    contender: Word
    """Name of the contender."""
    replica: int
    """Number of the guest among the contender's identical guests."""
    scenario: Word
    """Name of the scenario."""
    event: Word
    """Kind of event; `sample`: one restart."""
    act: NotRequired[str]
    """Stage of the scenario."""
