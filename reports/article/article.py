"""The article: what the 2012 draft wanted to be, from one run's files alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from reports.article import charts, recommendations, run_facts
from reports.article.blocks import (
    Article,
    Block,
    Cell,
    Code,
    Column,
    Figure,
    Panels,
    Paragraph,
    Points,
    Section,
    Table,
)
from reports.article.charts import Distribution
from reports.model.matrix import matrix
from reports.model.samples import Samples
from reports.model.text import brief
from reports.model.view import (
    FLOOR,
    SAME_PHASE,
    about,
    apart,
    counts,
    failures,
    in_mode,
    in_words,
    label,
    machines,
    metric,
    number,
    ordered,
    rows,
    same_phase,
    unranked,
)

# The page must open at once, whatever was run: a picture of more rows than this says nothing.
_MOST_PANEL_LINES = 10
_CRASHLOOP = "crashloop"
_BIT = ("no", "yes")

Run = dict[str, Any]
# What a picture shows a row of, each of one host.
Shown = TypeVar("Shown", Distribution, run_facts.Split)
Contender = dict[str, Any]


def article(run: Run, samples: Samples) -> Article:
    """The whole of it; run and samples are clean (reports.model.text.clean)."""
    quick = ", quick: few trials" if run["quick"] else ""
    found = _distributions(run, samples)
    sections = [
        _overview(run, found),
        _daemon(),
        _method(run),
        Section("table", "The article's table", (article_table(run),)),
        _latency(run, found),
        _split(run),
        _memory(run),
        _crash_loops(run, samples),
        _behaviour(run),
        _trust(run),
        *_supervisors(run),
        _conclusion(run),
        _this_run(run),
    ]
    return Article(
        title="Process supervision",
        facts=f"{run['system']['title']} in guests by {run['provider']['name']}{quick}. "
        f"{machines(run)}. "
        f"Run {run['id']}, begun {run['started']}.",
        warnings=tuple(run["warnings"])
        + (("This run has not ended.",) if not run["ended"] else ()),
        sections=tuple(each for each in sections if each is not None),
    )


def _overview(run: Run, found: Sequence[Distribution]) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "A process supervisor keeps a daemon alive: when it ends, for whatever reason, it is "
            "started again. The out-of-memory killer is reason enough to want one. A runner is the "
            "parent of a program that stays in the foreground, and the kernel tells it of the end. "
            "A monitor watches daemons that detached themselves, mostly by looking now and then. "
            "Some must be the first process of the machine (process 1), some can be, some cannot."
        ),
        Paragraph(
            "Each supervisor below kept the same test daemon alive in a guest of its own, and that "
            f"daemon was made to fail. {counts(run).capitalize()}."
        ),
    ]
    long = [each for each in found if not each.short]
    if not unranked(run):
        long.sort(key=lambda each: each.median or math.inf)
    for place, own in enumerate(_comparable(run, long)):
        floor = min((each.median for each in _floors(own) if each.median), default=None)
        line = ", the floor as a dashed line" if floor else ""
        blocks.append(
            Figure(
                name=_numbered("medians", place),
                title=f"Restart latency against the floor{_where(run, own)}",
                alt="Median restart latency with its 95 % interval, a row for each contender, on "
                f"a log axis, every sample as a tick{line}. The figures are "
                "in the table of restart latency.",
                svg=charts.medians(own, floor),
            )
        )
    return Section("overview", "Overview", tuple(blocks))


def _comparable(run: Run, found: Sequence[Shown]) -> list[list[Shown]]:
    """The same in as many parts as must not share a picture: one, or each host's own."""
    if not apart(run):
        return [list(found)] if found else []
    parts = ([each for each in found if each.host == host] for host in run["hosts"])
    return [part for part in parts if part]


def _floors(found: Sequence[Distribution]) -> list[Distribution]:
    """The floor of a daemon long up; of several hosts there is no such thing."""
    one_host = len({each.host for each in found}) == 1
    return [each for each in found if each.floor and not each.short and one_host]


def _where(run: Run, found: Sequence[Shown]) -> str:
    return f" on {brief(found[0].host)}" if apart(run) else ""


def _numbered(name: str, place: int) -> str:
    """The name of a picture's file, of which there may be one a host."""
    return f"{name}-{place + 1}" if place else name


