"""One run out of several that were made apart: on other hosts, or one contender at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bench.model.events import Event
from bench.model.host_info import same_host
from bench.recording.aggregate import disagreement, noise, warnings
from bench.recording.store import Record, find
from bench.tracing.compare import agreement_stats
from provision.errors import Problem

# What a reader takes to be the same for the whole run.
_COMMON = ("system", "provider")
_OWN_OF_PART = frozenset(
    {"schema", "id", "contenders", "trace", "alone", "calibration", "instrument", "suite_cpu"}
)


@dataclass(frozen=True)
class Part:
    """A run that is to become a part of another. logs: texts by their names below logs/."""

    run: Any
    samples: list[dict[str, Any]]
    logs: dict[str, str]

    @classmethod
    def of(cls, folder: Path) -> Part:
        """The run in that folder. Raises Problem for one that is broken."""
        record = Record.load(folder)
        logs = {path.name: path.read_text() for path in (folder / "logs").glob("*.log")}
        return cls(record.run, record.samples(), logs)

    @property
    def host(self) -> dict[str, Any]:
        """The facts of the machine that it was made on."""
        return dict(self.run["host"])

    @property
    def alone(self) -> dict[str, Any] | None:
        """The floor's latency by itself; None where that floor was not measured among others."""
        alone: dict[str, Any] | None = self.run["alone"]
        if alone and any(
            _is_measured_floor(each) and each["pid1"] == alone.get("pid1")
            for each in self.run["contenders"]
        ):
            return alone
        return None

    def by_host(self) -> list[Part]:
        """Itself, or where it is of several hosts one for each, its contenders named as there."""
        hosts = self.run.get("hosts", {})
        if len(hosts) < 2:
            return [self]
        return [self._at(label, facts) for label, facts in hosts.items()]

    def _at(self, label: str, facts: Mapping[str, Any]) -> Part:
        end = f"@{label}"
        contenders = [
            {**each, "name": each["name"].removesuffix(end),
             "title": each["title"].removesuffix(f" on {label}")}
            for each in self.run["contenders"] if each["host"] == label
        ]  # fmt: skip
        samples = [
            {**each, "contender": each["contender"].removesuffix(end)}
            for each in self.samples
            if each["contender"].endswith(end)
        ]
        return Part(_of_host(self.run, label, facts) | {"contenders": contenders}, samples,
                    self.logs)  # fmt: skip


def merge(names: Sequence[str], *, mixed: bool) -> Record:
    """Make one run of several; mixed: rank the contenders of several hosts together.

    Raises Problem where the runs do not belong together.
    """
    if len(names) < 2:
        raise Problem(
            "There is nothing to merge.", advice="Name two runs or more: ./inv merge RUN RUN",
            usage=True,
        )  # fmt: skip
    return merged([Part.of(find(name)) for name in names], mixed=mixed)


def merged_apart(parts: Sequence[Part], results: Path | None = None) -> list[Record]:
    """A run for each system and provider that there are parts of, since no run has two of those."""
    groups: dict[tuple[str, ...], list[Part]] = {}
    for part in parts:
        groups.setdefault(tuple(part.run[key]["name"] for key in _COMMON), []).append(part)
    return [merged(group, results=results) for group in groups.values()]


def merged(parts: Sequence[Part], *, mixed: bool = False, results: Path | None = None) -> Record:
    """The run that those parts make together, in a folder of its own.

    With parts of several hosts each contender's name and title end with its host, and unless mixed
    is set nothing ranks them together: each is compared with the floor of its own part alone.
    Of a contender measured twice on one host the later part counts. Raises Problem.
    """
    _check(parts)
    apart = [each for part in parts for each in part.by_host()]
    hosts = _hosts(apart)
    record = Record.create(_name(parts), _head(parts, hosts, mixed), results)
    record.run["noise"] = []
    for part, host in zip(apart, _labels(apart, hosts), strict=True):
        _fold(record, part, host if len(hosts) > 1 else "")
        record.run["noise"] += [{**each, "host": host} for each in noise(part.run)]
    traces = [part.run["trace"] for part in parts if part.run.get("trace")]
    if traces:
        record.run["trace"] = agreement_stats(
            record.run, cast(list[Event], record.samples()), traces
        )
    record.run["warnings"] = list(_warnings(parts, hosts, record.run, mixed))
    record.save()
    return record


def _check(parts: Sequence[Part]) -> None:
    first = parts[0].run
    for part in parts[1:]:
        for key in _COMMON:
            ours, theirs = first[key]["name"], part.run[key]["name"]
            if ours != theirs:
                raise Problem(
                    f"{first['id']} and {part.run['id']} do not belong together.",
                    known=f"The {key} of the one is {ours}, of the other {theirs}.",
                    advice="Merge runs of one system and one provider.",
                    usage=True,
                )


