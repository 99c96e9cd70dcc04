"""What a contender's samples come to, and what a whole run does."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.model.events import Event
from bench.model.run_file import FLOOR, TOO_NOISY
from bench.model.scenario import Scenario
from bench.model.selection import SelectedContender
from bench.recording.quality import quality_issues, unstable
from bench.recording.store import CUT, UNFINISHED, nothing

# A floor whose slow tenth is this many times its median says that the host is too noisy to rank.
NOISY = 4.0
# The company of other guests may slow the floor by this much before it counts as harm.
HARM = 1.5
# What a trace may hold against the samples, by its count in run.json.
_TRACED = {
    "missing": "restarts are missing",
    "invented": "were invented",
    "unmatched_kills": "kills were not seen",
    "unattributed": "daemons are of a guest that is not known",
    "lost_events": "events were dropped",
}


@dataclass
class Progress:
    """What is known of one contender so far.

    due: shares of each scenario that are neither done nor broken yet; broken: the scenarios that
    failed, each with its reason; found: what is concluded, by scenario, and doubts: of that; told:
    the log of what failed before, of a run that is gone on with; samples: those that nothing is
    concluded from yet.
    """

    entry: SelectedContender
    due: Counter[str] = field(default_factory=Counter)
    version: str = ""
    verified: dict[str, Any] = field(default_factory=dict)
    samples: list[Event] = field(default_factory=list)
    guests: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    quality_issues: list[dict[str, str]] = field(default_factory=list)
    previous_log: list[str] = field(default_factory=list)

    @classmethod
    def after(cls, entry: SelectedContender, before: Mapping[str, Any] | None) -> Progress:
        """Begin with what a run that is gone on with has kept of the contender, if anything."""
        if before is None:
            return cls(entry)
        return cls(
            entry,
            version=before["version"],
            verified=before["verified"],
            guests=list(before["guests"]),
            found={
                name: found
                for name, found in before["scenarios"].items()
                if found["status"] != UNFINISHED
            },
            quality_issues=before.get("doubts", []),
        )

    def complete(self, chosen: Mapping[str, Scenario]) -> list[str]:
        """The scenarios of which nothing is due, and nothing concluded yet."""
        return [name for name in chosen if not self.due[name] and name not in self.found]


def conclude(known: Progress, chosen: Mapping[str, Scenario]) -> list[Event]:
    """Conclude each scenario that is complete, once; returns its samples, which are let go of."""
    complete = known.complete(chosen)
    mine = [each for each in known.samples if each["scenario"] in complete]
    known.samples = [each for each in known.samples if each["scenario"] not in complete]
    for name in complete:
        samples = [each for each in mine if each["scenario"] == name]
        known.found[name] = _concluded(known, chosen[name], samples)
    if "restart" in complete:
        contender = known.entry.contender
        facts = {"scenarios": known.found, "guests": known.guests, "period": contender.period}
        known.quality_issues = quality_issues(facts, mine)
    return mine


def result(known: Progress, chosen: Mapping[str, Scenario]) -> dict[str, Any]:
    """What run.json says of one contender, as far as it is concluded."""
    supervisor, contender = known.entry.supervisor, known.entry.contender
    article = supervisor.article
    return {
        "name": contender.name,
        "supervisor": supervisor.name,
        "title": supervisor.title,
        "home": supervisor.home_page,
        "rank": supervisor.article_order,
        "version": known.version,
        "matches_article": supervisor.matches_article(known.version),
        "source": known.entry.source.record(),
        "role": contender.role,
        "profile": contender.profile,
        "pid1": contender.pid1,
        "needs_pid1": supervisor.needs_pid1,
        "can_pid1": supervisor.can_be_pid1,
        "roles": sorted({each.role for each in supervisor.contenders}),
        "setting": contender.setting,
        "period": contender.period,
        "limit": contender.start_limit.record if contender.start_limit else None,
        "logger": contender.log_process,
        "article": article.__dict__ if article else None,
        **_outcome(known),
        "verified": known.verified,
        "guests": sorted(known.guests, key=lambda guest: int(guest["replica"])),
        "scenarios": {name: known.found.get(name) or _open(known, name) for name in chosen},
        "doubts": known.quality_issues,
    }


def _outcome(known: Progress) -> dict[str, str]:
    if known.failures:
        return {"status": "failed", "reason": known.failures[0][:2000]}
    if known.due.total():
        return {"status": UNFINISHED, "reason": CUT}
    before = [found["note"] for found in known.found.values() if found["status"] == "failed"]
    if before:
        return {"status": "failed", "reason": before[0]}
    return {"status": "measured", "reason": ""}


def _open(known: Progress, name: str) -> dict[str, Any]:
    """What there is to say of a scenario of which shares are due."""
    if name in known.broken:
        return nothing("failed", known.broken[name])
    return nothing(UNFINISHED, CUT)


def _concluded(known: Progress, scenario: Scenario, samples: list[Event]) -> dict[str, Any]:
    if scenario.name in known.broken:
        return nothing("failed", known.broken[scenario.name])
    contender = known.entry.contender
    try:
        return {
            "status": "measured",
            "note": "",
            "metrics": [metric.as_dict() for metric in scenario.conclude(contender, samples)],
            "verdicts": [asdict(verdict) for verdict in scenario.judge(contender, samples)],
        }
    except Exception:
        # What the other scenarios have measured is not lost for that.
        known.failures.append(f"concluding {scenario.name}: {traceback.format_exc()}")
        return nothing("failed", "its samples could not be concluded from")


def compare_with_floor(run: dict[str, Any]) -> None:
    """Set every metric's ratio to the floor's, PID 1 with PID 1 and hosted with hosted."""
    floors = {
        (each["pid1"], scenario, metric["metric"]): metric["median"]
        for each in run["contenders"]
        if each["supervisor"] == FLOOR
        for scenario, found in each["scenarios"].items()
        for metric in found["metrics"]
    }
    for each in run["contenders"]:
        for scenario, found in each["scenarios"].items():
            for metric in found["metrics"]:
                floor = floors.get((each["pid1"], scenario, metric["metric"]))
                if floor and metric["median"] is not None:
                    metric["floor_ratio"] = metric["median"] / floor


def noise(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How noisy it was, by the floor of each run that this one is made of."""
    if "noise" in run:
        return list(run["noise"])
    return [{"spread": spread(run), "company": company(run)}]


