"""The beginning: what was done, the short answer, all medians in one chart, how to repeat it."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from bench.model.run_file import FLOOR, Run
from bench.model.selection.scenario_names import current_name
from reports.article.charts.medians import medians_figure
from reports.article.distributions import Distribution, floors_of_one_host
from reports.article.host_groups import group_by_host, host_suffix, numbered_name
from reports.article.recommendations import recommend
from reports.compare.systems.system_views import main_release_note
from reports.model.blocks import Figure, Paragraph, Points, Section
from reports.model.contenders import has_measurements
from reports.model.run_summary import describe_hosts, ranking_obstacle
from reports.model.tables.instrument import calibration_summary

_INTRODUCTION = (
    "A process supervisor keeps a daemon alive: when it ends, for whatever reason, it is "
    "started again. A runner is the parent of a program that stays in the foreground, and the "
    "kernel tells it of the end. A monitor watches daemons that detached themselves, mostly by "
    "looking now and then. Some must be the first process of the machine (PID 1), some can be, "
    "some cannot."
)
_INTERVALS = "Two figures whose 95 % intervals overlap are not told apart."
_MEDIANS_WORDS = (
    "From the kill of a daemon that ran for long to the first instruction of its successor: the "
    "median beside each name, as a dot with its 95 % interval, and every restart as a thin line. "
    "The axis is logarithmic: each step is ten times the one before. The floor is the smallest "
    "supervisor possible, a hundred lines of C: none does less, and a median left of its dashed "
    "line is noise of the host."
)
# A box that Vagrant knows by its owner and name; everything else is a file.
_PUBLIC_BOX = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(?<!\.box)")
# The command that repeats a run names so many contenders at most: a hundred fill pages.
MOST_NAMES = 12
# Questions of the conclusion that most readers have.
_SHORT_ANSWERS = 4


def overview_section(view: Run, whole: Run) -> Section:
    """Return the section. view: the run of one system; whole: that of all."""
    answers = tuple((item.question, item.answer) for item in recommend(view)[:_SHORT_ANSWERS])
    blocks = (
        Paragraph(_INTRODUCTION),
        Paragraph(" ".join(filter(None, (_experiment(whole), main_release_note(whole))))),
        Points(answers),
        _citation(whole),
    )
    return Section("overview", "The short answer", blocks)


def medians_section(run: Run, distributions: Sequence[Distribution]) -> Section | None:
    """Return the section with a chart of medians for each separate host; None without any."""
    figures = tuple(_figures(run, distributions))
    if not figures:
        return None
    return Section("medians", "How long a restart takes", (Paragraph(_MEDIANS_WORDS), *figures))


def _citation(run: Run) -> Section:
    """Return what a person needs to cite and to repeat the article."""
    began = datetime.fromisoformat(run["started"])
    versions = (
        f"{run['system']['title']}; {describe_hosts(run)}; instrument "
        f"{(run.get('instrument') or 'of several versions')[:16]}. The version of each supervisor "
        "is in the tables."
    )
    points = Points((
        ("Measured on:", f"{began.day} {began:%B %Y}, run {run['id']}."),
        ("Versions:", versions),
        ("To repeat it:", f"{repeat_command(run)} (as root, on a Debian 12 or 13 machine)."),
    ))  # fmt: skip
    trust = Paragraph(
        f"{calibration_summary(run)}. {_INTERVALS}",
        link="How far the figures can be trusted",
        anchor="trust",
    )
    title = "Date, versions, how to repeat it, how far to trust it"
    return Section("citation", title, (points, trust), folded=True)


def repeat_command(run: Run) -> str:
    """Return the command that measures the same again."""
    options = run["options"]
    words = ["./inv bench", f"--os={options.get('system') or run['system']['name']}"]
    words += _machine_options(options.get("provider", "auto"), options.get("box", ""))
    words += _only_options(options.get("only", ()))
    if scenarios := options.get("scenarios"):
        words.append(f"--scenario={','.join(map(current_name, scenarios))}")
    words += [
        f"--{name}={options[name]}"
        for name in ("role", "profile", "versions", "trials")
        if options.get(name)
    ]
    words += [f"--overlay={name}=DIR" for name in options.get("overlays", {})]
    words += [f"--config={name}=DIR" for name in options.get("configurations", {})]
    words += _mirror_options(options.get("mirror", {}))
    words += [f"--{name}" for name in ("trace", "quick") if options.get(name)]
    return " ".join([*words, f"--seed={options.get('seed', 1)}"])


def _only_options(names: Sequence[str]) -> Iterator[str]:
    """Yield the options that select contenders; of very many, one that says where they stand."""
    if len(names) > MOST_NAMES:
        yield f"--only=NAME ({len(names)} of them, `options` in run.json)"
        return
    yield from (f"--only={shlex.quote(name)}" for name in names)


def _machine_options(provider: str, box: str) -> Iterator[str]:
    """Yield the options of what made the guests. The file of a box is the measuring person's own.

    box: a public name, such as generic/arch, or the path of a file.
    """
    if provider != "auto":
        yield f"--provider={provider}"
    if box:
        yield f"--box={box if _PUBLIC_BOX.fullmatch(box) else 'FILE'}"


def _mirror_options(mirror: Mapping[str, str]) -> Iterator[str]:
    """Yield the options of a mirror. Its address and key file are the measuring person's own."""
    placeholders = {"url": "--mirror=URL", "keyring": "--keyring=FILE", "aur": "--aur=URL"}
    yield from (option for key, option in placeholders.items() if mirror.get(key))
    if day := mirror.get("snapshot"):
        yield f"--snapshot={day}"
    if mirror.get("expired"):
        yield "--accept-expired"


def _experiment(run: Run) -> str:
    keepers = [item for item in run["contenders"] if item["role"] != "init"]
    supervisors = {item["supervisor"] for item in keepers} - {FLOOR}
    measured = [item for item in keepers if item["supervisor"] != FLOOR and has_measurements(item)]
    return (
        f"Here {len(supervisors)} supervisors kept the same test daemon alive, each in a guest of "
        "its own, in its packaged and in other documented settings, and that daemon was made to "
        "fail. A contender is a supervisor with one setting, as PID 1 or beside another init: "
        f"{len(measured)} of them were measured."
    )


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
