"""What a run says of one contender: its guests, figures and verdicts."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from bench.model.run_file.constraints import Count, Word


class Article(TypedDict):
    """The row of 2012."""

    version: str
    """Version in the article."""
    needs_pid1: bool
    """Whether it runs as PID 1 only."""
    runner: bool
    """Whether the article says that it starts daemons itself."""
    monitor: bool
    """Whether the article says that it monitors daemons that others start."""
    loc: int
    """Lines of code."""


SourceKind = Literal["apt", "pacman", "aur", "pip", "npm", "gem", "present", "overlay"]


class SourceFacts(TypedDict):
    """How the guests got a supervisor."""

    kind: SourceKind
    """Kind of source; `present`: it needs no installation."""
    text: str
    """The source in words."""
    folder: NotRequired[str]
    """Folder of an overlay."""
    sha256: NotRequired[str]
    """Digest of an overlay's content."""
    origin: NotRequired[str]
    """What the overlay says of itself: version, commit, address."""


class OwnFilesFacts(TypedDict):
    """Files of a person's own, laid over a contender's configuration or over every guest."""

    folder: str
    """Folder of the files."""
    sha256: str
    """Digest of their paths and contents."""


class Verification(TypedDict, total=False):
    """Evidence that the right programs were measured."""

    pid1: str | None
    """Path of the program that is PID 1; null where it cannot be read."""
    hosted_by: str | None
    """Name of the PID 1 that keeps the supervisor; null where it is PID 1 itself."""
    processes: list[str]
    """Names of all processes in the guest, by pid."""
    mode: str
    """Mode that the supervisor chose by itself."""
    mode_shown_by: str
    """Output that shows the mode."""


class HostLoad(TypedDict, total=False):
    """How busy the host was during one scenario; shares of the time are from 0 to 1."""

    seconds: float
    """Length of the measurement in s."""
    busy: float
    """Share of the time of all processors that was in use."""
    steal: float
    """Share that other machines on the same hypervisor took."""
    waiting: float
    """Share of the time in which a process waited for a processor (kernel's pressure figure)."""


class MeasurerFacts(TypedDict, total=False):
    """The measuring program's first event: the environment in which it runs."""

    event: str
    """Always `hello`."""
    ns: int
    """Time of the event in ns of CLOCK_MONOTONIC."""
    pid: int
    """Pid of the measuring program in the guest."""
    boot_id: str | None
    """Random id of the kernel's boot."""
    kernel: str
    """Kernel release."""
    machine: str
    """Processor architecture."""
    python: str
    """Version of the guest's Python."""
    clock: str
    """How the program reads the clock."""
    clock_resolution_ns: int | None
    """Resolution of that clock in ns."""
    method: str
    """How the program notices that a process ends."""
    memory: str
    """File in /proc that memory figures come from."""
    pidns: int | None
    """Inode of the guest's pid namespace."""
    timens: int | None
    """Inode of the guest's time namespace."""


class GuestFacts(TypedDict, total=False):
    """One guest of a contender."""

    replica: int
    """Number of the guest among the contender's identical guests."""
    phases: dict[str, float]
    """Seconds spent in each phase; `wait`: until other guests allowed the next one."""
    least: float
    """Minimum duration of the trials in s: waits that no implementation can avoid."""
    notes: list[str]
    """What went wrong during stop or destroy."""
    kept: str
    """Command that enters a guest kept by --keep; else empty."""
    load: dict[str, HostLoad]
    """Load of the host by scenario."""
    provider: str
    """Provider that made the guest."""
    acceleration: str
    """Hardware acceleration in words."""
    kernel: str
    """Kernel release of the guest."""
    cgroup: str
    """Version of control groups: v1, v2 or none."""
    cgroups_mounted: str
    """Versions of control groups that the guest's PID 1 has mounted for itself: v1, v2 or none."""
    limit_class: str
    """How much the guest may take: `usual`, or `large` where its scenario needs more."""
    limits: dict[str, int]
    """Limits in force, by what they limit; what is missing has no limit on that host."""
    measurer: MeasurerFacts
    """Environment of the measuring program."""


