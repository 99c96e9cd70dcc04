"""The commands. Each reads its options, calls one function, prints.

Those about runs are here; bench/cli/tasks/ has the others.
"""

from __future__ import annotations

import sys
from functools import partial

from invoke import Collection, Context, task
from invoke.main import program

from bench.cli.errors import handle_errors, report_parse_errors
from bench.cli.option_help import (
    BENCH_SELF_HELP,
    BISECT_HELP,
    COMPARE_HELP,
    CONFIG_HELP,
    DAEMON_HELP,
    EFFORT_HELP,
    MERGE_HELP,
    MODE_HELP,
    REPORT_HELP,
    RUN_HELP,
    SELECTION_HELP,
    SYSTEM_HELP,
    WAIT_HELP,
)
from bench.cli.output.safe_output import open_console, plain_printer, print_safely
from bench.cli.output.standard_streams import guard_streams
from bench.cli.tasks import Repeated, machines, supervisors

guard_streams()
report_parse_errors(program)


@task(
    iterable=["only", "scenario", "overlay", "config"],
    optional=["wait"],
    help={
        **SYSTEM_HELP,
        **CONFIG_HELP,
        **DAEMON_HELP,
        **SELECTION_HELP,
        **EFFORT_HELP,
        **MODE_HELP,
    },
)
@handle_errors
def bench(
    c: Context,
    os_: str = "debian",
    provider: str = "auto",
    only: Repeated = None,
    scenario: Repeated = None,
    role: str = "",
    profile: str = "",
    trials: str = "",
    seed: str = "1",
    quick: bool = False,
    keep: bool = False,
    resume: bool = False,
    box: str = "",
    force: bool = False,
    overlay: Repeated = None,
    config: Repeated = None,
    daemon: str = "",
    ready: str = "",
    daemon_files: str = "",
    versions: str = "",
    mirror: str = "",
    snapshot: str = "",
    keyring: str = "",
    aur: str = "",
    accept_expired: bool = False,
    trace: bool = False,
    redo: str = "",
    dask: str = "",
    output: str = "",
    wait: str | None = None,
) -> int:
    """Measure supervisors in disposable guests; prints the tables, keeps the run in results/."""
    from bench.engine.request.options import (
        DaemonOptions,
        EffortOptions,
        ModeOptions,
        SelectionOptions,
        SystemOptions,
        parse_options,
    )
    from bench.engine.request.patience import parse_wait
    from bench.engine.request.resolve import resolve_with_tools
    from bench.recording.results_folder import use_results_folder
    from reports.formats import terminal

    patience = parse_wait(wait)
    use_results_folder(output)
    options = parse_options(
        SystemOptions(
            os=os_, provider=provider, box=box, versions=versions, mirror=mirror,
            snapshot=snapshot, keyring=keyring, aur=aur, accept_expired=accept_expired,
            overlay=overlay or (), config=config or (),
        ),
        SelectionOptions(only=only or (), scenario=scenario or (), role=role, profile=profile),
        EffortOptions(trials=trials, seed=seed, quick=quick),
        ModeOptions(keep=keep, resume=resume, redo=redo, trace=trace),
        DaemonOptions(daemon=daemon, ready=ready, daemon_files=daemon_files),
    )  # fmt: skip
    console = open_console()
    if dask:
        from bench.distributed.dask import bench_on_workers

        record = bench_on_workers(options, dask, plain_printer(console), patience)
    else:
        from bench.cli.output.progress_display import ProgressDisplay
        from bench.engine.run import run_bench

        request, display = resolve_with_tools(options), ProgressDisplay(console)
        with display.shown():
            record = run_bench(request, display, patience=patience)
    return terminal.print_run(record.run, console, force=force, folder=record.folder)


@task(optional=["wait"], help=WAIT_HELP)
@handle_errors
def calibrate(c: Context, quick: bool = False, wait: str | None = None) -> int:
    """Measure the instrument itself on this host; later runs keep the result beside theirs."""
    from bench.calibration.rendering import show_calibration
    from bench.calibration.run import calibrate as run_calibration
    from bench.cli.output.progress_display import ProgressDisplay
    from bench.engine.request.patience import parse_wait
    from provision.host.tools import install_guest_tools
    from provision.systems import get_systems

    patience = parse_wait(wait)
    install_guest_tools(get_systems("debian"), "lxc")
    console = open_console()
    display = ProgressDisplay(console)
    with display.shown():
        outcome = run_calibration(
            quick=quick, observer=display, notify=plain_printer(console), patience=patience
        )
    return show_calibration(outcome, console)


@task(help=BENCH_SELF_HELP)
@handle_errors
def bench_self(
    c: Context,
    against: str = "",
    command: str = "bench --quick",
    turns: str = "3",
    guests: str = "50",
) -> None:
    """Compare this checkout with another revision of the suite: time and memory of a command.

    Both run in turns; a command of bench has the same seed in both.
    """
    from bench.own_cost.comparison import compare_revisions
    from bench.own_cost.request import parse_own_cost

    console = open_console()
    request = parse_own_cost(against, command, turns, guests)
    for part in compare_revisions(request, plain_printer(console)):
        console.print(part, highlight=False)