def _daemon() -> Section:
    return Section(
        "daemon",
        "The test daemon",
        (
            Paragraph(
                "testd is a small static C program that does nothing but be observed. Its first "
                "act in main() is to read CLOCK_MONOTONIC. It then reports its pid, that stamp, "
                "its service and a sequence number by one write to a FIFO that the measuring "
                "program keeps open, so nobody polls and nothing waits; and it keeps a record of "
                "its starts in a shared file, so that a start is known even where its line is "
                "lost. After that it sleeps until a signal comes."
            ),
            Paragraph(
                "For a runner it stays in the foreground. For a monitor it detaches itself as a "
                "daemon should, by forking twice, and writes a pid file. Where a supervisor has a "
                "protocol for it, it tells when it is ready."
            ),
        ),
    )


def _method(run: Run) -> Section:
    trials = run["options"].get("trials") or "the default number of"
    alone = (run["alone"] or {}).get("median")
    points = (
        ("One clean guest each.", "Only the supervisor under test runs in it. Before anything is "
         "measured, process 1, the service's parent, its pid file and the list of processes are "
         "checked; what is not as it should be is not measured."),
        ("One service each.", "A second one would wake those that poll and flatter them. To "
         "sample faster, more identical guests run side by side."),
        ("Restart latency", "runs from just before SIGKILL to the first instruction of the "
         "successor's main(), in the guest's own clock. Kill times are drawn from a seed over at "
         "least one period of whoever acts once a period; a trial without a restart by its "
         "deadline counts as longer than every other, and is never dropped."),
        ("Two uptimes.", "A daemon long up is beyond every hold-off. One killed 0.3 s after its "
         "start shows what a supervisor does to a daemon that dies young."),
        ("Figures", "are medians with a 95 % interval by order statistics, which assumes nothing "
         "of the distribution. The 99th percentile is left out below 100 samples."),
        ("The floor", "is a supervisor of our own in C that does nothing but vfork, exec and "
         "waitpid, measured in the same run. No supervisor can be faster than that, so each "
         "figure is also given as a multiple of it."),
        ("Default and tuned.", "Default is what the package or the manual sets up. Tuned is the "
         "best that its manual documents."),
        ("Memory", "is VmPeak of the supervision process, as the 2012 draft defined it, and the "
         "proportional set size (PSS) of the whole supervision tree, which misleads less."),
        ("This run", f"asked for {trials} trials a contender with seed "
         f"{run['options'].get('seed')}."
         + (f" The floor took {number(alone)} ms with no other guest beside it." if alone else "")),
    )  # fmt: skip
    return Section("method", "Method", (Points(points),))


def article_table(run: Run) -> Table:
    """The 2012 article's table with every cell filled; run is clean."""
    columns = ("Supervisor", "Version", "Process 1", "Runner", "Monitor", "Responsiveness",
               "VmPeak", "LOC")  # fmt: skip
    numeric = {"Responsiveness", "VmPeak", "LOC"}
    return Table(
        caption="The article's table, finished",
        columns=tuple(Column(name, name in numeric) for name in columns),
        rows=tuple(
            _article_row(run, name, facts) for name, facts in about(run).items() if name != FLOOR
        ),
        note="Responsiveness is the median restart latency of a daemon long up. The draft left "
        "it and VmPeak as N in every row. VmPeak is that of the process that supervises the "
        "service. What Process 1, Runner and Monitor say was verified in guests, but where it is "
        "untested.",
    )


def _article_row(run: Run, name: str, facts: dict[str, Any]) -> tuple[Cell, ...]:
    own = [each for each in ordered(run) if each["supervisor"] == name]
    then = facts["article"]
    absent = next((e["reason"] for e in run["absent"] if e["supervisor"] == name), "")
    versions = sorted({each["version"] for each in own if each["version"]})
    needs = "needed" if facts["needs_pid1"] else "possible" if facts["can_pid1"] else "no"
    shown = [each for each in own if each["verified"]]

    def bit(word: str, key: str, seen: bool) -> Cell:
        claim = word if seen or word == "no" else f"{word}, untested"
        return Cell(claim, note=f"2012: {_BIT[then[key]]}" if then else "2012: not there")

    return (
        Cell(brief(facts["title"]), anchor=f"supervisor-{name}"),
        Cell(", ".join(versions) or absent or _unversioned(own),
             note=_then(then, own)),
        bit(needs, "needs_pid1", any(each["pid1"] for each in shown)),
        *(
            bit(_BIT[role in facts["roles"]], role, any(each["role"] == role for each in shown))
            for role in ("runner", "monitor")
        ),
        _by_contender(facts, own, "restart", "restart_long", absent),
        _by_contender(facts, own, "footprint", "vmpeak", absent),
        _loc(facts, then),
    )  # fmt: skip


