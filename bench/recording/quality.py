"""What makes a contender's figures doubtful, each with its figure and what to do about it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from bench.model.events import RESTART, Event, events_of_kind
from bench.model.timing import format_duration
from bench.model.trials import restart_latencies

# Shares of the time of a guest's trials; beyond them somebody else had the processors.
STEAL, WAITING, BUSY = 0.02, 0.25, 0.75
# How wide the median's interval may be: as a share of the median, or of a poller's period.
WIDE = 0.5
# With fewer, the smallest and the largest sample do not hold the median with 95 %: 1 - 2 / 2**n.
LEAST = 6
# Tukey's far fence, and which share of the samples beyond it speaks of the machine.
FENCE, OUTLIERS = 3.0, 0.1
# Modes lie this factor apart, and each has at least this share of the samples.
APART, MODE = 1.5, 0.1
ENOUGH_FOR_MODES = 10
_UNSTABLE = frozenset({"neighbour", "outliers"})


@dataclass(frozen=True)
class QualityIssue:
    """kind: neighbour, few, modes or outliers; text: the figure, its bound, and the next step."""

    kind: str
    text: str


def quality_issues(result: Mapping[str, Any], samples: Sequence[Event]) -> list[dict[str, str]]:
    """What there is to doubt in one contender's restart latencies, as run.json keeps it."""
    part = result["scenarios"].get("restart")
    if part is None or part["status"] != "measured":
        return []
    metric = next((each for each in part["metrics"] if each["metric"] == "restart_long"), None)
    if metric is None or not metric["n"]:
        return []
    latencies = restart_latencies(
        trial
        for trial in events_of_kind(samples, RESTART)
        if trial["scenario"] == "restart" and trial["group"] == "long" and not trial["warmup"]
    )
    found = [
        *_neighbours(result["guests"]),
        *_few(metric, result["period"]),
        *_modes(latencies),
        *_outliers(latencies),
    ]
    return [asdict(each) for each in found]


def unstable(run: Mapping[str, Any]) -> set[str]:
    """The contenders whose trials the machine disturbed: measuring them again may help."""
    return {
        each["name"]
        for each in run["contenders"]
        if any(doubt["kind"] in _UNSTABLE for doubt in each.get("doubts", []))
    }


def _neighbours(guests: Sequence[Mapping[str, Any]]) -> Iterator[QualityIssue]:
    loads = [guest["load"]["restart"] for guest in guests if "restart" in guest.get("load", {})]
    bounds = (
        ("steal", STEAL, "other machines on this hypervisor took {:.0%} of the processors",
         "move to a quieter machine"),
        ("waiting", WAITING, "processes waited for a processor in {:.0%} of the time",
         "stop what else runs here, or measure fewer contenders at once"),
        ("busy", BUSY, "the processors were busy for {:.0%} of the time",
         "stop what else runs here, or measure fewer contenders at once"),
    )  # fmt: skip
    for name, bound, words, advice in bounds:
        worst = max((load.get(name, 0.0) for load in loads), default=0.0)
        if worst > bound:
            what = words.format(worst)
            yield QualityIssue(
                "neighbour", f"During its trials {what} (bound {bound:.0%}): {advice}."
            )
            return


def _few(metric: Mapping[str, Any], period: float | None) -> Iterator[QualityIssue]:
    n, low, high = metric["n"], metric["ci_low"], metric["ci_high"]
    if metric["median"] is None:
        return
    if metric["censored"] and high is None:
        yield QualityIssue(
            "few",
            f"{metric['censored']} of {n} restarts did not come in time (bound: so few that the "
            "median's interval has an upper end). More trials would not help: its service's own "
            "log, or ./inv try with that supervisor, may say why.",
        )
        return
    if low is None or high is None:
        yield QualityIssue(
            "few",
            f"{n} trials are too few for a 95 % interval (bound {LEAST}): --trials=10 or more.",
        )
        return
    scale = period * 1e3 if period else metric["median"]
    wide = (high - low) / scale
    if wide > WIDE:
        needed = math.ceil(n * (wide / WIDE) ** 2)
        of = "its period" if period else "its median"
        yield QualityIssue(
            "few",
            f"The interval of the median is {wide:.0%} of {of} wide (bound {WIDE:.0%}) with {n} "
            f"trials: about --trials={needed} would do.",
        )


def _modes(latencies: Sequence[float]) -> Iterator[QualityIssue]:
    groups = modes(latencies)
    if len(groups) < 2:
        return
    listed = ", ".join(
        f"{len(group) / len(latencies):.0%} near {_ms(statistics.median(group))}"
        for group in groups
    )
    yield QualityIssue(
        "modes",
        f"The latencies have {len(groups)} modes ({listed}; bound 1): the median alone misleads, "
        "look at the distribution.",
    )


def _ms(value: float) -> str:
    return format_duration(value / 1e3)


def modes(latencies: Sequence[float]) -> list[list[float]]:
    """The latencies by mode, cut in the valleys of their density on a logarithmic scale."""
    values = sorted(latencies)
    if len(values) < ENOUGH_FOR_MODES or values[0] <= 0 or values[-1] / values[0] < APART:
        return [values] if values else []
    import numpy as np  # slow imports, needed by a run's end only
    from scipy.signal import find_peaks
    from scipy.stats import gaussian_kde

    logs = np.log(values)
    # Half of Scott's width: one width for all modes would smear several into one.
    density = gaussian_kde(logs, 0.5 * len(logs) ** -0.2)
    grid = np.linspace(logs[0] - 1, logs[-1] + 1, 1024)
    height = density(grid)
    peaks, _ = find_peaks(height, prominence=0.1 * height.max())
    cuts = [
        grid[left + int(np.argmin(height[left:right]))]
        for left, right in pairwise(peaks)
        if grid[right] - grid[left] > math.log(APART)
    ]
    groups = [list(group) for group in np.split(values, np.searchsorted(logs, cuts))]
    large = [group for group in groups if len(group) >= MODE * len(values)]
    return large if len(large) > 1 else [values]


def _outliers(latencies: Sequence[float]) -> Iterator[QualityIssue]:
    # What lies far from every mode, or is in none, is an outlier; a mode of its own is none.
    groups = modes(latencies)
    count = len(latencies) - sum(map(len, groups)) + sum(map(_beyond, groups))
    if latencies and count > OUTLIERS * len(latencies):
        yield QualityIssue(
            "outliers",
            f"{count} of {len(latencies)} samples lie beyond {FENCE:g} interquartile ranges of "
            f"their mode or are in none, up to {_ms(max(latencies))} (bound {OUTLIERS:.0%}); none "
            "is dropped. Stop what else runs here, then measure it again.",
        )


def _beyond(group: Sequence[float]) -> int:
    import numpy as np

    low, high = np.quantile(group, [0.25, 0.75])
    reach = FENCE * (high - low)
    return int(np.sum((np.asarray(group) < low - reach) | (np.asarray(group) > high + reach)))
