"""What a report shows of a run: the format, the contenders and metrics, their order and units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.model.run_file import Run
from bench.model.selection.name_lists import split_names
from provision.errors import Problem
from provision.systems import unknown_name_error
from reports.model.arrangement import check_units, convert_units, sort_run
from reports.model.excerpt import Excerpt, find_excerpt

FORMATS = ("terminal", "md", "html", "csv", "json", "pyperf")
# Formats that keep more of a run than its metrics: in those, no unit is exchanged.
_WHOLE_RUN = ("json", "pyperf")


@dataclass(frozen=True)
class View:
    """What a report shows.

    format: one of FORMATS. sort: a key of sort_run; empty: the article's order. units: those that
    metrics are shown in, where they are of that kind. With metrics, only their figures are shown.
    """

    format: str = "terminal"
    excerpt: Excerpt = field(default_factory=Excerpt)
    sort: str = ""
    units: tuple[str, ...] = ()

    @property
    def metrics(self) -> frozenset[str]:
        """The metrics that were asked for; empty: everything is shown."""
        return self.excerpt.metrics

    def of(self, run: Run) -> Run:
        """Return what is shown of a run, in order."""
        shown = convert_units(self.excerpt.of(run), self.units)
        if not self.sort:
            return shown
        ordered = sort_run(shown, self.sort)
        if self.format != "json":
            return ordered
        # A run's own record keeps its ranks.
        ranks = {one["name"]: one["rank"] for one in shown["contenders"]}
        for contender in ordered["contenders"]:
            contender["rank"] = ranks[contender["name"]]
        return {**ordered, "supervisors": shown["supervisors"]}


def check_format(name: str) -> str:
    """Return the name of a format. Raises Problem for an unknown one."""
    if name in FORMATS:
        return name
    raise unknown_name_error("format", name, list(FORMATS), "./inv --help report")


def find_view(
    run: Run,
    format_: str,
    *,
    only: Sequence[str] = (),
    metric: Sequence[str] = (),
    sort: str = "",
    unit: Sequence[str] = (),
) -> View:
    """Return the view that options name. Raises Problem for what the run or the format has not."""
    excerpt = find_excerpt([run], only=only, metric=metric)
    units = split_names("unit", unit)
    check_units(units)
    if excerpt.metrics and format_ == "pyperf":
        raise Problem(
            "--format=pyperf has restart latencies only: --metric cannot choose others.",
            advice="--format=csv or --format=json with --metric",
            usage=True,
        )
    if units and (format_ in _WHOLE_RUN or (format_ != "csv" and not excerpt.metrics)):
        raise Problem(
            f"--unit does not go with --format={format_}{'' if excerpt.metrics else ' alone'}.",
            known="It changes the tables that --metric asks for, and csv. Other text has its own.",
            advice=f"For example --metric=restart_long --unit={units[0]}",
            usage=True,
        )
    view = View(format_, excerpt, sort, units)
    view.of(run)  # Raises Problem for an unknown key.
    return view
