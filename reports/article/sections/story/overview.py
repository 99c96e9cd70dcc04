"""The beginning: what was done, the short answer, all medians in one chart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.model.run_file import FLOOR, ContenderResult, Run
from bench.model.run_file.run_systems import list_systems
from provision.errors.text import count_words
from reports.article.charts.medians import medians_figure
from reports.article.distributions import Distribution, floors_of_one_host
from reports.article.host_groups import group_by_host, host_suffix, numbered_name
from reports.article.recommendations import recommend
from reports.article.sections.story.citation import citation_section
from reports.compare.systems.system_views import main_release_note
from reports.model.blocks import Figure, Paragraph, Points, Section
from reports.model.contenders import has_measurements
from reports.model.run_summary import ranking_obstacle

_INTRODUCTION = (
    "A process supervisor keeps a daemon alive: when it ends, for whatever reason, it is "
    "started again. A runner is the parent of a program that stays in the foreground, and the "
    "kernel tells it of the end. A monitor watches daemons that detached themselves, mostly by "
    "looking now and then. Some must be the first process of the machine (PID 1), some can be, "
    "some cannot."
)
_MEDIANS_WORDS = (
    "From the kill of a daemon that ran for long to the first instruction of its successor: the "
    "median beside each name, as a dot with its 95 % interval, and every restart as a thin line. "
    "The axis is logarithmic: each step is ten times the one before. The floor is the smallest "
    "supervisor possible, a hundred lines of C: none does less, and a median left of its dashed "
    "line is noise of the host."
)
# Questions of the conclusion that most readers have.
_SHORT_ANSWERS = 4


def overview_section(view: Run, whole: Run) -> Section:
    """Return the section. view: the run of one system; whole: that of all."""
    answers = tuple((item.question, item.answer) for item in recommend(view)[:_SHORT_ANSWERS])
    blocks = (
        Paragraph(_INTRODUCTION),
        Paragraph(" ".join(filter(None, (_experiment(whole), main_release_note(whole))))),
        Points(answers),
        citation_section(whole),
    )
    return Section("overview", "The short answer", blocks)


def medians_section(run: Run, distributions: Sequence[Distribution]) -> Section | None:
    """Return the section with a chart of medians for each separate host; None without any."""
    figures = tuple(_figures(run, distributions))
    if not figures:
        return None
    return Section("medians", "How long a restart takes", (Paragraph(_MEDIANS_WORDS), *figures))


def _experiment(run: Run) -> str:
    """Say how much was measured, in numbers that add up to the run's contenders."""
    measured = [item for item in run["contenders"] if has_measurements(item)]
    keepers = [item for item in measured if item["role"] != "init" and item["supervisor"] != FLOOR]
    names = {item["name"] for item in keepers}
    set_ups = count_words(len({name.partition("@")[0] for name in names}), "set-up")
    supervisors = count_words(len({item["supervisor"] for item in keepers}), "supervisor")
    return (
        f"Here {supervisors} kept the same test daemon alive, each in a guest of its own, in its "
        "packaged and in other documented settings, and that daemon was made to fail. A set-up is "
        "a supervisor with one setting, as PID 1 or beside another init. Measured were "
        f"{set_ups} of {supervisors}{_on_systems(run, len(names))}{_others(measured)}."
    )


def _on_systems(run: Run, contenders: int) -> str:
    """Return on how many systems that was, and how many contenders that makes."""
    systems = len(list_systems(run))
    if systems < 2:
        return ""
    return f" on up to {systems} systems, which makes {count_words(contenders, 'contender')}"


def _others(measured: Sequence[ContenderResult]) -> str:
    """Return what was measured beside supervisors, with a comma before it."""
    floors = sum(item["supervisor"] == FLOOR for item in measured)
    inits = sum(item["role"] == "init" for item in measured)
    parts = [
        f"{count_words(floors, 'floor')} to compare with" if floors else "",
        f"{count_words(inits, 'init')} of containers" if inits else "",
    ]
    words = " and ".join(filter(None, parts))
    return f", and beside them {words}" if words else ""


def _figures(run: Run, distributions: Sequence[Distribution]) -> Iterator[Figure]:
    long = [item for item in distributions if not item.short]
    if not ranking_obstacle(run):
        long.sort(key=lambda item: item.median or math.inf)
    for index, group in enumerate(group_by_host(run, long)):
        floors = [item.median for item in floors_of_one_host(group) if item.median]
        yield medians_figure(
            group,
            min(floors, default=None),
            numbered_name("medians", index),
            f"How long until a killed daemon runs again{host_suffix(run, group)}",
        )
