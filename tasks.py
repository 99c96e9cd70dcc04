"""The commands. Each reads its options, calls one function, prints."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from invoke import Context, task
from invoke.exceptions import Exit, ParseError
from invoke.main import program

from provision.cache import cache_folder, caller, hand_over
from provision.errors import Problem

if TYPE_CHECKING:
    from rich.console import Console


_HELP = {
    "overlay": "NAME=DIR or DIR: lay your own build of a supervisor over its guests (repeatable)",
    "versions": "2012: the article's versions, where a source has them",
    "mirror": "URL of the archive that the system's packages come from",
    "snapshot": "YYYY-MM-DD: that day's folder of a dated archive, given by --mirror",
    "keyring": "file with the public keys that sign the mirror",
    "aur": "URL below which each package of the Arch User Repository is a git repository",
}


# What a person can do about a file that cannot be had.
_MENDS = {
    errno.ENOSPC: ("written", "Free some space, then type the same again."),
    errno.EACCES: ("used", "Run the same command with sudo."),
}


def said(function: Callable[..., int | None]) -> Callable[..., None]:
    """Turn a Problem, a full disk or a want of rights into words and an exit code.

    Ctrl-C becomes 130.
    """

    @wraps(function)
    def guarded(*words: Any, **options: Any) -> None:
        try:
            code = function(*words, **options)
        except Problem as problem:
            raise Exit(str(problem), code=2 if problem.usage else 1) from problem
        except KeyboardInterrupt as stopped:
            usual = "Interrupted: guests are gone, what was measured is kept."
            raise Exit(str(stopped) or usual, 130) from None
        except OSError as failure:
            if failure.errno not in _MENDS:
                raise
            verb, advice = _MENDS[failure.errno]
            what = f"{failure.filename or 'A file'} cannot be {verb}: {failure.strerror}."
            raise Exit(f"{what}\n{advice}", code=1) from failure
        finally:
            _hand_over()
        if code:
            raise Exit(code=code)

    return guarded


def _hand_over() -> None:
    """What was written as root belongs to whoever called sudo, however the command ended."""
    if caller() is None:
        return
    from bench.recording.store import RESULTS

    hand_over(cache_folder(), RESULTS)


def _refused(parse: Callable[[], None]) -> Callable[[], None]:
    """Have what invoke cannot parse end as every other wrong request does: its own code is 1."""

    @wraps(parse)
    def guarded() -> None:
        try:
            parse()
        except ParseError as error:
            from bench.cli.errors import not_understood

            raise Exit(str(not_understood(error, program.parser.contexts)), code=2) from error

    return guarded


# Here, and not in a program of our own: `invoke` in an activated environment loads nothing else.
for _step in ("parse_tasks", "parse_cleanup"):
    setattr(program, _step, _refused(getattr(program, _step)))


_BENCH_HELP = {
    **_HELP,
    "os": "debian, arch or precise: the system in the guests",
    "provider": "lxc, libvirt or virtualbox; auto: what this host has for that system",
    "only": "NAME or NAME/ROLE/PROFILE/PLACE: just these, and the floor (repeatable, or by commas)",
    "scenario": "NAME, or all; without it restart and footprint (repeatable, or by commas)",
    "role": "runner or monitor: just these",
    "profile": "default or tuned: just these",
    "trials": "restarts of each contender that are ranked; 30",
    "seed": "what the times of the kills are drawn from; 1",
    "quick": "few trials, and no contender that takes more than half a minute",
    "keep": "leave the guests running; ./inv destroy removes them",
    "resume": "go on with the latest run, where it was interrupted or failed",
    "redo": "unstable: measure those again that the machine disturbed",
    "box": "Vagrant box, or a file that ./inv box made",
    "force": "print the ranking though the host was too noisy for one",
    "trace": "have the kernel's tracepoints see each restart, too, and tell its parts",
    "dask": "ADDRESS of a Dask scheduler, whose workers measure one contender each at a time",
}
_REPORT_HELP = {
    "run": "a run's name below results/, or its folder; without it the latest",
    "format": "terminal, csv, json, pyperf; md and html write the article beside the run",
    "force": "print the ranking though the host was too noisy for one",
    "why": "SUPERVISOR/SCENARIO, as runit/crashloop: the evidence of that cell of the matrix",
}


def _console() -> Console:
    """Wide enough for the tables where nobody looks at a terminal."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=140)


