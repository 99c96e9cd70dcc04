"""How far a run's figures can be trusted: what measured the instrument, and what is doubtful.

Tables, pictures and sentences that the terminal, the page and Markdown have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports.article.blocks import Cell, Column, Table
from reports.model.view import label, metric, number, ordered

Run = dict[str, Any]

# The parts of a restart, as docs/trust.md has them: name in run.json, heading, what it is.
PARTS = (
    ("death", "Death", "SIGKILL to the daemon's exit, the kernel's share"),
    ("reaction", "Reaction", "until the process that will fork is woken up: polls, or sleeping "
     "through the news"),
    ("holdoff", "Hold-off", "until it forks: deliberate pauses, and work"),
    ("child", "Child", "from fork to the daemon's first stamp (its exec where it has none "
     "before main()): holding back in the child, a run script's shell"),
    ("spawn", "Spawn", "from that to main(): the daemon's own"),
)  # fmt: skip
_UPTIMES = (("long", ""), ("short", "_short"))
_MEASURE = "measure "
_MOST, _LITTLE = 4, 0.1  # so many are named, none that took less, in s


def calibrated(run: Run) -> str:
    """One line: when the instrument was measured on this host, and how many checks it met."""
    found = run.get("calibration")
    if not found:
        several = len(run.get("hosts", ())) > 1
        return (
            "Calibrations are of one host each: see the runs that this one is made of"
            if several else "The instrument was not calibrated: ./inv calibrate"
        )  # fmt: skip
    met = sum(each["met"] for each in found["checks"])
    when = found["made"][:16].replace("T", " ") + (", quick" if found["quick"] else "")
    alone = f", without the kernel as a witness: {found['untraced']}" if found["untraced"] else ""
    return (
        f"The instrument was calibrated on this host ({when}): "
        f"{met} of {len(found['checks'])} checks met{alone}"
    )


def checks(run: Run) -> Iterator[str]:
    """What calibrating has found, a line a check."""
    for each in (run.get("calibration") or {}).get("checks", ()):
        yield f"{each['what']}: {each['figure']} (bound {each['bound']}), {_outcome(each)}"


def checks_table(run: Run) -> Table | None:
    """The same as a table; None where nobody has calibrated."""
    found = run.get("calibration")
    if not found:
        return None
    return Table(
        caption="The instrument, measured on this host",
        columns=(Column("What"), Column("Figure"), Column("Bound"), Column("Outcome")),
        rows=tuple(
            (Cell(each["what"]), Cell(each["figure"]), Cell(each["bound"]), Cell(_outcome(each)))
            for each in found["checks"]
        ),
    )


def _outcome(check: Mapping[str, Any]) -> str:
    if check["met"]:
        return "met"
    return "missed: a goal on a quiet host" if check["goal"] else "FAILED"


def witnessed(run: Run) -> str:
    """How far the suite and the kernel agree on this run's restarts; empty if nobody looked."""
    trace = run.get("trace")
    if not trace:
        return ""
    kill = trace["kill_us"]
    words = (
        f"The kernel's tracepoints saw this run, too: of {trace['restarts']} restarts "
        f"{trace['missing']} are missing among the samples and {trace['invented']} invented; "
        f"{trace['lost_events']} of its events were dropped."
    )
    if kill:
        words += (
            f" From the stamp before a kill to the kernel's own of the signal it is "
            f"{number(kill['median'])} us ({_most(kill)} us)."
        )
    return words


def _most(figures: Mapping[str, Any]) -> str:
    """The 99th percentile; of fewer than 100 the largest."""
    if figures["p99"] is None:
        return f"at most {number(figures['max'])}"
    return f"p99 {number(figures['p99'])}"


@dataclass(frozen=True)
class Split:
    """One contender's restarts at one uptime (long, short): medians in ms, of each part and all.

    n: how many restarts whose every part was seen; host: where it was, of a merged run.
    """

    label: str
    host: str
    uptime: str
    n: int
    parts: tuple[float, ...]
    whole: float


def splits(run: Run) -> Iterator[Split]:
    """Where the time of restarts goes, in the article's order; nothing without a trace."""
    for each in ordered(run):
        for uptime, suffix in _UPTIMES:
            whole = metric(each, "restart", f"restart_{uptime}")
            parts = [metric(each, "restart", f"restart_{name}{suffix}") for name, _, _ in PARTS]
            medians = [part["median"] for part in parts if part and part["median"] is not None]
            if whole and whole["median"] and parts[0] and len(medians) == len(PARTS):
                yield Split(label(each), each.get("host") or "", uptime, parts[0]["n"],
                            tuple(medians), whole["median"])  # fmt: skip


def split_table(run: Run) -> Table | None:
    """The medians of the parts; None without a trace."""
    rows = tuple(
        (Cell(each.label), Cell(each.uptime), Cell(str(each.n), each.n),
         *(Cell(number(value), value) for value in (*each.parts, each.whole)))
        for each in splits(run)
    )  # fmt: skip
    if not rows:
        return None
    headings = (*(heading for _, heading, _ in PARTS), "Whole")
    return Table(
        caption="Where a restart's time goes: medians in ms",
        columns=(Column("Contender"), Column("Uptime"), Column("n", True),
                 *(Column(heading, True) for heading in headings)),
        rows=rows,
        note="The five of one trial add up to its latency; their medians need not.",
    )  # fmt: skip


def doubts_table(run: Run) -> Table | None:
    """What is doubtful about each contender's latencies, and what to do; None: nothing is."""
    rows = tuple(
        (Cell(label(each), anchor=f"supervisor-{each['supervisor']}"), Cell(doubt["kind"]),
         Cell(doubt["text"]))
        for each in ordered(run) for doubt in each.get("doubts", [])
    )  # fmt: skip
    if not rows:
        return None
    columns = (Column("Contender"), Column("Kind"), Column("Figure, bound and next step"))
    return Table("Doubts", columns, rows)


def lasted(run: Run) -> str:
    """How long the run took, against the least that anyone would need, and where the rest went."""
    if not run.get("seconds"):
        return "The run has not ended."
    seconds, bound = run["seconds"], run.get("bound")
    words = f"{'Its parts took' if run.get('merged') else 'Took'} {number(seconds)} s"
    # The bound is of what was planned.
    if not bound or any(each["status"] != "measured" for each in run["contenders"]):
        return f"{words}."
    whose = "their" if run.get("merged") else "its"
    words += f", {seconds / bound:.2f} times {whose} lower bound {bound:.0f} s."
    return " ".join([words, *_beside(run)])


def _beside(run: Run) -> Iterator[str]:
    """A sentence on what took time that measuring did not need, in the guest that took longest."""
    # Of a run that was gone on with, the time is that of its last part.
    guests = [
        (sum(guest["phases"].values()), label(each), guest)
        for each in run["contenders"] for guest in each["guests"]
        if "least" in guest and sum(guest["phases"].values()) <= run["seconds"]
    ]  # fmt: skip
    if not guests or run.get("merged"):
        return
    total, name, guest = max(guests, key=lambda each: each[0])
    rest = {
        phase: took for phase, took in guest["phases"].items() if not phase.startswith(_MEASURE)
    }
    rest["longer trials"] = total - sum(rest.values()) - guest["least"]
    rest["before and after it"] = run["seconds"] - total
    most = sorted(rest.items(), key=lambda each: -each[1])[:_MOST]
    listed = ", ".join(f"{what} {took:.1f} s" for what, took in most if took >= _LITTLE)
    if listed:
        yield f"The rest, by its longest guest ({name}): {listed}."
