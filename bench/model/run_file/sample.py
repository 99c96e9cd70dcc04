"""Lines of `samples.jsonl`, as far as they are checked when read.

Stamps are in ns of the guest's CLOCK_MONOTONIC. `bench/model/events` describes every event.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from bench.model.run_file.constraints import Count, Word


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
    """One event of the measuring program, and whose it is; see bench/model/events."""

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


class RestartSample(Sample):
    """One restart: the daemon is killed, and its successor starts."""

    group: Word
    """`long` or `short` uptime before the kill."""
    warmup: bool
    """Whether it is left out of every figure."""
    censored: bool
    """Whether no successor started within the deadline."""
    drawn_s: NotRequired[float]
    """Uptime that was drawn, in s."""
    uptime_ns: Count
    """Uptime at the kill, in ns."""
    deadline_s: NotRequired[float]
    """Seconds until the trial was given up."""
    kill_ns: Count
    """Stamp before the kill."""
    exit_ns: NotRequired[Count | None]
    """Stamp of the daemon's end as the measuring program saw it."""
    begun_ns: NotRequired[Count | None]
    """First stamp of the successor, at its entry point."""
    main_ns: Count | None
    """Stamp of the successor's main(); null where there was none."""
    up_ns: NotRequired[Count | None]
    """Stamp of the successor when it is up."""
    ready_ns: NotRequired[Count | None]
    """Stamp of the successor's readiness."""
    old_pid: NotRequired[int]
    """Pid of the killed daemon in the guest."""
    new_pid: NotRequired[int | None]
    """Pid of the successor in the guest."""
    witness: NotRequired[KernelStamps]
    """What the kernel saw, with --trace."""
