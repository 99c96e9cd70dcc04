"""Whether a service comes back by itself once its daemon can run again, and when."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model.events import DOWN, RAN, UP
from bench.model.observation.evidence import Samples, numbers
from bench.model.observation.timing import elapsed, format_duration, format_wait
from bench.model.scenario import Verdict
from bench.model.statistics import Metric, summarize


def seconds_to_return(begin_ns: int, stage: Samples) -> float | None:
    """Return the seconds from a stamp to the daemon's return by itself; None without one.

    stage: a step `await_up` that starts the service by a command if it does not return.
    """
    up = stage.first(UP)
    if up is None or stage.first(DOWN):
        return None
    return elapsed(begin_ns, up.event["main_ns"])


def return_metric(name: str, seconds: Sequence[float | None]) -> Metric:
    """Return the times to the daemon's return by itself; guests without one are censored."""
    returns = [one for one in seconds if one is not None]
    if returns:
        return summarize(name, "s", returns, censored=len(seconds) - len(returns))
    return Metric(name, "s", status="not measured", note="it did not come back")


def judge_return(behaviour: str, begin_ns: int, stage: Samples) -> Verdict:
    """Judge whether the service came back by itself in that stage of `seconds_to_return`."""
    up, down, command = stage.first(UP), stage.first(DOWN), stage.first(RAN)
    seconds = seconds_to_return(begin_ns, stage)
    if seconds is not None:
        sentence = f"By itself, {format_wait(seconds)}."
        return Verdict(behaviour, "yes", sentence, numbers(up))
    if down is None:
        return Verdict(behaviour, "not measured", "What came after was not seen.")
    sentence = f"Not by itself within {format_duration(down.event['deadline_s'])}"
    if up is None or command is None:
        return Verdict(behaviour, "no", f"{sentence}, nor when asked.", numbers(down))
    sentence = f"{sentence}; it did when asked by: {command.event['command']}."
    return Verdict(behaviour, "no", sentence, numbers(down, command, up))
