"""How the latest run goes on: what it still lacks, what it keeps, and whether that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.engine.calibration_store import instrument
from bench.engine.plan import KeptResults
from bench.engine.request import BenchRequest
from bench.model.host_info import IDENTITY, host_facts
from bench.model.selection import SelectedContender
from bench.recording.quality import unstable
from bench.recording.store import Pair, Record, find
from provision.errors import Problem
from provision.provider import Provider


@dataclass(frozen=True)
class EarlierPart:
    """A run that goes on. due: (contender, scenario) pairs to measure, again or at last."""

    record: Record
    due: frozenset[Pair]

    def due_contenders(self, request: BenchRequest) -> list[SelectedContender]:
        """Return the contenders of which anything is due."""
        names = {name for name, _ in self.due}
        return [selected for selected in request.contenders if selected.name in names]

    def kept(self) -> dict[str, KeptResults]:
        """Return what is not measured again, by contender."""
        return {
            contender["name"]: KeptResults(
                frozenset(
                    scenario
                    for scenario in contender["scenarios"]
                    if (contender["name"], scenario) not in self.due
                ),
                1 + max((int(guest["replica"]) for guest in contender["guests"]), default=-1),
            )
            for contender in self.record.results_without(self.due)
        }


def load_earlier_part(request: BenchRequest) -> EarlierPart | None:
    """Read the run that the request continues; None for a new run. Raises Problem."""
    if not request.continuation:
        return None
    record = Record.load(find())
    _check_not_merged(record)
    if request.continuation == "resume":
        _check_same_options(record, request)
    return EarlierPart(record, frozenset(_due(record, request)))


def check_same_means(record: Record, provider: Provider) -> None:
    """Refuse to mix figures of two hosts, providers or instruments. Raises Problem."""
    run, host = record.run, host_facts()
    then = {"provider": run["provider"]["name"], "instrument": run.get("instrument")}
    then |= {key: run["host"].get(key) for key in IDENTITY}
    now = {"provider": provider.name, "instrument": instrument()}
    now |= {key: host[key] for key in IDENTITY}
    differing = [key for key in now if then[key] != now[key]]
    if differing:
        raise Problem(
            f"Cannot continue {run['id']}: provider, host or instrument changed.",
            known="\n".join(
                f"{key}: {then[key] or 'unknown'} in that run, {now[key] or 'unknown'} now"
                for key in differing
            ),
            advice="Start a new run, without --resume or --redo.",
            usage=True,
        )


def _due(record: Record, request: BenchRequest) -> set[Pair]:
    pairs = {
        (selected.name, scenario.name)
        for selected in request.contenders
        for scenario in request.scenarios
    }
    if request.continuation == "redo":
        # Quality issues are found in restart latencies.
        disturbed = unstable(record.run)
        return {(name, "restart") for name, _ in pairs if name in disturbed}
    return pairs - record.complete()


def _check_not_merged(record: Record) -> None:
    if "merged" in record.run:
        raise Problem(
            f"Cannot continue {record.run['id']}: it was merged from several runs.",
            advice="Measure again with --only on the host where it was measured, "
            f"then: ./inv merge {record.run['id']} RUN",
            usage=True,
        )


def _check_same_options(record: Record, request: BenchRequest) -> None:
    then: dict[str, Any] = record.run["options"]
    now = request.options.as_json()
    differing = [key for key in now if then.get(key) != now[key]]
    if differing:
        raise Problem(
            f"Cannot resume {record.folder.name}: its options differ.",
            known="\n".join(
                f"{key}: {then.get(key)} in that run, {now[key]} now" for key in differing
            ),
            advice="Repeat the options of that run, or start a new run without --resume.",
            usage=True,
        )