def _unversioned(own: Sequence[Contender]) -> str:
    failed = any(each["status"] == "failed" for each in own)
    return "unknown: it failed" if failed else "unknown: it was not run"


def _by_contender(
    facts: dict[str, Any], own: Sequence[Contender], scenario: str, name: str, absent: str
) -> Cell:
    if not own:
        return Cell("not run" if absent else "not asked for", order=math.inf)
    lines = []
    for each in own:
        # What is left names its host, too, where there are several.
        words = label(each).removeprefix(brief(facts["title"])).strip()
        lines.append(f"{words}: {in_words(each, scenario, name)}" if words
                     else in_words(each, scenario, name))  # fmt: skip
    found = [metric(each, scenario, name) for each in own]
    medians = [each["median"] for each in found if each and each["median"] is not None]
    return Cell("\n".join(lines), order=min(medians, default=math.inf))


def _loc(facts: dict[str, Any], then: dict[str, Any] | None) -> Cell:
    note = f"2012: {then['loc']:,}" if then else "2012: not there"
    counted = facts["loc"]
    if counted is None:
        counts = "./inv loc, then ./inv bench --resume, counts them"
        return Cell("not counted", order=math.inf, note=f"{counts}; {note}")
    today = counted["today"]
    if today["lines"] is None:
        return Cell(f"not counted: {today['lack']}", order=math.inf, note=note)
    return Cell(f"{today['lines']:,}", today["lines"], f"of {today['version']}; {note}")


def _latency(run: Run, found: Sequence[Distribution]) -> Section | None:
    if not any("restart" in each["scenarios"] for each in run["contenders"]):
        return None
    columns = (Column("Contender"), Column("Uptime"), Column("n", True), Column("Median", True),
               Column("95 % interval"), Column("p90", True), Column("p99", True),
               Column("Min", True), Column("Max", True), Column("x floor", True))  # fmt: skip
    fastest_first = sorted(rows(run), key=lambda row: math.inf if unranked(run) else row.order)
    by_name = {each["name"]: each for each in run["contenders"]}
    lines = tuple(line for row in fastest_first for line in _latency_rows(by_name[row.name]))
    table = Table(
        caption="Restart latency in ms, from SIGKILL to main()",
        columns=columns,
        rows=lines,
        note="Long: beyond every hold-off. Short: 0.3 s after its start; of those that act "
        "once a period, such kills fall into the same phase of it, so they are shown and not "
        "ranked.",
    )
    panels = _panels(run, found)
    return Section("latency", "Restart latency", (table, *panels))


def _latency_rows(each: Contender) -> Iterator[tuple[Cell, ...]]:
    anchor = f"supervisor-{each['supervisor']}"
    for group in ("long", "short"):
        found = metric(each, "restart", f"restart_{group}")
        if found is None:
            if group == "long":
                why = in_words(each, "restart", "restart_long")
                blanks = (Cell("", math.inf),) * 6
                yield (Cell(label(each), anchor=anchor), Cell(group), Cell("0", 0),
                       Cell(why, math.inf), Cell(""), *blanks[:5])  # fmt: skip
            continue
        count = str(found["n"])
        if found["censored"]:
            count += f" ({found['censored']} censored)"
        interval = ""
        if found["ci_low"] is not None and found["ci_high"] is not None:
            interval = f"{number(found['ci_low'])} to {number(found['ci_high'])}"
        middle = _value(found["median"])
        if found["median"] is None:
            middle = Cell("no restart seen" if found["n"] else found["note"], math.inf)
        marked = same_phase(each, found["metric"])
        yield (
            Cell(label(each), anchor=anchor), Cell(f"{group} ({SAME_PHASE})" if marked else group),
            Cell(count, found["n"]), middle, Cell(interval),
            *(_value(found[key]) for key in ("p90", "p99", "min", "max")),
            _value(None if marked else found["floor_ratio"]),
        )  # fmt: skip


def _value(value: float | None) -> Cell:
    return Cell(number(value), math.inf if value is None else value)