def _sayer(console: Console) -> Callable[[str], None]:
    """Prints a line as it is: what others say may have brackets that look like rich's markup."""
    return partial(console.print, highlight=False, markup=False, emoji=False)


@task(iterable=["only", "scenario", "overlay"], help=_BENCH_HELP)
@said
def bench(
    c: Context,
    os_: str = "debian",
    provider: str = "auto",
    only: list[str] | None = None,
    scenario: list[str] | None = None,
    role: str = "",
    profile: str = "",
    trials: str = "",
    seed: str = "1",
    quick: bool = False,
    keep: bool = False,
    resume: bool = False,
    box: str = "",
    force: bool = False,
    overlay: list[str] | None = None,
    versions: str = "",
    mirror: str = "",
    snapshot: str = "",
    keyring: str = "",
    aur: str = "",
    trace: bool = False,
    redo: str = "",
    dask: str = "",
) -> int:
    """Measure supervisors in disposable guests; prints the tables, keeps the run in results/."""
    from bench.cli.progress_display import ProgressDisplay
    from bench.engine.run import bench as measure
    from bench.model.request import BenchRequest
    from provision.systems import Mirror
    from reports.formats import terminal

    console = _console()
    display = ProgressDisplay(console)
    options = BenchRequest.checked(
        os_, provider, only, scenario, role, profile, trials, seed, quick, keep, resume, box,
        versions, Mirror.checked(mirror, snapshot, keyring, aur), overlay, trace, redo,
    )  # fmt: skip
    if dask:
        from bench.distributed.dask import spread

        record = spread(options, dask, _sayer(console))
    else:
        with display.shown():
            record = measure(options, display)
    return terminal.show(record.run, console, force=force, folder=record.folder)


@task
@said
def calibrate(c: Context, quick: bool = False) -> int:
    """Measure the instrument itself on this host; later runs keep the result beside theirs."""
    from bench.calibration import run as instrument
    from bench.cli.progress_display import ProgressDisplay

    console = _console()
    display = ProgressDisplay(console)
    with display.shown():
        found = instrument.calibrate(quick=quick, observer=display, say=_sayer(console))
    return instrument.show(found, console)


@task(iterable=["run"])
@said
def merge(c: Context, run: list[str], mixed: bool = False) -> int:
    """Make one run of several that were made apart; --mixed ranks across hosts."""
    from bench.distributed.merge import merge as together
    from reports.formats import terminal

    record = together(run, mixed=mixed)
    return terminal.show(record.run, _console(), force=False, folder=record.folder)


@task(help=_REPORT_HELP)
@said
def report(
    c: Context,
    run: str = "latest",
    format_: str = "terminal",
    force: bool = False,
    why: str = "",
) -> int:
    """Render a run again: terminal, csv, json, pyperf, or md and html beside the run.

    --why=runit/crashloop: the evidence for that cell of the behaviour matrix, and nothing else.
    """
    from bench.recording.store import find, read_run
    from reports import known_format, render
    from reports.evidence import why as evidence

    form, folder = known_format(format_), find(run)
    if why:
        print(evidence(read_run(folder), folder, why), end="")
        return 0
    return render(form, read_run(folder), folder, _console(), force=force)


@task
@said
def publish(c: Context, run: str = "latest") -> None:
    """Keep a run in reports/published/ as the reference, and put its table into the README."""
    from bench.recording.store import find, read_run
    from reports.publish import publish as keep

    folder = find(run)
    for path in keep(read_run(folder), folder):
        print(path)