@task(iterable=["run"], help=MERGE_HELP)
@handle_errors
def merge(c: Context, run: Repeated = None, mixed: bool = False, output: str = "") -> int:
    """Make one run of several that were made apart; --mixed ranks across hosts."""
    from bench.distributed import merge as merging
    from bench.recording.results_folder import use_results_folder
    from reports.formats import terminal

    use_results_folder(output)
    record = merging.merge(run or [], mixed=mixed)
    return terminal.print_run(record.run, open_console(), force=False, folder=record.folder)


@task(iterable=["only", "metric", "unit"], help=REPORT_HELP)
@handle_errors
def report(
    c: Context,
    run: str = "latest",
    format_: str = "terminal",
    force: bool = False,
    why: str = "",
    only: Repeated = None,
    metric: Repeated = None,
    sort: str = "",
    unit: Repeated = None,
    output: str = "",
) -> int:
    """Render a run again: terminal, csv, json, pyperf, or md and html beside the run.

    --why=runit/crashloop: the evidence for that cell of the behaviour matrix, and nothing else.
    """
    from bench.recording.store import examine_run, run_folder
    from reports.render import render_run
    from reports.view import check_format, find_view

    checked, folder = check_format(format_), run_folder(run)
    examined = examine_run(folder)
    if why:
        from reports.evidence import format_evidence

        print_safely(format_evidence(examined, folder, why), end="")
        return 1 if examined.get("damage") else 0
    view = find_view(
        examined, checked, only=only or (), metric=metric or (), sort=sort, unit=unit or ()
    )
    return render_run(view, examined, folder, open_console(), force=force, output=output)


@task(help=RUN_HELP)
@handle_errors
def publish(c: Context, run: str = "latest") -> None:
    """Keep a run in reports/published/ as the reference, and put its table into the README."""
    from bench.recording.store import read_run, run_folder
    from reports import publish as publishing

    folder = run_folder(run)
    for path in publishing.publish(read_run(folder), folder):
        print_safely(path)


@task(iterable=["run", "only", "scenario", "metric"], help=COMPARE_HELP)
@handle_errors
def compare(
    c: Context,
    run: Repeated = None,
    fail_on: str = "",
    only: Repeated = None,
    scenario: Repeated = None,
    metric: Repeated = None,
    format_: str = "terminal",
) -> int:
    """Show what changed since the first run; --fail-on=regression:PERCENT: exit code 1."""
    from reports.compare.comparison import check_count, check_different, compare_runs
    from reports.compare.limits import parse_fail_on
    from reports.compare.render import check_format, render_comparisons
    from reports.compare.systems.system_views import load_run
    from reports.model.excerpt import find_excerpt

    checked, limits = check_format(format_), parse_fail_on(fail_on)
    check_count(run or [])
    runs = [load_run(name) for name in run or []]
    check_different(runs)
    excerpt = find_excerpt(
        [loaded.run for loaded in runs],
        only=only or (),
        scenario=scenario or (),
        metric=metric or (),
    )
    comparisons = compare_runs(runs, excerpt, limits, fail_on)
    return render_comparisons(checked, comparisons, open_console())


@task(help=RUN_HELP)
@handle_errors
def changes(c: Context, run: str = "latest") -> None:
    """Show what really changed from release to release, in a run of several systems."""
    from reports.compare.systems.history import change_lines
    from reports.compare.systems.system_views import load_run

    for line in change_lines(load_run(run)):
        print_safely(line)


@task(positional=["name"], help=BISECT_HELP)
@handle_errors
def bisect(
    c: Context,
    name: str,
    metric: str = "restart_long",
    from_: str = "",
    to: str = "",
    os_: str = "debian",
    trials: str = "",
    output: str = "",
) -> int:
    """Find the version of a supervisor in which a figure changed; its runs stay in results/."""
    from bench.cli.commands.bisect import bisect as search
    from bench.cli.commands.bisect import (
        check_metric,
        measure_version,
        most_comparisons,
        version_options,
        versions_between,
    )
    from bench.engine.lock import exclusive_run_lock
    from bench.recording.results_folder import use_results_folder
    from provision.systems import get_system
    from reports.compare.figure import figure_change, finding_lines
    from reports.compare.runs import RunWithSamples, with_samples

    use_results_folder(output)
    system = get_system(os_)
    versions = versions_between(name, system, from_, to)
    check_metric(metric, version_options(name, versions[0], system, trials))
    notify = partial(print_safely, flush=True)

    def measure(version: str) -> RunWithSamples:
        record = measure_version(name, version, system, trials, notify)
        return with_samples(record.run, record.folder)

    compare = partial(figure_change, metric=metric, comparisons=most_comparisons(versions))
    # For all versions: another bench would take it between two runs, and the next one would fail.
    with exclusive_run_lock():
        found, change = search(versions, measure, compare, notify)
    for line in finding_lines(name, (found.before, found.after), found.measured, change):
        print_safely(line)
    return 0 if found.found else 1


@task
@handle_errors
def schema(c: Context) -> None:
    """Write reports/schema.json, which the types in bench/model/run_file/ determine."""
    from bench.recording.validity.schema import write_schema

    print_safely(f"Wrote {write_schema()}.")


@task
@handle_errors
def test(c: Context, all_: bool = False) -> int:
    """Check the code and run the tests: what fits five minutes, or everything with --all."""
    from bench.cli.commands.checks import check

    return check(everything=all_)


# What invoke offers.
namespace = Collection()
for _module in (sys.modules[__name__], machines, supervisors):
    for _task in Collection.from_module(_module).tasks.values():
        namespace.add_task(_task)
