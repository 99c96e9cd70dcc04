"""Two runs to compare: which contenders both have, and what makes them hard to compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.model.run_file import ContenderResult, MetricResult, Run
from bench.model.run_file.measured_daemon import describe_daemon
from bench.model.selection.profile_names import is_same_contender
from bench.recording.validity.samples_check import find_damage, refuse_damaged
from reports.model.contenders import build_name, describe_version, sort_contenders
from reports.model.metrics import find_metric
from reports.model.samples import Samples, read_samples
from reports.model.text import sanitize


@dataclass(frozen=True)
class RunWithSamples:
    """A run and its samples, both sanitized (reports.model.text)."""

    run: Run
    samples: Samples


def with_samples(run: Run, folder: Path) -> RunWithSamples:
    """Read the samples of a run. Raises Problem for broken samples, and for a damaged run."""
    refuse_damaged(run, find_damage(run, folder))
    return RunWithSamples(sanitize(run), read_samples(folder))


def contenders_of_both(
    before: RunWithSamples, after: RunWithSamples
) -> Iterator[tuple[ContenderResult, ContenderResult]]:
    """Yield each contender that both runs have, before and after, in the article's order."""
    for contender in sort_contenders(after.run):
        if old := _find_contender(before, contender["name"]):
            yield old, contender


def name_in(run: RunWithSamples, contender: str) -> str:
    """Return the name that a contender of both runs has in one of them, perhaps an older one."""
    same = _find_contender(run, contender)
    return same["name"] if same else contender


def _find_contender(run: RunWithSamples, name: str) -> ContenderResult | None:
    contenders = run.run["contenders"]
    return next((item for item in contenders if is_same_contender(item["name"], name)), None)


def metrics_of_both(
    old: ContenderResult, new: ContenderResult
) -> Iterator[tuple[MetricResult, MetricResult]]:
    """Yield each metric that a contender has in both runs, before and after."""
    for scenario, result in old["scenarios"].items():
        for metric in result["metrics"]:
            if other := find_metric(new, scenario, metric["metric"]):
                yield metric, other


def contenders_only_in(run: RunWithSamples, other: RunWithSamples) -> list[ContenderResult]:
    """Return the contenders of one run that the other lacks, in the article's order."""
    return [item for item in sort_contenders(run.run) if not _find_contender(other, item["name"])]


def comparison_cautions(before: RunWithSamples, after: RunWithSamples) -> list[str]:
    """Return a sentence on everything that makes two runs hard or impossible to compare."""
    old, new = _conditions(before.run), _conditions(after.run)
    cautions = [
        f"Different {name}: {value}, then {new[name]}."
        for name, value in old.items()
        if value != new[name]
    ]
    instruments = [run.run.get("instrument") for run in (before, after)]
    if not instruments[0] or instruments[0] != instruments[1]:
        one, other = (instrument or "unknown" for instrument in instruments)
        cautions.append(f"Different instruments: {one}, then {other}.")
    cautions += _different_builds(before, after)
    for run in (before.run, after.run):
        cautions += [f"{run['id']}: {warning}" for warning in run["warnings"]]
        cautions += [f"{run['id']} has not ended."] if not run["ended"] else []
    return cautions


def _different_builds(before: RunWithSamples, after: RunWithSamples) -> list[str]:
    """Return a sentence for each supervisor of which one run measured another build."""
    pairs = contenders_of_both(before, after)
    return [
        *dict.fromkeys(
            f"Different builds of {new['supervisor']}: {describe_version(old) or 'unknown'}, then"
            f" {describe_version(new) or 'unknown'}."
            for old, new in pairs
            if build_name(old) != build_name(new)
        )
    ]


def _conditions(run: Run) -> dict[str, str]:
    """Return what two comparable runs have in common, in words, by its name in the plural."""
    host = run["host"]
    machine = f"{host.get('name') or 'unnamed'} {(host.get('machine_id') or '')[:8]}".strip()
    return {
        "daemons": describe_daemon(run),
        "systems": run["system"]["name"],
        "providers": run["provider"]["name"],
        "processors": f"{host['processor']}, {host['cores']} cores",
        "machines": machine,
        "memory sizes": f"{host['memory_mib']} MiB",
        "kernels": host["kernel"],
        "host systems": host["system"],
        "depths": "quick, few trials" if run["quick"] else "full",
    }
