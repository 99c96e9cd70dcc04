"""What stands in `run.json`."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from bench.model.run_file.calibration import Calibration, TraceAgreement
from bench.model.run_file.constraints import Count, Word
from bench.model.run_file.contender import ContenderResult, FloorAlone, OwnFilesFacts
from bench.model.run_file.host import HostFacts
from bench.model.run_file.supervisor import SupervisorFacts


class OwnDaemonFacts(TypedDict):
    """A person's own program that the supervisors kept (--daemon)."""

    command: list[str]
    """Words of its command line."""
    ready: Word
    """What shows that it is ready: port:NUMBER, socket:PATH or line:TEXT."""
    look_ms: float
    """Time between two looks for that in ms: the resolution of `ready_long` and `ready_short`."""
    files: NotRequired[OwnFilesFacts]
    """Files that were laid over every guest (--daemon-files)."""


class Options(TypedDict, total=False):
    """The options of a run; docs/results.md says which must match to resume it."""

    system: str
    """Systems of the guests (--os), with commas between them."""
    provider: str
    """Provider, or `auto`."""
    only: list[str]
    """Names of supervisors, or beginnings of contenders' names; empty: all."""
    scenarios: list[str]
    """Names of scenarios."""
    role: str
    """Role; empty: all."""
    profile: str
    """Profile; empty: all."""
    trials: int
    """Trials per contender; 0: the default."""
    seed: int
    """Seed of the random uptimes."""
    quick: bool
    """Whether --quick was given."""
    keep: bool
    """Always false: it changes no figure."""
    resume: bool
    """Always false: it changes no figure."""
    box: str
    """Vagrant box; empty: the default."""
    versions: str
    """`2012` for the article's versions, or NAME=VERSION; else empty."""
    mirror: dict[str, str]
    """Archives that packages come from."""
    overlays: dict[str, str]
    """Digest of each supervisor's overlay."""
    configurations: NotRequired[dict[str, str]]
    """Digest of the files of --config, by the beginning of contenders' names."""
    daemon: NotRequired[OwnDaemonFacts | None]
    """Program of --daemon in place of the suite's daemon; null: the suite's."""
    trace: bool
    """Whether the kernel was traced."""
    redo: str
    """Always empty: it changes no figure."""


class SystemFacts(TypedDict):
    """The system that guests run."""

    name: Word
    """Name as in --os."""
    title: Word
    """Name for readers."""
    release: NotRequired[str]
    """Codename."""
    init: NotRequired[str]
    """Family of its own PID 1: sysvinit, systemd or upstart."""
    mirror: NotRequired[dict[str, str]]
    """What --mirror, --snapshot, --keyring, --aur and --accept-expired asked for."""


class SystemsOfRun(TypedDict):
    """The systems of a run."""

    system: SystemFacts
    """System of the guests; of several, all names and titles with commas between them."""
    systems: NotRequired[list[SystemFacts]]
    """Of a run of several systems: each, the oldest first."""


class ProviderChoice(TypedDict):
    """The provider that made the guests."""

    name: Word
    """Name of the provider."""
    reason: str
    """Why it was chosen."""


class PlanSummary(TypedDict):
    """What was planned before the run."""

    lines: list[str]
    """The plan in words."""
    seconds: float
    """Expected duration in s."""


class AbsentSupervisor(TypedDict):
    """A requested supervisor that is not available."""

    supervisor: Word
    """Name of the supervisor."""
    title: str
    """Name for readers."""
    reason: str
    """Why it is not available, and what to do."""


class MergedPart(TypedDict):
    """A run that became a part of a merged run."""

    id: Word
    """Name of that run's folder."""
    options: Options
    """Options of its command."""


class FloorFigure(TypedDict):
    """The floor's restart latency 0.3 s after its start, in ms."""

    median: float
    """Median."""
    ci_low: float | None
    """Lower end of its 95 % interval; null of too few trials."""
    ci_high: float | None
    """Upper end of it."""


