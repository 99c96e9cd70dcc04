"""The steps of a plan for the measuring program: a TypedDict and a builder for each.

daemon/README.md says what each step does and which events it prints. Keys that are not given take
the measuring program's defaults. All times are in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from signal import SIGKILL
from typing import Literal, NotRequired, TypeAlias, TypedDict


class Tree(TypedDict):
    """Where the supervision tree begins: at PID 1, or at processes given by name or pid."""

    root: list[str | int]
    pid1: NotRequired[bool]


class TrialGroup(TypedDict):
    """Trials of one kind; each uptime is drawn from between the two bounds."""

    name: str
    trials: int
    uptime: list[float]  # [low, high]
    strata: NotRequired[list[list[float]]]  # of each trial: the [low, high] that it is drawn from
    fresh: NotRequired[bool]  # a kill later than drawn is worthless; default: high is below 1 s


class TimeSlot(TypedDict):
    """The slots of time in which a guest may kill: number `index` of every `count`."""

    index: int
    count: int
    width: float


class AwaitUpStep(TypedDict):
    """Wait until each service lives; print `up`, or `down` at the deadline."""

    do: Literal["await"]
    services: list[str]
    deadline: float
    fresh: NotRequired[bool]
    otherwise: NotRequired[str]


class AwaitEndStep(TypedDict):
    """Wait until no daemon of a service is left; print `alive` if one is at the deadline."""

    do: Literal["end"]
    service: str
    deadline: float


class AwaitReadyStep(TypedDict):
    """Wait until a person's own program is ready; print `ready`, or `unready` and why."""

    do: Literal["ready"]
    service: str


class CountStartsStep(TypedDict):
    """Count the starts of a service in a window; print `starts`."""

    do: Literal["starts"]
    service: str
    seconds: float


class TrialsStep(TypedDict):
    """Kill a service again and again; print one `sample` a kill."""

    do: Literal["trials"]
    service: str
    groups: list[TrialGroup]
    deadline: float
    signal: NotRequired[int]
    warmup: NotRequired[int]
    patience: NotRequired[float]
    limit: NotRequired[tuple[int, float] | None]
    slot: NotRequired[TimeSlot | None]
    ready: NotRequired[bool]


class StormStep(TypedDict):
    """Kill all services at once; print one `storm`."""

    do: Literal["storm"]
    services: list[str]
    deadline: float
    signal: NotRequired[int]


class GatherStep(TypedDict):
    """Wait until all services live, or none has come for `stall` s; print `gathered`."""

    do: Literal["gather"]
    services: list[str]
    new: list[str]
    stall: float


class ReapStep(TypedDict):
    """Wait until no process of a name is left; print `reaped`."""

    do: Literal["reap"]
    comm: str
    deadline: float
    after: NotRequired[str]


class WaitStep(TypedDict):
    """Wait; `watch` first reports services that started unheard, `sleep` does not."""

    do: Literal["sleep", "watch"]
    seconds: float


class SetModeStep(TypedDict):
    """Write the options that a daemon reads at its next start; print `mode`."""

    do: Literal["mode"]
    service: str
    text: str


class RunCommandStep(TypedDict):
    """Run a shell command; print `ran`."""

    do: Literal["run"]
    command: str
    deadline: float


class SendSignalStep(TypedDict):
    """Send a signal to every process of a target; print `signalled`."""

    do: Literal["signal"]
    target: str
    signal: int


class TakeSnapshotStep(TypedDict):
    """Print every process of the guest, as `processes`."""

    do: Literal["snapshot"]


class MeasureFootprintStep(Tree):
    """Print the sizes of the supervision tree, as `footprint`."""

    do: Literal["footprint"]
    services: int
    label: NotRequired[str]


class MeasureCpuStep(Tree):
    """Print what the supervision tree uses in a window, as `cpu`."""

    do: Literal["cpu"]
    window: float
    label: NotRequired[str]


class MarkCpuStep(Tree):
    """Print what the supervision tree has used up to now, as `cpu_mark`."""

    do: Literal["cpu_mark"]
    label: NotRequired[str]