class MetricResult(TypedDict):
    """One figure; null stands for what cannot be determined."""

    metric: Word
    """Name of the metric; docs/results.md lists them."""
    unit: str
    """Unit of all its figures; empty for a number of things."""
    n: Count
    """Number of samples, censored ones included."""
    median: float | None
    """Median."""
    ci_low: float | None
    """Lower end of the median's 95 % confidence interval."""
    ci_high: float | None
    """Upper end of that interval."""
    p90: float | None
    """90th percentile."""
    p99: float | None
    """99th percentile; null below 100 samples."""
    min: float | None
    """Smallest sample."""
    max: float | None
    """Largest sample."""
    censored: Count
    """Number of samples that never ended: they count as longer than every other."""
    floor_ratio: float | None
    """Median over the floor's median in the same place."""
    status: str
    """`measured`, or why there is no figure."""
    note: str
    """Explanation of the status."""


class FloorAlone(MetricResult):
    """The floor's restart latency with no other guest beside it."""

    pid1: NotRequired[bool]
    """Whether that floor was PID 1."""


class VerdictResult(TypedDict):
    """One cell of the behaviour matrix."""

    behaviour: Word
    """Column of the matrix."""
    answer: Literal["yes", "no", "partly", "not applicable", "not measured"]
    """The answer."""
    sentence: str
    """The answer in words, with figures."""
    evidence: list[Count]
    """Numbers of samples, counted within those of its contender and scenario."""
    tally: NotRequired[dict[str, Count]]
    """Of how many identical guests each answer is, where several were judged. Where they differ,
    the answer is `partly`."""


class ScenarioResult(TypedDict):
    """What one scenario says of one contender."""

    status: str
    """`measured`, `failed`, `unfinished`, or why the scenario does not apply."""
    note: str
    """Explanation of the status."""
    metrics: list[MetricResult]
    """Figures."""
    verdicts: NotRequired[list[VerdictResult]]
    """Answers for the behaviour matrix."""
    missing: NotRequired[int]
    """Of a traced `restart`: restarts that the kernel saw and no sample has."""
    rejected: NotRequired[dict[str, Count]]
    """Lines of its guests that were rejected because they cannot be true, by reason."""


class QualityIssue(TypedDict):
    """A reason to doubt a contender's restart latencies."""

    kind: Literal["neighbour", "few", "modes", "outliers"]
    """Kind of issue."""
    text: Word
    """The figure, its bound, and the next step."""


class ContenderResult(TypedDict):
    """One row of results: supervisor, role, profile, and whether it is PID 1."""

    name: Word
    """Unique name, e.g. runit/runner/default/pid1; @ and a codename follow with several systems."""
    system: NotRequired[Word]
    """Name of its guests' system."""
    supervisor: Word
    """Name of its supervisor."""
    title: str
    """Name of the supervisor for readers."""
    home: NotRequired[str]
    """Address of the supervisor's home page."""
    rank: int
    """Place in the article's order, smallest first."""
    version: str
    """Version in the guest."""
    matches_article: NotRequired[bool]
    """Whether that is the version of 2012."""
    source: NotRequired[SourceFacts]
    """How its guests got it."""
    role: Literal["runner", "monitor", "init"]
    """Whether it is the daemon's parent, watches a daemon that detached itself, or runs one program
    as a container's PID 1."""
    profile: Literal["default", "fast", "strict", "patient", "group", "child", "command", "tuned"]
    """What its configuration is for; "tuned" only in older runs."""
    short_name: NotRequired[str]
    """What tables call its setting; empty: the profile."""
    pid1: bool
    """Whether it is the guest's PID 1."""
    needs_pid1: bool
    """Whether the supervisor runs as PID 1 only."""
    can_pid1: bool
    """Whether the supervisor can run as PID 1."""
    roles: list[str]
    """Roles that the supervisor supports."""
    setting: str
    """The configuration in words."""
    own_files: NotRequired[OwnFilesFacts]
    """Files of a person's own that were laid over it."""
    period: float | None
    """Seconds between two looks of a poller; null where it reacts to events."""
    limit: tuple[float, float | None] | None
    """Limit of starts: number, and period in s (null: in its whole life); null where none."""
    logger: NotRequired[str | None]
    """Log service that the contender uses."""
    article: Article | None
    """The row of 2012; null where the article has none."""
    status: Literal["measured", "failed", "unfinished"]
    """Outcome."""
    reason: str
    """Why it failed or is unfinished."""
    host: NotRequired[str | None]
    """Of a merged run: name of the host that measured it."""
    log: NotRequired[str]
    """Path of its log, relative to the run's folder."""
    verified: Verification
    """Evidence that the right programs were measured."""
    guests: list[GuestFacts]
    """Its guests, by replica."""
    doubts: NotRequired[list[QualityIssue]]
    """Reasons to doubt its restart latencies."""
    scenarios: dict[str, ScenarioResult]
    """Results by scenario."""
