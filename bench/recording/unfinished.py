"""Results of what is not measured, or not yet."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Literal

from bench.model.run_file import ContenderResult, GuestFacts, ScenarioResult
from bench.recording.samples.kept_trials import ScenarioKey

UNFINISHED: Literal["unfinished"] = "unfinished"
# Statuses of scenarios that a guest has not ended.
INCOMPLETE = frozenset({"failed", UNFINISHED})
INTERRUPTED = "Interrupted. To continue, repeat the options: ./inv bench --resume"


def empty_result(status: str, note: str) -> ScenarioResult:
    """Return the result of a scenario without figures."""
    return {"status": status, "note": note, "metrics": [], "verdicts": []}


def result_without(contender: ContenderResult, dropped: Set[ScenarioKey]) -> ContenderResult | None:
    """Return a result without those scenarios; None where no scenario remains."""
    scenarios = contender["scenarios"]
    kept = {name for name in scenarios if (contender["name"], name) not in dropped}
    if kept == set(scenarios):
        return contender
    if not kept:
        return None
    result: ContenderResult = {
        **contender,
        "status": UNFINISHED,
        "reason": INTERRUPTED,
        "guests": _guests_of(contender["guests"], kept),
        "doubts": contender.get("doubts", []) if "restart" in kept else [],
        "scenarios": {
            name: result if name in kept else empty_result(UNFINISHED, INTERRUPTED)
            for name, result in scenarios.items()
        },
    }
    if all(scenario["status"] != "failed" for scenario in result["scenarios"].values()):
        result.pop("log", None)
    return result


def only_scenarios(contender: ContenderResult, kept: Set[str]) -> ContenderResult | None:
    """Return a contender as if it had those scenarios alone; None where it has none of them.

    Its status and the reason stay.
    """
    others = contender["scenarios"].keys() - kept
    without = result_without(contender, {(contender["name"], name) for name in others})
    if without is None:
        return None
    return {
        **without,
        "status": contender["status"],
        "reason": contender["reason"],
        "scenarios": {
            name: result for name, result in contender["scenarios"].items() if name in kept
        },
    }


def _guests_of(guests: Sequence[GuestFacts], scenarios: Set[str]) -> list[GuestFacts]:
    """Return the guests that measured those scenarios, with that part of their load."""
    kept: list[GuestFacts] = []
    for guest in guests:
        loads = guest.get("load", {})
        load = {name: loads[name] for name in loads if name in scenarios}
        if load:
            kept.append({**guest, "load": load})
    return kept
