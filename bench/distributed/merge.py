"""One run out of several: of other hosts, or of contenders measured apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, cast

from bench.distributed.part import RunPart, is_measured_floor, run_of_host
from bench.model.events import Event
from bench.model.host_info import same_host
from bench.model.run_file import ContenderResult, HostFacts, Run
from bench.recording.floor import floor_noise
from bench.recording.run_warnings import run_warnings, trace_warnings
from bench.recording.store import Record, run_folder
from bench.tracing.agreement import agreement_stats
from provision.errors import Problem

# What a reader takes to be the same for the whole run.
_COMMON: tuple[Literal["system", "provider"], ...] = ("system", "provider")
# Keys of a part's run.json that the merged run does not take over.
_OWN_OF_PART = frozenset(
    {
        *("schema", "id", "contenders", "trace", "alone", "calibration", "instrument"),
        *("suite_cpu", "samples", "damage"),
    }
)


def merge(names: Sequence[str], *, mixed: bool) -> Record:
    """Merge the named runs into a new one. Raises Problem where they cannot be merged.

    mixed: rank the contenders of several hosts together.
    """
    if len(names) < 2:
        raise Problem(
            "Cannot merge fewer than two runs.",
            advice="Name two runs or more: ./inv merge RUN RUN",
            usage=True,
        )
    return merge_parts([RunPart.load(run_folder(name)) for name in names], mixed=mixed)


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
    together. Of a contender measured twice on one host, the later part counts. Raises Problem.
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
    first = parts[0].run
    for part in parts[1:]:
        for key in _COMMON:
            name, other_name = first[key]["name"], part.run[key]["name"]
            if name != other_name:
                raise Problem(
                    f"Cannot merge {first['id']} and {part.run['id']}: the {key}s differ.",
                    known=f"{key}: {name} in the one, {other_name} in the other",
                    advice="Merge runs of one system and one provider.",
                    usage=True,
                )


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
    run = parts[0].run
    return f"{run['system']['name']}-{run['provider']['name']}-merged"


def _merged_head(
    parts: Sequence[RunPart], hosts: Mapping[str, HostFacts], mixed: bool
) -> dict[str, object]:
    """Return the merged run.json without schema, id and contenders."""
    runs = [part.run for part in parts]
    head = {key: value for key, value in runs[0].items() if key not in _OWN_OF_PART}
    ended = [run["ended"] for run in runs]
    measured = {contender["supervisor"] for run in runs for contender in run["contenders"]}
    absent = {absent["supervisor"]: absent for run in runs for absent in run["absent"]}
    instruments = {run.get("instrument") for run in runs}
    return {
        **head,
        "started": min(run["started"] for run in runs),
        "ended": max(end for end in ended if end) if all(ended) else None,
        "quick": any(run["quick"] for run in runs),
        "seconds": sum(run.get("seconds", 0.0) for run in runs),
        "bound": sum(run.get("bound", 0.0) for run in runs),
        "plan": {"lines": [line for run in runs for line in run["plan"]["lines"]],
                 "seconds": sum(run["plan"]["seconds"] for run in runs)},
        "absent": [entry for name, entry in absent.items() if name not in measured],
        "supervisors": {name: facts for run in runs for name, facts in run["supervisors"].items()},
        "alone": next(iter(hosts.values()))["alone"] if len(hosts) == 1 else None,
        "calibration": runs[0].get("calibration") if len(hosts) == 1 else None,
        "instrument": instruments.pop() if len(instruments) == 1 else None,
        "hosts": hosts,
        "mixed": mixed,
        "merged": [run["id"] for run in runs],
    }  # fmt: skip


def _add_part(record: Record, part: RunPart, label: str) -> None:
    """Add a part's contenders. label: of its host; empty where there is one only."""
    for contender in part.run["contenders"]:
        old_name = contender["name"]
        name = f"{old_name}@{label}" if label else old_name
        earlier = record.contenders_by_name().get(name)
        if earlier:
            if contender["status"] != "measured" or is_measured_floor(earlier):
                continue
            record.drop_scenarios({(name, scenario) for scenario in earlier["scenarios"]})
        result: ContenderResult = {
            **contender,
            "name": name,
            "host": label or part.host.get("name"),
        }
        if label:
            result["title"] = f"{contender['title']} on {label}"
        if "log" in contender:
            text = part.logs.get(Path(contender["log"]).name, contender["reason"])
            result["log"] = str(record.write_log(name, text).relative_to(record.folder))
        samples = [
            cast(Event, {**sample, "contender": name})
            for sample in part.samples
            if sample["contender"] == old_name
        ]
        record.add_results([result], samples)


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
    options = [
        {key: value for key, value in part.run["options"].items() if key != "only"}
        for part in parts
    ]
    if any(of_part != options[0] for of_part in options):
        yield "The merged runs had different options: run.json of each run lists them."
