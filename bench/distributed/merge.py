"""One run out of several: of other hosts, or of contenders measured apart."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from bench.distributed.part import RunPart, is_measured_floor, run_of_host
from bench.engine.plan import RANKED
from bench.model.events import Event
from bench.model.host_info import same_host
from bench.model.run_file import (
    ContenderResult,
    GuestFacts,
    HostFacts,
    MergedPart,
    Run,
    ScenarioResult,
    SupervisorFacts,
)
from bench.model.run_file.measured_daemon import describe_daemon
from bench.model.run_file.run_systems import united_systems
from bench.recording.quality.floor import floor_noise
from bench.recording.quality.run_warnings import run_warnings, trace_warnings
from bench.recording.samples.kept_trials import ScenarioKey
from bench.recording.store import Record
from bench.recording.unfinished import INCOMPLETE, only_scenarios
from bench.tracing.agreement import agreement_stats
from provision.errors import Problem
from provision.systems import main_system_name

# What a reader takes to be the same for the whole run.
_COMMON: tuple[Literal["system", "provider"], ...] = ("system", "provider")
_DIFFERENT = (
    "Merge runs of one provider and one system, or of several of which one run has all, as of"
    " debian,trixie and debian-all."
)
# Keys of a part's run.json that the merged run does not take over.
_OWN_OF_PART = frozenset(
    {
        *("schema", "id", "contenders", "trace", "alone", "calibration", "instrument"),
        "kept_trials",
        *("suite_cpu", "samples", "damage"),
    }
)

# What a row says of the program that was measured.
_SAME_PROGRAM: tuple[Literal["version", "source", "setting", "own_files"], ...] = (
    "version",
    "source",
    "setting",
    "own_files",
)


def merge(names: Sequence[str], *, mixed: bool) -> Record:
    """Merge the named runs, as RunPart.named reads them, into a new one.

    Raises Problem where they cannot be merged.

    mixed: rank the contenders of several hosts together.
    """
    if len(names) < 2:
        raise Problem(
            "Cannot merge fewer than two runs.",
            advice="Name two runs or more: ./inv merge RUN RUN",
            usage=True,
        )
    return merge_parts([RunPart.named(name) for name in names], mixed=mixed)


def merge_compatible(parts: Sequence[RunPart], results: Path | None = None) -> list[Record]:
    """Merge the parts of each system and provider into a run of its own."""
    groups: dict[tuple[str, ...], list[RunPart]] = {}
    for part in parts:
        groups.setdefault(tuple(part.run[key]["name"] for key in _COMMON), []).append(part)
    return [merge_parts(group, results=results) for group in groups.values()]


def merge_parts(
    parts: Sequence[RunPart], *, mixed: bool = False, results: Path | None = None
) -> Record:
    """Merge parts into a new run, in a folder of its own below results.

    With parts of several hosts, each contender's name and title end with its host. Each contender
    is compared with the floor of its own part only; `mixed` ranks the contenders of all hosts
    together. Of a scenario of a contender measured twice on one host, the later part counts. Raises
    Problem.
    """
    _check_compatible(parts)
    single_host_parts = [part for whole in parts for part in whole.split_by_host()]
    hosts = _label_hosts(single_host_parts)
    record = Record.create(_name(parts), _merged_head(parts, hosts, mixed), results)
    record.run["noise"] = []
    for part, label in zip(single_host_parts, _labels(single_host_parts, hosts), strict=True):
        _add_part(record, part, label if len(hosts) > 1 else "")
        record.run["noise"] += [{**noise, "host": label} for noise in floor_noise(part.run)]
    traces = [trace for part in parts if (trace := part.run.get("trace"))]
    if traces:
        record.run["trace"] = agreement_stats(record.run, record.read_samples(), traces)
    record.run["warnings"] = list(_merge_warnings(parts, hosts, record.run, mixed))
    record.save()
    return record


def _check_compatible(parts: Sequence[RunPart]) -> None:
    first = max((part.run for part in parts), key=lambda run: len(run.get("systems", ())))
    for part in (part for part in parts if part.run is not first):
        daemons = [describe_daemon(run) for run in (first, part.run)]
        if daemons[0] != daemons[1]:
            raise Problem(
                f"Cannot merge {first['id']} and {part.run['id']}: they measured other daemons.",
                known=f"{first['id']}: {daemons[0]}\n{part.run['id']}: {daemons[1]}",
                advice="Merge runs of one daemon; ./inv compare shows both side by side.",
                usage=True,
            )
        for key in _COMMON:
            name, other_name = first[key]["name"], part.run[key]["name"]
            if name == other_name or (key == "system" and _unites(first, part.run)):
                continue
            raise Problem(
                f"Cannot merge {first['id']} and {part.run['id']}: the {key}s differ.",
                known=f"{key}: {name} in the one, {other_name} in the other",
                advice=_DIFFERENT,
                usage=True,
            )


def _unites(widest: Run, other: Run) -> bool:
    """Tell whether a run of several systems can become part of one that has all of them.

    Each contender's name says its release. The floor's does not: it has to be of the same system.
    The findings on supervisors cover the systems of their run: those of the widest run cover all.
    """
    names, others = (
        [system["name"] for system in run.get("systems", ())] for run in (widest, other)
    )
    if not others or not set(others) <= set(names):
        return False
    return main_system_name(names) == main_system_name(others)


def _label_hosts(parts: Sequence[RunPart]) -> dict[str, HostFacts]:
    """Return each host's facts by a unique label: names are often the same.

    `alone` is the floor's latency with nothing beside it, of the part that the floor is taken from.
    """
    hosts: dict[str, HostFacts] = {}
    for part in parts:
        number = 1
        label = part.host_name
        while label in hosts and not same_host(hosts[label], part.host):
            number += 1
            label = f"{part.host_name}-{number}"
        facts = hosts.setdefault(label, {**part.host, "alone": None})
        facts["alone"] = facts["alone"] or part.alone
    return hosts


def _labels(parts: Sequence[RunPart], hosts: Mapping[str, HostFacts]) -> Iterator[str]:
    """Yield the label of each part's host."""
    for part in parts:
        yield next(
            label
            for label, facts in hosts.items()
            if label.startswith(part.host_name) and same_host(facts, part.host)
        )


