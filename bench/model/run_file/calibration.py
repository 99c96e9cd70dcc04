"""How far a host's stamps can be trusted: a calibration, and a trace beside a run."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from bench.model.run_file.constraints import Count, Word
from bench.model.run_file.host import HostFacts


class Distribution(TypedDict):
    """Summary of many values in us."""

    n: float
    """Number of values."""
    median: float
    """Median."""
    p99: float | None
    """99th percentile; null below 100 values."""
    min: float
    """Smallest value."""
    max: float
    """Largest value."""


class TraceAgreement(TypedDict):
    """How far the suite's stamps agree with the kernel's.

    Differences are the kernel's stamp minus the suite's.
    """

    restarts: Count
    """Restarts that were compared."""
    missing: Count
    """Restarts that the kernel saw and no sample has."""
    invented: Count
    """Samples of restarts that the kernel did not see."""
    lost_events: Count
    """Events that the kernel dropped."""
    unmatched_kills: NotRequired[Count]
    """Samples of kills that the kernel did not see."""
    unattributed: NotRequired[Count]
    """Daemons whose guest is unknown."""
    unstamped: NotRequired[Count]
    """Samples without the daemon's own stamp before main()."""
    kill_us: Distribution | None
    """us from the stamp before a kill to the kernel's of the signal."""
    exec_us: NotRequired[dict[str, Distribution | None]]
    """By contender: us from the kernel's exec stamp to main()."""
    spawn_us: NotRequired[dict[str, Distribution | None]]
    """By contender: us from the daemon's first stamp to main()."""
    spawn_spread: NotRequired[float | None]
    """Difference of the contenders' largest and smallest median of spawn, over the smallest."""
    spawn_apart_us: NotRequired[float | None]
    """The same difference in us."""
    file: NotRequired[str]
    """Path of the trace, relative to the run's folder."""


class WitnessedRun(TraceAgreement):
    """The traced run of a calibration."""

    run: NotRequired[str]
    """Folder of that run."""


class CalibrationCheck(TypedDict):
    """One figure of the instrument against its bound."""

    what: Word
    """What is checked."""
    figure: str
    """The figure with its unit."""
    bound: str
    """The bound with its unit."""
    met: bool
    """Whether the figure is within the bound."""
    goal: bool
    """Whether the bound is a goal for a quiet host; otherwise it must be met."""


def check_outcome(check: CalibrationCheck) -> str:
    """Return in words whether the figure is within its bound."""
    if check["met"]:
        return "met"
    return "missed: a goal on a quiet host" if check["goal"] else "FAILED"


class Histogram(TypedDict):
    """How late a sleeper woke up."""

    interval_us: NotRequired[float]
    """us between two wake-ups."""
    bounds_us: list[float]
    """Upper ends of the bins in us; the last bin has none."""
    counts: list[Count]
    """Number of wake-ups in each bin: one more than there are bounds."""
    late_us: Distribution | None
    """us between the planned and the real wake-up."""


class FloorComparison(TypedDict):
    """The floor measured through the suite, and by a bare loop in C on the host."""

    pairs: int
    """Pairs of blocks."""
    trials: int
    """Trials through the suite, all blocks together."""
    suite_ms: float
    """Median through the suite in ms."""
    bare_ms: float
    """Median of the bare loop in ms."""
    ratio: float
    """Geometric mean of the pairs' ratios, suite over bare loop."""
    ci_low: float
    """Lower end of the ratio's 95 % confidence interval."""
    ci_high: float
    """Upper end of that interval."""


class ClockFacts(TypedDict):
    """Behaviour of CLOCK_MONOTONIC."""

    backwards: int
    """How often the clock went back between two processors."""
    moves: int
    """How often the sleeper moved between processors."""
    largest_step_ns: int
    """Largest step between two tenths of a second in ns."""
    drift_ppm: float
    """Drift against CLOCK_MONOTONIC_RAW in ppm."""
    source: str | None
    """The kernel's clock source."""
    offsets: list[str]
    """Offsets of the host's time namespace."""
    same_time_namespace: bool
    """Whether guests share the host's clock."""


class Calibration(TypedDict):
    """What `./inv calibrate` measured on this host."""

    schema: NotRequired[int]
    """Version of this format."""
    instrument: NotRequired[str]
    """Digest of the files that a guest gets."""
    made: Word
    """Time of the calibration."""
    quick: bool
    """Whether it was made with --quick."""
    host: NotRequired[HostFacts]
    """Facts of the host."""
    untraced: str
    """Why the kernel cannot be traced; empty where it was."""
    witness: NotRequired[WitnessedRun | None]
    """Agreement of stamps in a traced run; null without a trace."""
    marker_us: NotRequired[Distribution | None]
    """us from the daemon's own stamp to the kernel's beside it."""
    floor: NotRequired[FloorComparison]
    """Cost of the suite itself."""
    checks: list[CalibrationCheck]
    """All figures with their bounds."""
    noise: dict[str, Histogram]
    """Lateness of a sleeper: `alone`, and `beside` a measurement."""
    clock: NotRequired[ClockFacts]
    """Behaviour of the clock."""