Step: TypeAlias = (
    AwaitUpStep
    | AwaitEndStep
    | AwaitReadyStep
    | CountStartsStep
    | TrialsStep
    | StormStep
    | GatherStep
    | ReapStep
    | WaitStep
    | SetModeStep
    | RunCommandStep
    | SendSignalStep
    | TakeSnapshotStep
    | MeasureFootprintStep
    | MeasureCpuStep
    | MarkCpuStep
)


def await_up(services: Sequence[str], deadline: float, otherwise: str = "") -> AwaitUpStep:
    """Wait until each service lives.

    otherwise: a shell command for when one does not; after it they have as long again.
    """
    step: AwaitUpStep = {"do": "await", "services": list(services), "deadline": deadline}
    return {**step, "otherwise": otherwise} if otherwise else step


def await_restart(services: Sequence[str], deadline: float, otherwise: str = "") -> AwaitUpStep:
    """Wait until each service has started after the signal or command right before this step.

    Without such a step before it, after this step began.
    """
    return {**await_up(services, deadline, otherwise), "fresh": True}


def await_end(service: str, deadline: float) -> AwaitEndStep:
    """Wait until no daemon of the service is left."""
    return {"do": "end", "service": service, "deadline": deadline}


def await_ready(service: str) -> AwaitReadyStep:
    """Wait until the person's own program that is the service is ready."""
    return {"do": "ready", "service": service}


def count_starts(service: str, seconds: float) -> CountStartsStep:
    """Count the starts of the service in a window."""
    return {"do": "starts", "service": service, "seconds": seconds}


def storm(services: Sequence[str], deadline: float) -> StormStep:
    """Kill all the services with SIGKILL at once, and wait for their successors."""
    return {"do": "storm", "services": list(services), "deadline": deadline}


def reap(comm: str, deadline: float, after: str = "") -> ReapStep:
    """Wait until no process of that name is left.

    after: a service that first has to report that it has left the last of its orphans.
    """
    step: ReapStep = {"do": "reap", "comm": comm, "deadline": deadline}
    return {**step, "after": after} if after else step


def sleep(seconds: float) -> WaitStep:
    """Wait."""
    return {"do": "sleep", "seconds": seconds}


def watch(seconds: float) -> WaitStep:
    """Report services that started unheard, then wait."""
    return {"do": "watch", "seconds": seconds}


def set_mode(service: str, options: str) -> SetModeStep:
    """Give testd options from its next start on; none: as it is configured."""
    return {"do": "mode", "service": service, "text": options}


def run_command(command: str, deadline: float) -> RunCommandStep:
    """Run a shell command, and kill it at the deadline."""
    return {"do": "run", "command": command, "deadline": deadline}


def signal_service(service: str, number: int) -> SendSignalStep:
    """Send a signal to every daemon of the service."""
    return {"do": "signal", "target": f"service:{service}", "signal": number}


def kill_service(service: str) -> SendSignalStep:
    """Send SIGKILL to every daemon of the service."""
    return signal_service(service, SIGKILL.value)


def kill_processes(comm: str) -> SendSignalStep:
    """Send SIGKILL to every process of that name."""
    return {"do": "signal", "target": f"comm:{comm}", "signal": SIGKILL.value}


def snapshot() -> TakeSnapshotStep:
    """List every process of the guest."""
    return {"do": "snapshot"}


def measure_footprint(services: int, tree: Tree, label: str = "") -> MeasureFootprintStep:
    """Measure the memory, threads and open files of the supervision tree."""
    return {"do": "footprint", "services": services, "label": label, **tree}


def measure_cpu(window: float, tree: Tree, label: str) -> MeasureCpuStep:
    """Measure what the supervision tree uses in a window."""
    return {"do": "cpu", "window": window, "label": label, **tree}


def mark_cpu(tree: Tree, label: str) -> MarkCpuStep:
    """Record what the supervision tree has used up to now."""
    return {"do": "cpu_mark", "label": label, **tree}
