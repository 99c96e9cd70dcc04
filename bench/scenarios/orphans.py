"""Thousands of orphaned processes end, and PID 1 has to reap them."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model.evidence import duration, find, numbers, patience, spacing
from bench.model.scenario import Event, SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.statistics import Metric, single
from supervisors.contender import Contender

# One after the other, and all at once: signals that coincide are merged by the kernel.
STREAM, BURST = 3000, 1000
STREAM_QUICK, BURST_QUICK = 300, 100
_DEADLINE = 60


class Orphans(Scenario):
    """Whether PID 1 reaps what it did not start, how fast, and what that leaves behind in it."""

    name = "orphans"
    title = "orphans that PID 1 has to reap"
    rank = 14

    def inapplicable(self, contender: Contender) -> str:
        return "" if contender.pid1 else "It is not PID 1: orphans are its host's children."

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        full = depth.budget is None
        work = {"stream": STREAM if full else STREAM_QUICK, "burst": BURST if full else BURST_QUICK}
        return [WorkUnit(self.name, 40, trials=1, work=work, own_guest=True)]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        service, wait = turn.services[0].name, patience(turn.contender)
        tree = {"root": [1], "services": 1}
        rest = {"do": "watch", "seconds": spacing(turn.contender)}
        storm = {"do": "storm", "services": [service], "deadline": wait}

        def mode(text: str) -> dict[str, object]:
            return {"do": "mode", "service": service, "text": text}

        with turn.noise():
            return turn.measure(
                [
                    {"do": "footprint", "label": "before", **tree},
                    mode(f"--orphans {share.work['stream']}"),
                    rest,
                    storm,
                    _reap("testd-orphan", after=service),
                    mode(f"--children {share.work['burst']}"),
                    rest,
                    storm,
                    # Time for all of them to be forked, under the name that they are known by.
                    {"do": "watch", "seconds": 5},
                    mode(""),
                    storm,
                    {"do": "signal", "target": "comm:testd-child", "signal": 9},
                    _reap("testd-child"),
                    {"do": "watch", "seconds": 1},
                    {"do": "footprint", "label": "after", **tree},
                ],
                3 * wait + 2 * _DEADLINE + 60,
            )

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        stream = find(samples, "reaped", comm="testd-orphan")
        sizes = find(samples, "footprint")
        metrics = []
        if stream and not stream[0][1]["left"]:
            metrics.append(single("orphans_zombies", "", stream[0][1]["most_zombies"]))
        if len(sizes) == 2:
            before, after = (_memory(each) for _, each in sizes)
            metrics.append(single("orphans_memory", "kB", after - before))
        return metrics

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        reaped, sizes = find(samples, "reaped"), find(samples, "footprint")
        if len(reaped) < 2 or len(sizes) < 2:
            return []
        (_, stream), (_, burst) = reaped
        killed = find(samples, "signalled")
        said = (
            f"{_ended(stream)} at most {stream['most_zombies']} waited at once."
            f" {_at_once(killed[0][1], burst)}"
            f" VmRSS of PID 1: {_memory(sizes[0][1])} kB before, {_memory(sizes[1][1])} kB after."
        )
        good = not stream["left"] and not burst["left"]
        evidence = numbers(reaped, killed, sizes)
        return [Verdict("reaps orphans", "yes" if good else "no", said, evidence)]


def _reap(comm: str, after: str | None = None) -> dict[str, object]:
    asked: dict[str, object] = {"do": "reap", "comm": comm, "deadline": _DEADLINE}
    return asked | ({"after": after} if after else {})


def _ended(stream: Event) -> str:
    if stream["left"]:
        return f"{stream['left']} of the orphans were left after {_DEADLINE} s;"
    time = duration(max(0, stream["end_ns"] - stream["made_ns"]))
    return f"All orphans that ended one by one were reaped {time} after the last was made;"


def _at_once(killed: Event, burst: Event) -> str:
    count = len(killed["pids"])
    if not count:
        return "Those that were to be killed at once it had ended itself, with their parent."
    if burst["left"]:
        return f"Of {count} killed at once {burst['left']} were left after {_DEADLINE} s."
    time = duration(burst["end_ns"] - killed["begin_ns"])
    return f"{count} killed at once were all reaped {time} after the first was killed."


def _memory(footprint: Event) -> int:
    return next(int(each["VmRSS"]) for each in footprint["processes"] if each["pid"] == 1)


SCENARIO = Orphans()