def _name(parts: Sequence[RunPart]) -> str:
    system = united_systems([part.run for part in parts])["system"]["name"]
    return f"{system.replace(',', '-')}-{parts[0].run['provider']['name']}-merged"


def _merged_head(
    parts: Sequence[RunPart], hosts: Mapping[str, HostFacts], mixed: bool
) -> dict[str, object]:
    """Return the merged run.json without schema, id and contenders."""
    runs = [part.run for part in parts]
    # The figures that readers look at first are restarts.
    lead = next((run for run in runs if run["alone"]), runs[0])
    head = {key: value for key, value in lead.items() if key not in _OWN_OF_PART}
    ended = [run["ended"] for run in runs]
    measured = {contender["supervisor"] for run in runs for contender in run["contenders"]}
    absent = {absent["supervisor"]: absent for run in runs for absent in run["absent"]}
    instruments = {run.get("instrument") for run in runs}
    return {
        **head,
        **united_systems(runs),
        "started": min(run["started"] for run in runs),
        "ended": max(end for end in ended if end) if all(ended) else None,
        "quick": any(run["quick"] for run in runs),
        "seconds": sum(run.get("seconds", 0.0) for run in runs),
        "bound": sum(run.get("bound", 0.0) for run in runs),
        "plan": {"lines": [line for run in runs for line in run["plan"]["lines"]],
                 "seconds": sum(run["plan"]["seconds"] for run in runs)},
        "absent": [entry for name, entry in absent.items() if name not in measured],
        "supervisors": _supervisors(runs),
        "scenario_titles": {
            name: title for run in runs for name, title in run.get("scenario_titles", {}).items()
        },
        "alone": next(iter(hosts.values()))["alone"] if len(hosts) == 1 else None,
        "calibration": lead.get("calibration") if len(hosts) == 1 else None,
        "instrument": instruments.pop() if len(instruments) == 1 else None,
        "hosts": hosts,
        "mixed": mixed,
        "merged": [run["id"] for run in runs],
        **_known_parts(runs),
    }  # fmt: skip