class FloorNoise(TypedDict):
    """How noisy a run was, measured by its floor."""

    spread: float | None
    """The floor's 90th percentile over its median; null where the floor was not measured."""
    company: float | None
    """The floor's median among other guests over its median alone; null where unknown."""
    figures: NotRequired[list[FloorFigure]]
    """Both figures: among other guests, and alone. Absent where one is unknown."""


class PartNoise(FloorNoise):
    """How noisy one part of a merged run was, measured by its floor."""

    host: Word
    """Name of the host."""


class SealedSamples(TypedDict):
    """Digest and counts of a run's samples."""

    sha256: Word
    """SHA-256 of all lines, uncompressed."""
    lines: Count
    """Number of lines."""
    bytes: Count
    """Length of all lines, uncompressed."""
    by_contender: dict[str, Count]
    """Number of lines of each contender."""


class SamplesSeal(SealedSamples):
    """The samples that belong to a run."""

    replaced_by: NotRequired[SealedSamples]
    """While the samples are rewritten: what replaces them, so that a kill leaves a whole run."""


class KeptTrialsSeal(SealedSamples):
    """The trials that are kept of unfinished scenarios."""

    trials: Count
    """Number of trials; the other lines say what is known of their guests."""


class Run(SystemsOfRun):
    """What one `./inv bench` did. docs/results.md explains it."""

    schema: Literal[1]
    """Version of this format."""
    id: Word
    """Name of the run's folder."""
    started: Word
    """Time of its start."""
    ended: str | None
    """Time of its end; null until then."""
    seconds: NotRequired[float]
    """Duration in s."""
    bound: NotRequired[Annotated[float, Meta(ge=0)]]
    """Minimum duration of the planned measurements in s: waits that cannot be avoided."""
    suite_cpu: NotRequired[float | None]
    """CPU time of the suite during measurements, over their duration."""
    options: Options
    """Options of the command."""
    quick: bool
    """Whether it was made with --quick: too few trials to rank."""
    provider: ProviderChoice
    """Provider of the guests."""
    host: HostFacts
    """The machine that measured."""
    hosts: NotRequired[dict[str, HostFacts]]
    """Of a merged run: each host by its name."""
    mixed: NotRequired[bool]
    """Of a merged run: whether contenders of several hosts may be ranked together."""
    merged: NotRequired[list[str]]
    """Of a merged run: ids of its parts."""
    parts: NotRequired[list[MergedPart]]
    """Of a merged run: the options of each of its parts; of a merged one, of its parts in turn."""
    noise: NotRequired[list[PartNoise]]
    """Of a merged run: how noisy each of its parts was."""
    instrument: NotRequired[str | None]
    """Digest of the files that a guest gets; null where parts of a merged run differ."""
    plan: PlanSummary
    """What was planned."""
    absent: list[AbsentSupervisor]
    """Requested supervisors that are not available."""
    alone: FloorAlone | None
    """The floor's latency with no other guest; null where it was not measured."""
    calibration: NotRequired[Calibration | None]
    """Calibration of this host; null where there is none."""
    samples: NotRequired[SamplesSeal]
    """What samples.jsonl must be; more lines may follow until the run has ended."""
    kept_trials: NotRequired[KeptTrialsSeal]
    """What kept-trials.jsonl must be: the trials of unfinished scenarios, for --resume."""
    damage: NotRequired[list[str]]
    """Of a run as it was read: why its figures and its samples do not belong together."""
    trace: NotRequired[TraceAgreement | None]
    """Agreement of the suite's stamps with the kernel's, with --trace."""
    warnings: list[str]
    """What a reader must know before believing the figures."""
    supervisors: dict[str, SupervisorFacts]
    """Facts about each supervisor."""
    contenders: list[ContenderResult]
    """Results of each contender."""
    scenario_titles: NotRequired[dict[str, str]]
    """What each scenario is about, in words."""
