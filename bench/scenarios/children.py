"""The daemon leaves children behind when it dies."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model.evidence import duration, find, numbers, one_look, patience, spacing
from bench.model.scenario import Event, SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.statistics import Metric
from supervisors.contender import Contender

CHILDREN = 3
_BEHAVIOUR = "cleans up after a dead daemon"


class Children(Scenario):
    """Whether what a dead daemon has started is ended, left alone, or doubled by its successor."""

    name = "children"
    title = "children that a dead daemon leaves behind"
    rank = 12

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        if depth.budget is not None and 2 * (contender.period or 0.0) > depth.budget:
            return []
        seconds = 15 + 4 * (contender.period or 0.0)
        return [WorkUnit(self.name, seconds, trials=1, own_guest=True)]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        service, wait = turn.services[0].name, patience(turn.contender)
        rest = {"do": "watch", "seconds": spacing(turn.contender)}
        storm = {"do": "storm", "services": [service], "deadline": wait}
        look = {"do": "watch", "seconds": one_look(turn.contender)}
        return turn.measure(
            [
                {"do": "mode", "service": service, "text": f"--children {CHILDREN}"},
                rest,
                storm,
                rest,
                {"do": "snapshot"},
                storm,
                look,
                {"do": "snapshot"},
            ],
            4 * wait + 60,
        )

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        storms, pictures = find(samples, "storm"), find(samples, "processes")
        if len(storms) < 2 or len(pictures) < 2:
            return []
        evidence = numbers(storms[1:], pictures)
        before, after = _children(pictures[0][1]), _children(pictures[1][1])
        if len(before) != CHILDREN:
            said = f"The daemon had {len(before)} children, not {CHILDREN}: nothing to judge."
            return [Verdict(_BEHAVIOUR, "not measured", said, evidence)]
        left = sorted(set(before) & set(after))
        time = duration(pictures[1][1]["ns"] - storms[1][1]["begin_ns"])
        if not left:
            said = (
                f"{CHILDREN} children of a killed daemon were gone {time} later;"
                f" its successor's {len(after)} ran."
            )
            return [Verdict(_BEHAVIOUR, "yes", said, evidence)]
        parents = sorted({after[pid] for pid in left})
        said = (
            f"{len(left)} of {CHILDREN} children of a killed daemon still ran {time} later, under"
            f" {' and '.join(parents)}, "
        )
        if storms[1][1]["killed"][0]["main_ns"]:
            said += f"beside its successor's {len(after) - len(left)}."
        else:
            said += f"and it was not started again within {storms[1][1]['deadline_s']:g} s."
        return [Verdict(_BEHAVIOUR, "no", said, evidence)]


def _children(picture: Event) -> dict[int, str]:
    """The pids of daemons' children in a snapshot, with the names of their parents."""
    names = {each["pid"]: each["comm"] for each in picture["processes"]}
    return {
        each["pid"]: names.get(each["ppid"], "nobody")
        for each in picture["processes"]
        if each["comm"] == "testd-child" and each["state"] != "Z"
    }


SCENARIO = Children()