def _supervisors(runs: Sequence[Run]) -> dict[str, SupervisorFacts]:
    """Return each supervisor's facts: of the run of most systems, and of several the last.

    The findings on a supervisor cover the systems of their run only.
    """
    by_systems = sorted(runs, key=lambda run: len(run.get("systems", ())))
    return {name: facts for run in by_systems for name, facts in run["supervisors"].items()}


def _known_parts(runs: Sequence[Run]) -> dict[str, list[MergedPart]]:
    """Return the key `parts`, if the options of each part are recorded: older merges lack them."""
    if any("merged" in run and "parts" not in run for run in runs):
        return {}
    return {"parts": [one for run in runs for one in _parts_of(run)]}


def _parts_of(run: Run) -> list[MergedPart]:
    """Return a run with its options, or what it was merged from."""
    return run.get("parts") or [{"id": run["id"], "options": run["options"]}]


@dataclass(frozen=True)
class _Addition:
    """What a part adds to a contender of the merged run, and what stays of its earlier result."""

    name: str
    later: ContenderResult
    taken: set[str]
    remaining: ContenderResult | None


def _add_part(record: Record, part: RunPart, label: str) -> None:
    """Add a part's contenders. label: of its host; empty where there is one only."""
    earlier_results = record.contenders_by_name()
    additions: list[_Addition] = []
    dropped: set[ScenarioKey] = set()
    for contender in part.run["contenders"]:
        name = f"{contender['name']}@{label}" if label else contender["name"]
        earlier = earlier_results.get(name)
        taken = _taken_scenarios(earlier, contender)
        if not taken:
            continue
        remaining = _remaining(earlier, taken, contender)
        left = remaining["scenarios"] if remaining else {}
        if earlier:
            dropped |= {(name, scenario) for scenario in earlier["scenarios"].keys() - left}
        additions.append(_Addition(name, contender, taken, remaining))
    if dropped:  # at once: each time, the whole file of samples is written anew
        record.drop_scenarios(dropped)
    samples = _samples_by_contender(part)
    record.add_results(
        [_result_of(addition, record, part, label) for addition in additions],
        itertools.chain.from_iterable(
            _samples_of(addition, samples[addition.later["name"]]) for addition in additions
        ),
    )


def _samples_by_contender(part: RunPart) -> defaultdict[str, list[Event]]:
    samples: defaultdict[str, list[Event]] = defaultdict(list)
    for sample in part.samples:
        samples[sample["contender"]].append(sample)
    return samples


def _samples_of(addition: _Addition, samples: Sequence[Event]) -> Iterator[Event]:
    """Yield the samples of the scenarios that are taken, under the name in the merged run."""
    first_free = _first_free_replica(addition.remaining)
    for sample in samples:
        if sample["scenario"] in addition.taken:
            renamed = {**sample, "contender": addition.name}
            yield cast(Event, _renumbered(renamed, first_free))


def _result_of(addition: _Addition, record: Record, part: RunPart, label: str) -> ContenderResult:
    """Return the contender's result in the merged run; its log is written."""
    name, later, remaining = addition.name, addition.later, addition.remaining
    result: ContenderResult = {**later, "name": name, "host": label or part.host.get("name")}
    if label:
        result["title"] = f"{later['title']} on {label}"
    if "log" in later:
        text = part.logs.get(Path(later["log"]).name, later["reason"])
        texts = [*record.previous_log(remaining), text]
        result["log"] = str(record.write_log(name, "\n".join(texts)).relative_to(record.folder))
    return _united(remaining, result, addition.taken, _first_free_replica(remaining))


def _taken_scenarios(earlier: ContenderResult | None, later: ContenderResult) -> set[str]:
    """Return the scenarios that a merged run takes from the later result of a contender.

    A floor that was measured stays as it is, since the contenders of its part are compared with it;
    and a failure does not replace a figure.
    """
    scenarios = set(later["scenarios"])
    if earlier is None:
        return scenarios
    if later["status"] != "measured":
        return {
            name
            for name, result in later["scenarios"].items()
            if _fills(result, earlier["scenarios"].get(name))
        }
    return scenarios - set(earlier["scenarios"]) if is_measured_floor(earlier) else scenarios