def _distributions(run: Run, samples: Samples) -> list[Distribution]:
    """Every contender's latencies, of a daemon long up and of one 0.3 s up."""
    found = []
    for each in ordered(run):
        for group in ("long", "short"):
            figure = metric(each, "restart", f"restart_{group}")
            values, censored = samples.latencies(each["name"], group)
            if figure is None or not values:
                continue
            found.append(
                Distribution(
                    label=label(each),
                    values=tuple(values),
                    censored=censored,
                    median=figure["median"],
                    low=figure["ci_low"],
                    high=figure["ci_high"],
                    ratio=figure["floor_ratio"],
                    floor=each["supervisor"] == FLOOR,
                    periodic=each["period"] is not None,
                    short=group == "short",
                    host=each.get("host") or "",
                )
            )
    return found


def _panels(run: Run, found: Sequence[Distribution]) -> list[Block]:
    if not found:
        return []
    low = min(each.values[0] for each in found) / 1.2
    high = max(each.values[-1] for each in found) * 1.2
    figures = []
    for name, facts in about(run).items():
        labels = {label(each) for each in run["contenders"] if each["supervisor"] == name}
        for place, comparable in enumerate(_comparable(run, found)):
            own = [each for each in comparable if each.label in labels and not each.floor]
            if name == FLOOR or not own:
                continue
            floors = _floors(comparable)[:1]
            grey = ", the floor in grey" if floors else ""
            figures.append(
                Figure(
                    name=_numbered(f"ecdf-{name}", place),
                    title=f"{brief(facts['title'])}{_where(run, own)}",
                    alt=f"The share of {brief(facts['title'])}'s restarts done within a time, on a "
                    f"log axis from {number(low)} to {number(high)} ms, a line for each contender, "
                    f"dashed for a daemon 0.3 s up{grey}. The figures are in the table above.",
                    svg=charts.ecdf([*own[:_MOST_PANEL_LINES], *floors], low, high),
                )
            )
    words = Paragraph(
        aside=True,
        text="How to read these: a line climbs from 0 to 100 % as restarts are done; a steep line "
        "is a steady supervisor, one that ends below 100 % lost some. Solid lines are of a daemon "
        "long up, dashed ones of one 0.3 s up; the grey one is the floor. All share one axis.",
    )
    return [words, Panels(tuple(figures))]


def _split(run: Run) -> Section | None:
    table = run_facts.split_table(run)
    if table is None:
        return None
    pictures = _comparable(run, list(run_facts.splits(run)))
    figures = [_shares(run, own, place) for place, own in enumerate(pictures)]
    parts = Points(tuple((f"{heading}:", f"{words}.") for _, heading, words in run_facts.PARTS))
    words = ("Of a restart whose supervisor was not seen to be woken up no part is told: n is how "
             "many were seen whole.")  # fmt: skip
    return Section("split", "Where a restart's time goes", (
        Paragraph(" ".join(filter(None, (run_facts.witnessed(run), words)))),
        parts, *figures, table,
    ))  # fmt: skip


def _shares(run: Run, own: Sequence[run_facts.Split], place: int) -> Figure:
    rows = [
        (f"{each.label}{', 0.3 s up' if each.uptime == 'short' else ''}", each.parts, each.whole)
        for each in own
    ]
    return Figure(
        name=_numbered("split", place),
        title="Where a restart's time goes: the share of each part, and the median in all"
        f"{_where(run, own)}",
        alt="A bar for each contender and uptime, cut into the shares that death, reaction, "
        "hold-off, child and spawn have of a restart; beside it the median restart latency. The "
        "figures are in the table below.",
        svg=charts.split(rows, [heading.lower() for _, heading, _ in run_facts.PARTS]),
    )


def _trust(run: Run) -> Section:
    checks, doubts = run_facts.checks_table(run), run_facts.doubts_table(run)
    blocks: list[Block] = [Paragraph(f"{run_facts.calibrated(run)}.")]
    if checks is not None:
        noise = run["calibration"]["noise"]
        seen = {name: found for name, found in noise.items() if found["late_us"]}
        blocks += [checks, *([_lateness(seen)] if seen else [])]
    blocks.append(doubts or Paragraph("No contender's latencies are doubtful by its own figures."))
    return Section("trust", "How far the figures can be trusted", tuple(blocks))


def _lateness(noise: dict[str, Any]) -> Figure:
    words = "; ".join(
        f"{name}: median {number(found['late_us']['median'])} us, "
        f"p99 {number(found['late_us']['p99'])} us, at most {number(found['late_us']['max'])} us"
        for name, found in noise.items()
    )
    return Figure(
        name="lateness",
        title="How late a sleeper wakes up on this host: alone, and beside the trials",
        alt=f"Histograms of how late a process that sleeps a millisecond at a time was. {words}.",
        svg=charts.lateness(
            {name: found["counts"] for name, found in noise.items()},
            next(iter(noise.values()))["bounds_us"],
        ),
    )


