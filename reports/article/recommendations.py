"""What to choose when: answers that stated rules draw from a run's figures, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reports.model.view import FLOOR, has_figures, label, metric, number, ordered, unranked

# A figure must be this many times another before a sentence calls it different.
TWICE = 2.0
LIGHT = 1.5
SLOW_MS = 1000.0

Contender = dict[str, Any]
Metric = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A question, the rule that answers it, and what the rule says of this run."""

    question: str
    rule: str
    answer: str


def conclude(run: dict[str, Any]) -> list[Answer]:
    """Every question's answer; one that this run cannot give says so."""
    seen = [each for each in ordered(run) if each["supervisor"] != FLOOR]
    fastest = (
        "the lowest median restart latency of a daemon long up, and with it everyone whose 95 % "
        "interval overlaps that one's"
    )
    ranked: list[tuple[str, str, Callable[[Contender], bool]]] = [
        ("Beside the init that is there already?", "of those that are not PID 1",
         lambda each: not each["pid1"]),
        ("As the init itself?", "of those that are PID 1", lambda each: bool(each["pid1"])),
        ("For a daemon that detaches itself?", "of the monitors",
         lambda each: each["role"] == "monitor"),
        ("With nothing but defaults?", "of those in the default profile",
         lambda each: each["profile"] == "default"),
    ]  # fmt: skip
    answers = [
        Answer(question, f"{words}: {fastest}.", _fastest(run, [e for e in seen if fits(e)]))
        for question, words, fits in ranked
    ]
    return [
        Answer("Which is fastest?", f"{fastest}.", _fastest(run, seen)),
        *answers,
        Answer(
            "For a daemon that dies young?",
            "of those that act on events, the lowest median for a daemon 0.3 s up, and with it "
            "everyone whose 95 % interval overlaps that one's. Who acts once a period is left "
            "out: such kills always fall into the same phase.",
            _fastest(run, [each for each in seen if not each["period"]], "restart_short"),
        ),
        Answer(
            "Which is lightest?",
            "the least proportional memory (PSS) of the whole supervision tree with ten "
            f"services, and with it everyone within {LIGHT:g} times that.",
            _lightest(run, seen),
        ),
        Answer(
            "Which default is worth changing?",
            f"where the default's median is at least {TWICE:g} times the tuned one's, and their "
            "95 % intervals do not overlap.",
            _worth_changing(seen),
        ),
        Answer(
            "Which lets a second pass?",
            f"a median of {SLOW_MS:,.0f} ms or more for a daemon long up.",
            _slow(seen),
        ),
        Answer(
            "Which failed to restart it?",
            "any trial without a restart by its deadline.",
            _lost(seen),
        ),
    ]


def findings(run: dict[str, Any], supervisor: str) -> list[str]:
    """What the figures say of one supervisor, a sentence each."""
    own = [each for each in ordered(run) if each["supervisor"] == supervisor]
    said = [sentence for each in own for sentence in _of_contender(each)]
    for each in own:
        said += _tuned(each, own)
        said += _as_pid1(each, own)
    return said


def overlap(one: Metric, other: Metric) -> bool:
    """Whether two medians' intervals overlap; where one is not known, they may."""
    bounds = (one["ci_low"], one["ci_high"], other["ci_low"], other["ci_high"])
    if any(bound is None for bound in bounds):
        return True
    return bool(one["ci_low"] <= other["ci_high"] and other["ci_low"] <= one["ci_high"])


def _measured(
    contenders: Sequence[Contender], name: str, scenario: str = "restart"
) -> list[tuple[Contender, Metric]]:
    """Those that have the figure, and that figure."""
    found = [(each, metric(each, scenario, name)) for each in contenders]
    return [(each, figure) for each, figure in found if figure and figure["median"] is not None]


def _lowest_first(known: Sequence[tuple[Contender, Metric]]) -> list[tuple[Contender, Metric]]:
    return sorted(known, key=lambda pair: float(pair[1]["median"]))


def _fastest(
    run: dict[str, Any], contenders: Sequence[Contender], name: str = "restart_long"
) -> str:
    known = _lowest_first(_measured(contenders, name))
    if not known:
        return "This run has no such figure."
    if why := unranked(run):
        return f"This run cannot say: {why}."
    best = known[0][1]
    if best["ci_low"] is None:
        # Without an interval every other could be as fast: the lowest is named, no more.
        return f"{_named(*known[0])}, of {best['n']} samples, too few to tell it from others."
    level = [pair for pair in known if overlap(best, pair[1])]
    return _listed([_named(*pair) for pair in level])


def _lightest(run: dict[str, Any], contenders: Sequence[Contender]) -> str:
    known = _lowest_first(_measured(contenders, "pss_10", "footprint"))
    if not known:
        return "This run has no such figure."
    if why := unranked(run):
        return f"This run cannot say: {why}."
    least = known[0][1]["median"]
    return _listed(
        [
            f"{label(each)} ({number(figure['median'] / 1024)} MiB)"
            for each, figure in known
            if figure["median"] <= LIGHT * least
        ]
    )