def _worst(run: Mapping[str, Any], what: str) -> float:
    return max((each[what] for each in noise(run) if each[what] is not None), default=0.0)


def spread(run: Mapping[str, Any]) -> float | None:
    """The floor's p90 over its median, the worse of its two places; None where it was not run."""
    return max(
        (
            metric["p90"] / metric["median"]
            for _, metric in _floors(run, "restart_long")
            if metric["p90"]
        ),
        default=None,
    )


def warnings(run: dict[str, Any]) -> list[str]:
    """What a reader must know before believing the figures, with the figure and what to do."""
    said = []
    guests = [guest for each in run["contenders"] for guest in each.get("guests", [])]
    if any(guest.get("acceleration", "").startswith("none: emulated") for guest in guests):
        said.append(
            "The guests were emulated, for want of hardware acceleration: these latencies compare "
            "with each other, and with no other run's. docs/vms.md says what acceleration takes."
        )
    wide = _worst(run, "spread")
    if wide > NOISY:
        said.append(
            f"This host is {TOO_NOISY}: the floor's slow tenth is {wide:.1f} times its "
            f"median (bound {NOISY:g}). Stop what else runs here, then measure again."
        )
    slower = _worst(run, "company")
    if slower > HARM:
        said.append(
            f"The floor took {slower:.2f} times as long among the other guests as alone (bound "
            f"{HARM:g}): short latencies are too high here. Measure fewer contenders at once: "
            "./inv bench --only=NAME"
        )
    said += disagreement(run.get("trace"))
    governors = [each for each in run.get("host", {}).get("governors", []) if each != "performance"]
    if governors:
        said.append(
            f"The processors' frequency is scaled ({', '.join(governors)}): short latencies vary "
            "with it. As root: cpupower frequency-set -g performance"
        )
    cut = [each["name"] for each in run["contenders"] if each["status"] == UNFINISHED]
    if cut:
        said.append(
            f"{len(cut)} of {len(run['contenders'])} contenders are unfinished "
            f"({', '.join(sorted(cut))}). "
            + _once_more(run, cut, "Go on with the same options: ./inv bench --resume")
        )
    doubtful = unstable(run)
    if doubtful:
        said.append(
            f"{len(doubtful)} of {len(run['contenders'])} contenders were disturbed by the machine "
            f"({', '.join(sorted(doubtful))}). "
            + _once_more(run, doubtful, "Repeat just those: ./inv bench --redo=unstable")
        )
    return said


def disagreement(trace: Mapping[str, Any] | None) -> list[str]:
    """What a trace holds against the samples, as a warning; none where it agrees with them."""
    told = trace or {}
    differs = [f"{told[kind]} {words}" for kind, words in _TRACED.items() if told.get(kind)]
    if not differs:
        return []
    return [
        f"What the kernel saw of the restarts is not what the samples tell: {', '.join(differs)} "
        "(bound 0). Some latencies may be wrong or lack. Measure again with fewer contenders at "
        "once: ./inv bench --trace --only=NAME"
    ]


def company(run: Mapping[str, Any]) -> float | None:
    """How many times as long the floor took among other guests as alone; None: not known.

    Both in the same place, and killed as soon after its start.
    """
    alone = run.get("alone") or {}
    together = [
        metric["median"]
        for pid1, metric in _floors(run, "restart_short")
        if pid1 == alone.get("pid1")
    ]
    if not together or not alone["median"]:
        return None
    return float(together[0] / alone["median"])


def _once_more(run: Mapping[str, Any], names: Iterable[str], advice: str) -> str:
    """That advice; of a merged run, which nobody can go on with, what does as much."""
    if "merged" not in run:
        return advice
    only = ",".join(sorted({name.partition("@")[0] for name in names}))
    return (
        f"On the same host, with the options of that run: ./inv bench --only={only}; "
        f"then: ./inv merge {run['id']} RUN"
    )


def _floors(run: Mapping[str, Any], name: str) -> Iterator[tuple[bool, dict[str, Any]]]:
    """The floor's metric of that name, and whether it was PID 1."""
    for each in run["contenders"]:
        if each["supervisor"] != FLOOR or "restart" not in each["scenarios"]:
            continue
        for metric in each["scenarios"]["restart"]["metrics"]:
            if metric["metric"] == name and metric["median"]:
                yield each["pid1"], metric
