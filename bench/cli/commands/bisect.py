"""Find the version of a supervisor in which a figure changed: `./inv bisect`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bench.engine.observer import NoteObserver
from bench.engine.request.options import (
    EffortOptions,
    RunOptions,
    SelectionOptions,
    SystemOptions,
    parse_options,
)
from bench.engine.request.resolve import resolve_with_tools
from bench.engine.run import run_locked_bench
from bench.recording.store import Record
from provision.errors import Problem
from provision.systems import System, unknown_name_error
from supervisors import supervisors
from supervisors.versions import version_key


class Difference(Protocol):
    """What a test says of a figure in two versions."""

    @property
    def is_significant(self) -> bool:
        """Whether it differs by more than chance."""


D = TypeVar("D", bound=Difference)
Run = TypeVar("Run")


@dataclass(frozen=True)
class Bisection:
    """The neighbours between which a figure changed, and what the test says of them.

    before, after: equal where nothing changed between the ends. measured: versions, in the order in
    which they were measured.
    """

    before: str
    after: str
    measured: tuple[str, ...]

    @property
    def found(self) -> bool:
        """Whether there is a change."""
        return self.before != self.after


def measure_version(
    name: str, version: str, system: System, trials: str, notify: Callable[[str], None]
) -> Record:
    """Measure the restarts of a supervisor, or of one of its contenders, in one version.

    The caller holds this host's lock. Raises Problem, also where no contender could be measured.
    """
    supervisor = name.partition("/")[0]
    options = version_options(name, version, system, trials)
    record = run_locked_bench(resolve_with_tools(options), NoteObserver(notify))
    measured = [row for row in record.run["contenders"] if row["supervisor"] == supervisor]
    for contender in measured:
        if contender["status"] != "measured":
            raise Problem(
                f"{contender['name']} {version} cannot be measured: {contender['reason']}",
                known=f"The run is {record.folder}.",
                advice="Give another --from, --to or --os: old versions need an old system.",
            )
    return record


def version_options(name: str, version: str, system: System, trials: str) -> RunOptions:
    """Return the options of the run of one version; the default profile unless the name has one."""
    supervisor, *parts = name.split("/")
    return parse_options(
        SystemOptions(os=system.name, versions=f"{supervisor}={version}"),
        SelectionOptions(
            only=(name,), scenario=("restart",), profile="" if len(parts) > 1 else "default"
        ),
        EffortOptions(trials=trials),
    )


def check_metric(metric: str, options: RunOptions) -> None:
    """Raise Problem where no run with those options brings that metric with an interval."""
    names = ["restart_long", "restart_short"]
    if any(selected.contender.readiness for selected in options.select().contenders):
        names += ["ready_long", "ready_short"]
    if metric not in names:
        raise unknown_name_error("metric of bisect", metric, names)


def versions_between(name: str, system: System, first: str, last: str) -> list[str]:
    """Return every version of a supervisor from one to another, the oldest first.

    name: of the supervisor, or of one of its contenders. Raises Problem.
    """
    name = name.partition("/")[0]
    if name not in supervisors():
        raise unknown_name_error("supervisor", name, list(supervisors()))
    for option, version in (("from", first), ("to", last)):
        if not version:
            raise Problem(
                f"bisect needs the version at each end, and --{option} is missing.",
                advice=f"./inv bisect {name} --from=OLDEST --to=NEWEST",
                usage=True,
            )
    source = system.look_up(supervisors()[name].version_sources)
    if source is None:
        raise Problem(
            f"{system.title} gets {name} in one version only.",
            known=supervisors()[name].why_unavailable(system, first),
            advice="./inv list shows what has several: --versions=NAME=VERSION.",
            usage=True,
        )
    versions = sorted(source.versions(), key=version_key)
    for version in (first, last):
        if version not in versions:
            raise unknown_name_error(f"version of {name}", version, versions)
    if version_key(first) >= version_key(last):
        raise Problem(f"--from={first} is not older than --to={last}.", usage=True)
    return versions[versions.index(first) : versions.index(last) + 1]


def most_comparisons(versions: Sequence[object]) -> int:
    """Return how many comparisons a bisection of these versions makes at most."""
    between = len(versions) - 1
    # The ends, each half against the first, and the two neighbours at last.
    return 1 if between == 1 else 2 + math.ceil(math.log2(between))


def bisect(
    versions: Sequence[str],
    measure: Callable[[str], Run],
    compare: Callable[[Run, Run], D],
    notify: Callable[[str], None],
) -> tuple[Bisection, D]:
    """Measure both ends, then the middle of what is left, until two neighbours differ.

    A version counts as old while it does not differ from the first by more than chance. The
    difference that is returned is that of the two neighbours; of both ends where they do not
    differ. Of several changes it finds one. It compares most_comparisons(versions) times at most;
    compare has to correct for them.
    """
    runs: dict[str, Run] = {}

    def run_of(version: str) -> Run:
        if version not in runs:
            notify(f"Measuring {version}: {len(runs) + 1}.")
            runs[version] = measure(version)
        return runs[version]

    low, high = 0, len(versions) - 1
    ends = compare(run_of(versions[low]), run_of(versions[high]))
    if not ends.is_significant:
        return Bisection(versions[0], versions[0], tuple(runs)), ends
    while high - low > 1:
        middle = (low + high) // 2
        if compare(run_of(versions[0]), run_of(versions[middle])).is_significant:
            high = middle
        else:
            low = middle
    neighbours = compare(run_of(versions[low]), run_of(versions[high]))
    return Bisection(versions[low], versions[high], tuple(runs)), neighbours