def _hosts(parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
    """Each host's facts by a name that no other has: CI machines are often all called the same.

    `alone` is the floor's latency with nothing beside it, of the part that the floor is taken from.
    """
    found: dict[str, dict[str, Any]] = {}
    for part in parts:
        name = part.host.get("name") or "host"
        number = 1
        label = name
        while label in found and not same_host(found[label], part.host):
            number += 1
            label = f"{name}-{number}"
        facts = found.setdefault(label, {**part.host, "alone": None})
        facts["alone"] = facts["alone"] or part.alone
    return found


def _labels(parts: Sequence[Part], hosts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        name = part.host.get("name") or "host"
        yield next(
            label
            for label, facts in hosts.items()
            if label.startswith(name) and same_host(facts, part.host)
        )


def _of_host(run: Mapping[str, Any], label: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a merged run says of one of its hosts."""
    mine = {key: [each for each in run[key] if each["host"] == label]
            for key in ("contenders", "noise") if key in run}  # fmt: skip
    return {**run, "host": facts, "alone": facts.get("alone"), "trace": None, **mine}


def _name(parts: Sequence[Part]) -> str:
    run = parts[0].run
    return f"{run['system']['name']}-{run['provider']['name']}-merged"


def _head(
    parts: Sequence[Part], hosts: Mapping[str, Mapping[str, Any]], mixed: bool
) -> dict[str, Any]:
    runs = [part.run for part in parts]
    head = {key: value for key, value in runs[0].items() if key not in _OWN_OF_PART}
    ended = [run["ended"] for run in runs]
    measured = {each["supervisor"] for run in runs for each in run["contenders"]}
    absent = {each["supervisor"]: each for run in runs for each in run["absent"]}
    instruments = {run.get("instrument") for run in runs}
    return {
        **head,
        "started": min(run["started"] for run in runs),
        "ended": max(ended) if all(ended) else None,
        "quick": any(run["quick"] for run in runs),
        "seconds": sum(run.get("seconds", 0.0) for run in runs),
        "bound": sum(run.get("bound", 0.0) for run in runs),
        "plan": {"lines": [line for run in runs for line in run["plan"]["lines"]],
                 "seconds": sum(run["plan"]["seconds"] for run in runs)},
        "absent": [each for name, each in absent.items() if name not in measured],
        "supervisors": {name: each for run in runs for name, each in run["supervisors"].items()},
        "alone": next(iter(hosts.values()))["alone"] if len(hosts) == 1 else None,
        "calibration": runs[0].get("calibration") if len(hosts) == 1 else None,
        "instrument": instruments.pop() if len(instruments) == 1 else None,
        "hosts": hosts,
        "mixed": mixed,
        "merged": [run["id"] for run in runs],
    }  # fmt: skip


def _is_measured_floor(contender: Mapping[str, Any]) -> bool:
    return (contender["supervisor"], contender["status"]) == ("floor", "measured")


def _fold(record: Record, part: Part, host: str) -> None:
    """Add a part's contenders; host: empty where there is but one."""
    for contender in part.run["contenders"]:
        old = contender["name"]
        name = f"{old}@{host}" if host else old
        known = record.contenders()
        if name in known:
            if contender["status"] != "measured" or _is_measured_floor(known[name]):
                continue
            record.forget({(name, scenario) for scenario in known[name]["scenarios"]})
        made = {**contender, "name": name, "host": host or part.host.get("name")}
        if host:
            made["title"] = f"{contender['title']} on {host}"
        if "log" in contender:
            text = part.logs.get(Path(contender["log"]).name, contender["reason"])
            made["log"] = str(record.log(name, text).relative_to(record.folder))
        own = [
            {**sample, "contender": name} for sample in part.samples if sample["contender"] == old
        ]
        record.add([made], own)


def _warnings(
    parts: Sequence[Part],
    hosts: Mapping[str, Mapping[str, Any]],
    run: Mapping[str, Any],
    mixed: bool,
) -> Iterator[str]:
    if len(hosts) == 1:
        yield from warnings(dict(run))
    else:
        for label, facts in hosts.items():
            for warning in warnings(_of_host(run, label, facts)):
                yield f"{label}: {warning}"
        yield from disagreement(run.get("trace"))
        kept = "ranked together, as asked" if mixed else "not ranked together"
        yield (
            f"These contenders ran on {len(hosts)} hosts ({', '.join(hosts)}) and are {kept}: "
            "compare x floor, which is of the same host."
        )
    if run["instrument"] is None:
        yield (
            "The merged runs were measured by different daemons or measuring programs, or by "
            "unknown ones: compare with care."
        )
    asked = [{k: v for k, v in part.run["options"].items() if k != "only"} for part in parts]
    if any(each != asked[0] for each in asked):
        yield "The merged runs were asked different questions: see their options."