def _memory(run: Run) -> Section | None:
    measured = [each for each in run["contenders"] if metric(each, "footprint", "vmpeak")]
    if not measured:
        return None
    names = (("VmPeak, kB", "vmpeak"), ("VmHWM, kB", "vmhwm_1"), ("PSS, kB", "pss_1"),
             ("Private dirty, kB", "private_dirty_1"), ("Processes", "processes_1"),
             ("Threads", "threads_1"), ("Files", "fds_1"), ("PSS with ten, kB", "pss_10"),
             ("PSS a service, kB", "pss_per_service"), ("Idle CPU, us/s", "cpu_idle"),
             ("CPU a restart, us", "cpu_per_restart"))  # fmt: skip
    order = ordered(run | {"contenders": measured})
    if not unranked(run):
        order.sort(key=lambda each: _median(each, "pss_1"))
    table = Table(
        caption="What keeping a daemon alive costs",
        columns=(Column("Contender"), *(Column(title, True) for title, _ in names)),
        rows=tuple(
            (Cell(label(each), anchor=f"supervisor-{each['supervisor']}"),
             *(_cost(each, name) for _, name in names))
            for each in order
        ),
        note="VmPeak is of the process that supervises the service; everything else of the whole "
        "supervision tree with one service, without the service itself. PSS a service is what each "
        "further one adds. CPU a restart is that of all trials, the time between them included, by "
        "the restarts seen; what short-lived helpers used is not in it.",
    )  # fmt: skip
    spans = [
        (label(each), _median(each, "pss_1") / 1024, _median(each, "pss_10") / 1024)
        for each in order
        if 0 < _median(each, "pss_1") < math.inf and 0 < _median(each, "pss_10") < math.inf
    ]
    blocks: list[Block] = [table]
    if spans:
        figure = Figure(
            name="memory",
            title="Memory with one service and with ten",
            alt="Proportional memory of each contender's supervision tree with one service and "
            "with ten, on a log axis. The figures are in the table above.",
            svg=charts.memory(spans, 1, 10),
        )
        blocks.insert(0, figure)
    return Section("memory", "Memory and CPU time", tuple(blocks))


def _median(each: Contender, name: str) -> float:
    found = metric(each, "footprint", name)
    return math.inf if found is None or found["median"] is None else float(found["median"])


def _cost(each: Contender, name: str) -> Cell:
    found = metric(each, "restart" if name == "cpu_per_restart" else "footprint", name)
    if found is None or found["median"] is None:
        return Cell(found["note"] if found else "not measured", math.inf)
    if not found["unit"]:
        return Cell(f"{found['median']:g}", found["median"])
    return _value(found["median"])


def _then(row: dict[str, Any] | None, own: Sequence[Contender]) -> str:
    """The article's version, and whether it is the one measured here."""
    if row is None:
        return "2012: not there"
    same = any(each.get("matches_article") for each in own)
    return f"2012: {row['version']}{', the same' if same else ''}"


def _crash_loops(run: Run, samples: Samples) -> Section | None:
    lines = []
    for each in ordered(run):
        starts = samples.starts(each["name"])
        if starts:
            seconds = [(start - starts[0]) / 1e9 for start in starts]
            crowds = [
                ((begin - starts[0]) / 1e9, count) for begin, count in samples.crowds(each["name"])
            ]
            lines.append((label(each), seconds, crowds))
    if not lines:
        return None
    figure = Figure(
        name="crashloop",
        title="When a daemon that ends at once was started",
        alt="A row for each contender, a tick for each start of a daemon that ends at once, over "
        "the seconds since its first start; a bar where there are too many starts for ticks.",
        svg=charts.timeline(lines),
    )
    return Section("crashloop", "Crash loops", (figure,))


def _behaviour(run: Run) -> Section | None:
    found = matrix(run)
    tables = tuple(
        Table(
            caption=column.scenario,
            columns=(Column("Contender"), *(Column(name) for name in column.behaviours)),
            rows=tuple(
                (Cell(line.label, anchor=f"supervisor-{line.name.split('/')[0]}"),
                 *(Cell(answer) for answer in line.cells[index]))
                for line in found.lines
            ),
        )
        for index, column in enumerate(found.columns)
    )  # fmt: skip
    if not tables:
        return None
    words = "What each does when. The evidence for each cell is in the supervisor's own section."
    return Section("behaviour", "Behaviour", (Paragraph(words), *tables))


