"""How the latest run goes on: what it still lacks, what it keeps, and whether that is allowed."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from bench.engine.calibration_store import instrument
from bench.engine.plan import KeptResults
from bench.engine.request.options import RunOptions
from bench.engine.request.resolve import BenchRequest
from bench.model.host_info import IDENTITY_KEYS, host_facts
from bench.recording.quality.disturbances import disturbed_contenders
from bench.recording.store import Record, ScenarioKey, run_folder
from provision.errors import Problem
from provision.provider import Provider


def load_latest_run() -> Record:
    """Open the run that --resume and --redo continue. Raises Problem for a merged one."""
    record = Record.load(run_folder())
    _check_not_merged(record)
    return record


def find_pairs_to_measure(record: Record, request: BenchRequest) -> frozenset[ScenarioKey]:
    """Find the pairs of contender and scenario that a continued run still has to measure.

    Raises Problem where the options of --resume are not those of the run.
    """
    if request.options.resume:
        _check_same_options(record, request.options)
    pairs = {
        (selected.name, scenario.name)
        for selected in request.contenders
        for scenario in request.scenarios
    }
    if request.options.redo:
        return frozenset(_disturbed(record, pairs))
    return frozenset(pairs - record.complete_scenarios())


def kept_results(record: Record, pairs_to_measure: Set[ScenarioKey]) -> dict[str, KeptResults]:
    """Return what a continued run does not measure again, by contender."""
    kept = {
        contender["name"]: KeptResults(
            frozenset(
                scenario
                for scenario in contender["scenarios"]
                if (contender["name"], scenario) not in pairs_to_measure
            ),
            1 + max((int(guest["replica"]) for guest in contender["guests"]), default=-1),
        )
        for contender in record.results_without(pairs_to_measure)
    }
    for (name, scenario), trials in record.kept_trials().items():
        if (name, scenario) in pairs_to_measure:
            results = kept.get(name, KeptResults())
            kept[name] = replace(
                results,
                first_free_replica=max(results.first_free_replica, 1 + trials.last_replica),
                samples={**results.samples, scenario: trials.samples},
            )
    return kept


def check_same_host_and_instrument(record: Record, provider: Provider) -> None:
    """Refuse to mix figures of two hosts, providers or instruments. Raises Problem."""
    run, host = record.run, host_facts()
    then: dict[str, object] = {
        "provider": run["provider"]["name"],
        "instrument": run.get("instrument"),
    }
    then |= {key: run["host"].get(key) for key in IDENTITY_KEYS}
    now: dict[str, object] = {"provider": provider.name, "instrument": instrument()}
    now |= {key: host.get(key) for key in IDENTITY_KEYS}
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


def _disturbed(record: Record, pairs: Set[ScenarioKey]) -> set[ScenarioKey]:
    """Return the restart scenarios of contenders whose latencies show quality issues."""
    names = disturbed_contenders(record.run)
    return {(name, "restart") for name, _ in pairs if name in names}


def _check_not_merged(record: Record) -> None:
    if "merged" in record.run:
        raise Problem(
            f"Cannot continue {record.run['id']}: it was merged from several runs.",
            advice="Measure again with --only on the host where it was measured, "
            f"then: ./inv merge {record.run['id']} RUN",
            usage=True,
        )


def _check_same_options(record: Record, options: RunOptions) -> None:
    # An option that is newer than the run had its default there.
    then = {"configurations": {}, "daemon": None, **record.run["options"]}
    now = options.as_json()
    differing = [key for key in now if then.get(key) != now[key]]
    if differing:
        raise Problem(
            f"Cannot resume {record.run['id']}: its options differ.",
            known="\n".join(
                f"{key}: {then.get(key)} in that run, {now[key]} now" for key in differing
            ),
            advice="Repeat the options of that run, or start a new run without --resume.",
            usage=True,
        )