@task(iterable=["run"])
@said
def compare(c: Context, run: list[str], fail_on: str = "") -> int:
    """Show what changed since the first run; --fail-on=regression:PERCENT: exit code 1."""
    from bench.recording.store import find, read_run
    from reports.compare import Measured, show
    from reports.model.samples import read
    from reports.model.text import clean

    folders = [find(name) for name in run]
    read_ones = [Measured(clean(read_run(each)), read(each)) for each in folders]
    return show(read_ones, fail_on, _console())


@task(positional=["name"])
@said
def usage(c: Context, name: str, os_: str = "debian") -> int:
    """Show how to run a daemon under that supervisor: the suite's own files and commands."""
    from bench.cli.usage import show

    return show(name, os_, _console())


@task(iterable=["only"])
@said
def loc(c: Context, only: list[str], json: bool = False) -> None:
    """Count the lines of code of supervisors, all or those named, by the article's rule."""
    from bench.recording import loc as lines

    counted = lines.count_and_keep(only, lambda step: print(step, file=sys.stderr))
    print(lines.as_json(counted)) if json else _console().print(lines.table(counted))


@task
@said
def schema(c: Context) -> None:
    """Write reports/schema.json, which the types in bench/model/run_file/ determine."""
    from bench.recording.schema import write_schema

    print(f"Wrote {write_schema()}.")


@task(name="list")
@said
def list_(c: Context) -> None:
    """Show supervisors, systems, providers and scenarios, and what is to be had here."""
    from bench.cli.inventory import inventory_tables

    console = _console()
    for part in inventory_tables():
        console.print(part)


@task(name="try", positional=["name"], iterable=["overlay"], help=_HELP)
@said
def try_(
    c: Context,
    name: str,
    os_: str = "debian",
    provider: str = "auto",
    box: str = "",
    overlay: list[str] | None = None,
    versions: str = "",
    mirror: str = "",
    snapshot: str = "",
    keyring: str = "",
    aur: str = "",
) -> int:
    """Open a shell in a guest where that supervisor keeps the test daemon alive."""
    from bench.cli.try_shell import open_try_shell
    from bench.model.overlays import overlays
    from provision.systems import Mirror, named

    system = named(os_, Mirror.checked(mirror, snapshot, keyring, aur))
    return open_try_shell(
        name, system, provider, versions, overlays(overlay or (), system), _console(), box
    )


@task(name="box", positional=["system"])
@said
def box_(c: Context, system: str) -> None:
    """Build Vagrant boxes of a system from its packages: one for libvirt, one for VirtualBox."""
    from provision.systems import named
    from provision.vagrant.box.builder import build_boxes

    for provider, path in build_boxes(named(system)).items():
        print(f"--provider={provider} --box={path}")


@task
@said
def up(c: Context, os_: str = "debian", provider: str = "auto", box: str = "") -> None:
    """Boot a virtual machine for yourself; it stays until ./inv destroy."""
    from provision.vagrant.user_machines import boot_machine

    for line in boot_machine(os_, provider, box):
        print(line, flush=True)


@task
@said
def ssh(c: Context, name: str = "") -> int:
    """Open a shell as root in a machine that ./inv up or --keep has left."""
    from provision.vagrant.user_machines import open_shell

    return open_shell(name)


@task
@said
def status(c: Context) -> None:
    """Show the virtual machines that there are."""
    from provision.vagrant.user_machines import status_lines

    for line in status_lines():
        print(line)


@task
@said
def destroy(c: Context, cache: bool = False) -> None:
    """Remove whatever is left of any guest; --cache: images and layers, too."""
    from bench.cli.cleanup import destroy as clean

    for line in clean(cache=cache):
        print(line)


@task
@said
def doctor(c: Context) -> int:
    """Say what this host can do, and what to do about the rest."""
    from bench.cli.inventory import doctor_table

    table, ready = doctor_table()
    _console().print(table)
    return 0 if ready else 1


@task
@said
def test(c: Context, all_: bool = False) -> int:
    """Check the code and run the tests: what fits five minutes, or everything with --all."""
    from bench.cli.checks import check

    return check(everything=all_)