def _verdicts(each: Contender) -> Iterator[tuple[str, str, str]]:
    """What a contender does, the answer, and the sentence that says why."""
    for scenario, part in each["scenarios"].items():
        for verdict in part.get("verdicts", []):
            title = f"{scenario}, {verdict['behaviour']}"
            yield title, verdict["answer"], verdict["sentence"]


def _supervisors(run: Run) -> Iterator[Section]:
    for name, facts in about(run).items():
        said = [*recommendations.findings(run, name), *facts.get("findings", ())]
        own = [each for each in ordered(run) if each["supervisor"] == name]
        absent = next((e["reason"] for e in run["absent"] if e["supervisor"] == name), "")
        if absent:
            said = [f"{facts['title']} is {absent}, so this run has no figures of it."]
        blocks: list[Block] = [
            Paragraph(facts["idea"]),
            Paragraph(f"Home: {facts['home']}", aside=True),
        ]
        sentences = [("", sentence) for sentence in said]
        settings = [(f"{label(each)}:", f"{each['setting']}.{in_mode(each)}") for each in own]
        evidence = [
            (f"{label(each)}, {title}: {verdict}.", words)
            for each in own
            for title, verdict, words in _verdicts(each)
        ]
        blocks += [Points(tuple(items)) for items in (settings, sentences) if items]
        if evidence:
            words = "Behaviour, with the evidence"
            points = Points(tuple(evidence))
            blocks.append(Section(f"evidence-{name}", words, (points,), folded=True))
        blocks += [_example(name, index, each) for index, each in enumerate(facts["usage"])]
        yield Section(f"supervisor-{name}", brief(facts["title"]), tuple(blocks))


def _example(name: str, index: int, example: dict[str, Any]) -> Section:
    blocks = [block for step in example["steps"] for block in _step(step)]
    title = f"Usage: {example['title']}"
    return Section(f"usage-{name}-{index}", title, tuple(blocks), folded=True)


def _step(step: dict[str, Any]) -> Iterator[Block]:
    if "note" in step:
        yield Paragraph(f"{step['title']}: {step['note']}")
    yield from _codes(step["title"], step["actions"])


def _codes(title: str, actions: Sequence[dict[str, Any]]) -> Iterator[Code]:
    lines: list[str] = []
    for action in actions:
        if "file" in action:
            if lines:
                yield Code(title, "\n".join(lines))
                lines = []
            executable = " (executable)" if action["mode"] & 0o100 else ""
            yield Code(f"{title}: {action['file']}{executable}", action["content"].rstrip("\n"))
        else:
            boot = f"boot with init={action.get('boot')}"
            lines.append(action.get("command", boot))
    if lines:
        yield Code(title, "\n".join(lines))


def _conclusion(run: Run) -> Section:
    blocks: list[Block] = [
        Paragraph("Each answer follows from this run's figures by the rule given with it."),
        *(
            Section(f"answer-{index}", each.question,
                    (Paragraph(each.answer), Paragraph(f"Rule: {each.rule}", aside=True)))
            for index, each in enumerate(recommendations.conclude(run))
        ),
    ]  # fmt: skip
    return Section("conclusion", "Conclusion: which to choose when", tuple(blocks))


def _this_run(run: Run) -> Section:
    libraries = ", ".join(f"{name} {version}" for name, version in run["host"]["libraries"].items())
    facts = [
        *_hosts(run),
        ("Guests:", f"{run['system']['title']} by {run['provider']['name']}: "
         f"{run['provider']['reason']}."),
        ("Duration:", run_facts.lasted(run)),
        ("Measured with:", f"{libraries}."),
        *(("Failed:", failure) for failure in failures(run)),
        *(("Not available:", f"{each['title']}: {each['reason']}.") for each in run["absent"]),
    ]  # fmt: skip
    return Section("run", "This run", (Points(tuple(facts)),))


def _hosts(run: Run) -> Iterator[tuple[str, str]]:
    hosts = run.get("hosts") or {}
    for name, host in (hosts if len(hosts) > 1 else {"": run["host"]}).items():
        yield (
            f"Host {brief(name)}:" if name else "Host:",
            f"{host['system']}, {host['processor']}, {host['cores']} cores, "
            f"{host['memory_mib']:,} MiB, Linux {host['kernel']}, {host['machine']}.",
        )
