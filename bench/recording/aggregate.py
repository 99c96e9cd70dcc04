"""From a contender's samples to its result in run.json."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, TypedDict, cast

from bench.model.events import Event
from bench.model.rejections import Rejections
from bench.model.run_file import (
    Article,
    ContenderResult,
    GuestFacts,
    MetricResult,
    QualityIssue,
    ScenarioResult,
    SourceFacts,
    VerdictResult,
    Verification,
)
from bench.model.scenario import Scenario, Verdict
from bench.model.selection.contenders import SelectedContender
from bench.model.statistics import Metric
from bench.recording.quality.latency_doubts import quality_issues
from bench.recording.samples.kept_trials import KeptTrials
from bench.recording.unfinished import INTERRUPTED, UNFINISHED, empty_result
from bench.recording.validity.run_rules import metric_fault

Scenarios = Mapping[str, Scenario]


class _Outcome(TypedDict):
    status: Literal["measured", "failed", "unfinished"]
    reason: str


@dataclass
class ContenderProgress:
    """One contender's state during a run.

    units_due: work units by scenario that have neither ended nor failed. failed_scenarios: the
    reason by scenario. results: of concluded scenarios. samples: of scenarios not yet concluded.
    rejections: lines of its guests that cannot be true, by scenario. remarks: for the log, where
    nothing failed. previous_log: text of the log, where an earlier part of the run has one.
    kept_trials: their number by unfinished scenario.
    """

    selected: SelectedContender
    units_due: Counter[str] = field(default_factory=Counter)
    version: str = ""
    verified: Verification = field(default_factory=Verification)
    samples: list[Event] = field(default_factory=list)
    guests: list[GuestFacts] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    failed_scenarios: dict[str, str] = field(default_factory=dict)
    results: dict[str, ScenarioResult] = field(default_factory=dict)
    quality_issues: list[QualityIssue] = field(default_factory=list)
    previous_log: list[str] = field(default_factory=list)
    rejections: dict[str, Rejections] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    kept_trials: Counter[str] = field(default_factory=Counter)

    @classmethod
    def resume(
        cls, selected: SelectedContender, earlier: ContenderResult | None
    ) -> ContenderProgress:
        """Begin with the results that an earlier part of the run has; None: it has none."""
        if earlier is None:
            return cls(selected)
        return cls(
            selected,
            version=earlier["version"],
            verified=earlier["verified"],
            guests=list(earlier["guests"]),
            results={
                name: result
                for name, result in earlier["scenarios"].items()
                if result["status"] != UNFINISHED
            },
            quality_issues=earlier.get("doubts", []),
        )

    def restore(self, scenario: str, kept: KeptTrials) -> None:
        """Take over the trials that an earlier part of the run kept of an unfinished scenario."""
        self.samples += kept.samples
        self.version, self.verified = kept.version, kept.verified
        guests = {guest["replica"]: guest for guest in self.guests}
        for replica, facts in kept.guests.items():
            guest = guests.get(replica, facts)
            guests[replica] = {**guest, "load": guest.get("load", {}) | facts.get("load", {})}
        self.guests = list(guests.values())

    def complete_scenarios(self, scenarios: Scenarios) -> list[str]:
        """Return the scenarios whose work is over and that are not concluded yet."""
        return [name for name in scenarios if not self.units_due[name] and name not in self.results]


def conclude_complete(progress: ContenderProgress, scenarios: Scenarios) -> list[Event]:
    """Conclude the scenarios whose work is over; remove and return their samples."""
    complete = progress.complete_scenarios(scenarios)
    concluded = [sample for sample in progress.samples if sample["scenario"] in complete]
    progress.samples = [sample for sample in progress.samples if sample["scenario"] not in complete]
    for name in complete:
        samples = [sample for sample in concluded if sample["scenario"] == name]
        progress.results[name] = _scenario_result(progress, scenarios[name], samples)
    if "restart" in complete:
        progress.quality_issues = quality_issues(
            progress.results["restart"],
            progress.guests,
            progress.selected.contender.period,
            concluded,
        )
    return concluded


def _title(selected: SelectedContender) -> str:
    """The supervisor's title; in a run of several systems it ends with the contender's."""
    title = selected.supervisor.title
    return f"{title} on {selected.system.title}" if selected.contender.release else title


def contender_result(progress: ContenderProgress, scenarios: Scenarios) -> ContenderResult:
    """Return the contender's entry of run.json, as far as its scenarios are concluded."""
    supervisor, contender = progress.selected.supervisor, progress.selected.contender
    article = supervisor.article
    outcome = _outcome(progress)
    result: ContenderResult = {
        "name": contender.name,
        "supervisor": supervisor.name,
        "title": _title(progress.selected),
        "home": supervisor.home_page,
        "rank": supervisor.article_order,
        "version": progress.version,
        "matches_article": supervisor.matches_article(progress.version),
        "source": cast(SourceFacts, progress.selected.source.record()),
        "role": contender.role,
        "profile": contender.profile,
        "short_name": contender.short_name,
        "pid1": contender.pid1,
        "needs_pid1": supervisor.needs_pid1,
        "can_pid1": supervisor.can_be_pid1,
        "system": progress.selected.system.name,
        "roles": sorted({variant.role for variant in supervisor.contenders}),
        "setting": contender.setting,
        "period": contender.period,
        "limit": contender.start_limit.record if contender.start_limit else None,
        "logger": contender.log_process,
        "article": cast(Article, asdict(article)) if article else None,
        "status": outcome["status"],
        "reason": outcome["reason"],
        "verified": progress.verified,
        "guests": sorted(progress.guests, key=lambda guest: guest["replica"]),
        "scenarios": {
            name: progress.results.get(name) or _open_result(progress, name) for name in scenarios
        },
        "doubts": progress.quality_issues,
    }
    if own := contender.own_files:
        result["own_files"] = {"folder": str(own.folder), "sha256": own.digest}
    return result