def _worth_changing(contenders: Sequence[Contender]) -> str:
    pairs = [
        (each, one, other)
        for each, one in _measured(contenders, "restart_long")
        if each["profile"] == "tuned"
        and (other := _counterpart(each, contenders, profile="default"))
        and _far_above(other, one)
    ]
    if not pairs:
        return "None that this run can tell."
    return _listed(
        [
            f"{label(each)}: {number(one['median'])} in place of {number(other['median'])} ms "
            f"({each['setting']})"
            for each, one, other in pairs
        ]
    )


def _slow(contenders: Sequence[Contender]) -> str:
    slow = [
        f"{_named(each, figure)}, which acts every {each['period']:g} s"
        if each["period"]
        else _named(each, figure)
        for each, figure in _measured(contenders, "restart_long")
        if figure["median"] >= SLOW_MS
    ]
    return _listed(slow) if slow else "None."


def _lost(contenders: Sequence[Contender]) -> str:
    lost = [
        f"{label(each)}: {figure['censored']} of {figure['n']}"
        for each in contenders
        for name in ("restart_long", "restart_short")
        if (figure := metric(each, "restart", name)) and figure["censored"]
    ]
    return _listed(lost) if lost else "None."


def _of_contender(each: Contender) -> list[str]:
    who = label(each)
    if each["status"] == "failed" and not has_figures(each):
        return [f"{who} was not measured: {each['reason'].splitlines()[0]}"]
    said = [
        f"{who}, {name}: {part['status']}, {part['note'].rstrip('.')}."
        for name, part in each["scenarios"].items()
        if part["status"] != "measured"
    ]
    long, short = (metric(each, "restart", f"restart_{name}") for name in ("long", "short"))
    if long and long["median"] is not None:
        said.append(f"{who} takes {_with_interval(long)} to restart a daemon long up.")
        if each["period"]:
            share = long["median"] / each["period"] / 10
            said.append(
                f"{who} acts every {each['period']:g} s; its median is {share:.0f} % of that."
            )
        elif short and short["median"] and _far_above(short, long):
            said.append(
                f"{who} makes a daemon wait that dies 0.3 s after its start: "
                f"{number(short['median'])} ms."
            )
    few = metric(each, "footprint", "pss_1")
    more = metric(each, "footprint", "pss_per_service")
    if few and more and few["median"] is not None and more["median"] is not None:
        said.append(
            f"{who} takes {number(few['median'] / 1024)} MiB with one service, and "
            f"{number(more['median'])} kB for each further one."
        )
    return said


def _far_above(one: Metric, other: Metric) -> bool:
    return bool(one["median"] >= TWICE * other["median"] and not overlap(one, other))


def _tuned(each: Contender, own: Sequence[Contender]) -> list[str]:
    if each["profile"] != "tuned":
        return []
    return _compared(each, _counterpart(each, own, profile="default"), "than by default")


def _as_pid1(each: Contender, own: Sequence[Contender]) -> list[str]:
    if not each["pid1"]:
        return []
    return _compared(each, _counterpart(each, own, pid1=False), "than beside another init")


def _compared(each: Contender, other: Metric | None, than: str) -> list[str]:
    one = metric(each, "restart", "restart_long")
    if one is None or other is None or one["median"] is None or overlap(one, other):
        return []
    ratio = other["median"] / one["median"]
    word = "faster" if ratio > 1 else "slower"
    return [f"{label(each)} is {number(max(ratio, 1 / ratio))} times {word} {than}."]


def _counterpart(each: Contender, contenders: Sequence[Contender], **other: Any) -> Metric | None:
    """The restart latency of the contender, of the same host, that differs in nothing but that."""
    keys = ("supervisor", "role", "profile", "pid1", "host")
    wanted = {key: each.get(key) for key in keys} | other
    for candidate in contenders:
        if {key: candidate.get(key) for key in keys} == wanted:
            found = metric(candidate, "restart", "restart_long")
            return found if found and found["median"] is not None else None
    return None


def _named(each: Contender, figure: Metric) -> str:
    return f"{label(each)} ({number(figure['median'])} ms)"


def _with_interval(figure: Metric) -> str:
    text = f"{number(figure['median'])} ms"
    if figure["ci_low"] is not None and figure["ci_high"] is not None:
        text += f" (95 % interval {number(figure['ci_low'])} to {number(figure['ci_high'])})"
    ratio = figure["floor_ratio"]
    return text + (f", {number(ratio)} x floor," if ratio and ratio != 1 else "")


def _listed(words: Sequence[str]) -> str:
    return "; ".join(words) + "."