def _fills(later: ScenarioResult, earlier: ScenarioResult | None) -> bool:
    """Tell whether a result of an unfinished contender says more than the earlier one."""
    if _is_measured(later):
        return not _is_measured(earlier)
    return earlier is None and later["status"] not in INCOMPLETE


def _is_measured(result: ScenarioResult | None) -> bool:
    return result is not None and result["status"] == "measured"


def _ran(result: ContenderResult) -> bool:
    """Tell whether a guest of it ran: of a contender to which no scenario applies none does."""
    return result.get("version") != ""


def _remaining(
    earlier: ContenderResult | None, taken: set[str], later: ContenderResult
) -> ContenderResult | None:
    """Return what remains of the earlier result without the scenarios that are taken.

    Nothing remains of another version, build or configuration: one row would call both the same.
    """
    if earlier is None or taken >= set(earlier["scenarios"]):
        return None
    if _ran(later) and any(earlier.get(key) != later.get(key) for key in _SAME_PROGRAM):
        return None
    return only_scenarios(earlier, earlier["scenarios"].keys() - taken)


def _united(
    remaining: ContenderResult | None, later: ContenderResult, taken: set[str], first_free: int
) -> ContenderResult:
    """Return one result: the scenarios taken from the later one, and what remains of the earlier.

    first_free: the later one's guests are counted from there, so that no two guests of a contender
    have the same number.
    """
    if remaining is None:
        return later
    base = later if later["status"] == "measured" and _ran(later) else remaining
    united: ContenderResult = {
        **base,
        "scenarios": {
            **remaining["scenarios"],
            **{name: later["scenarios"][name] for name in sorted(taken)},
        },
        "guests": [
            *remaining["guests"],
            *(cast(GuestFacts, _renumbered({**guest}, first_free)) for guest in later["guests"]),
        ],
        "doubts": (later if RANKED in taken else remaining).get("doubts", []),
    }
    if any(result["status"] in INCOMPLETE for result in remaining["scenarios"].values()):
        united |= {"status": remaining["status"], "reason": remaining["reason"]}
        if "log" in remaining and "log" not in united:
            united["log"] = remaining["log"]
    return united


def _first_free_replica(remaining: ContenderResult | None) -> int:
    guests = remaining["guests"] if remaining else []
    return max((guest.get("replica", 0) + 1 for guest in guests), default=0)


def _renumbered(numbered: dict[str, Any], first: int) -> dict[str, Any]:
    """Return a sample or a guest whose number is counted from `first`."""
    return {**numbered, "replica": numbered.get("replica", 0) + first} if first else numbered


def _merge_warnings(
    parts: Sequence[RunPart], hosts: Mapping[str, HostFacts], run: Run, mixed: bool
) -> Iterator[str]:
    if len(hosts) == 1:
        yield from run_warnings(run)
    else:
        for label, facts in hosts.items():
            for warning in run_warnings(run_of_host(run, label, facts)):
                yield f"{label}: {warning}"
        yield from trace_warnings(run.get("trace"))
        ranking = "ranked together because of --mixed" if mixed else "not ranked together"
        yield (
            f"These contenders ran on {len(hosts)} hosts ({', '.join(hosts)}) and are {ranking}: "
            "compare x floor, which is of the same host."
        )
    if run["instrument"] is None:
        yield (
            "The merged runs were measured by different daemons or measuring programs, or by "
            "unknown ones: compare with care."
        )
    if names := _differing_options(parts):
        yield (
            f"The merged runs had different options ({', '.join(names)}): run.json of each run "
            "lists them."
        )


def _differing_options(parts: Sequence[RunPart]) -> list[str]:
    """Return the names of the options that differ between parts, but for the contenders named."""
    options = [part.run["options"] for part in parts]
    names = {name for of_part in options for name in of_part} - {"only"}
    return sorted(
        name for name in names if any(one.get(name) != options[0].get(name) for one in options)
    )