def _outcome(progress: ContenderProgress) -> _Outcome:
    if progress.failures:
        return {"status": "failed", "reason": progress.failures[0][:2000]}
    if progress.units_due.total():
        return {"status": UNFINISHED, "reason": INTERRUPTED}
    earlier_failures = [
        result["note"] for result in progress.results.values() if result["status"] == "failed"
    ]
    if earlier_failures:
        return {"status": "failed", "reason": earlier_failures[0]}
    return {"status": "measured", "reason": ""}


def _open_result(progress: ContenderProgress, scenario: str) -> ScenarioResult:
    """Return the result of a scenario that still has work units to do."""
    if scenario in progress.failed_scenarios:
        return _failed_result(progress, scenario)
    count = progress.kept_trials[scenario]
    kept = f"{count:,} trials are kept. " if count else ""
    return empty_result(UNFINISHED, f"{kept}{INTERRUPTED}")


def _failed_result(progress: ContenderProgress, scenario: str) -> ScenarioResult:
    """Return the result of a scenario that failed, with what was rejected of its guests' lines."""
    rejections = progress.rejections.get(scenario)
    note = progress.failed_scenarios[scenario]
    if rejections and rejections.unexplained:
        note = rejections.summary()
    return _with_rejected(progress, scenario, empty_result("failed", note))


def _with_rejected(
    progress: ContenderProgress, scenario: str, result: ScenarioResult
) -> ScenarioResult:
    """Return the result with the number of rejected lines by reason, where there are any."""
    if scenario in progress.rejections:
        result["rejected"] = progress.rejections[scenario].by_reason()
    return result


def _scenario_result(
    progress: ContenderProgress, scenario: Scenario, samples: list[Event]
) -> ScenarioResult:
    if scenario.name in progress.failed_scenarios:
        return _failed_result(progress, scenario.name)
    contender = progress.selected.contender
    try:
        metrics = scenario.conclude(contender, samples)
        verdicts = scenario.judge(contender, samples)
        figures = [_checked_metric(metric) for metric in metrics]
    except Exception:
        # The results of the other scenarios stay valid.
        progress.failures.append(f"concluding {scenario.name}: {traceback.format_exc()}")
        return empty_result("failed", "No figures: the evaluation of its samples failed.")
    result: ScenarioResult = {
        "status": "measured",
        "note": "",
        "metrics": figures,
        "verdicts": [_verdict_result(verdict) for verdict in verdicts],
    }
    return _with_rejected(progress, scenario.name, result)


def _verdict_result(verdict: Verdict) -> VerdictResult:
    result = asdict(verdict)
    if not verdict.tally:
        del result["tally"]
    return cast(VerdictResult, result)


def _checked_metric(metric: Metric) -> MetricResult:
    """Return a metric as run.json has it. Raises ValueError for figures that cannot be."""
    result = metric.as_dict()
    if fault := metric_fault(result):
        raise ValueError(f"{result['metric']}: {fault}")
    return result
