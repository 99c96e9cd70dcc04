"""The commands. Each reads its options, calls one function, prints."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from invoke import Context, task
from invoke.exceptions import Exit

from provision.errors import Problem

if TYPE_CHECKING:
    from rich.console import Console


def said(function: Callable[..., int | None]) -> Callable[..., None]:
    """Turn a Problem into words and an exit code, and Ctrl-C into 130."""

    @wraps(function)
    def guarded(*words: Any, **options: Any) -> None:
        try:
            code = function(*words, **options)
        except Problem as problem:
            raise Exit(str(problem), code=2 if problem.usage else 1) from problem
        except KeyboardInterrupt:
            raise Exit("Interrupted: guests are gone, what was measured is kept.", 130) from None
        if code:
            raise Exit(code=code)

    return guarded


def _console() -> Console:
    """Wide enough for the tables where nobody looks at a terminal."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=140)


@task(iterable=["only", "scenario"])
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
    force: bool = False,
    trace: bool = False,
    redo: str = "",
    dask: str = "",
) -> int:
    """Measure supervisors in disposable guests; prints the tables, keeps the run in results/."""
    from bench.live import Display
    from bench.options import Options
    from bench.run import bench as measure
    from reports import terminal

    console = _console()
    display = Display(console)
    options = Options.checked(
        os_, provider, only, scenario, role, profile, trials, seed, quick, keep, resume,
        trace, redo,
    )  # fmt: skip
    if dask:
        from bench.spread import spread

        record = spread(options, dask, console.print)
    else:
        with display.shown():
            record = measure(options, display)
    return terminal.show(record.run, console, force=force, folder=record.folder)


@task
@said
def calibrate(c: Context, quick: bool = False) -> int:
    """Measure the instrument itself on this host; later runs keep the result beside theirs."""
    from bench import calibrate as instrument
    from bench.live import Display

    console = _console()
    display = Display(console)
    with display.shown():
        found = instrument.calibrate(quick=quick, observer=display, say=console.print)
    return instrument.show(found, console)


@task(positional=["run"], iterable=["run"])
@said
def merge(c: Context, run: list[str], mixed: bool = False) -> int:
    """Make one run of several that were made apart (--run=A --run=B); --mixed ranks across hosts."""
    from bench.merge import merge as together
    from reports import terminal

    record = together(run, mixed=mixed)
    return terminal.show(record.run, _console(), force=False, folder=record.folder)


@task
@said
def report(c: Context, run: str = "latest", format_: str = "terminal", force: bool = False) -> int:
    """Render a run again: terminal, md, csv or json."""
    from bench.record import find, read_run
    from reports import render

    folder = find(run)
    return render(format_, read_run(folder), folder, _console(), force=force)


@task(name="list")
@said
def list_(c: Context) -> None:
    """Show supervisors, systems, providers and scenarios, and what is to be had here."""
    from bench.overview import overview

    console = _console()
    for part in overview():
        console.print(part)


@task(name="try", positional=["name"])
@said
def try_(c: Context, name: str, os_: str = "debian", provider: str = "auto") -> int:
    """Open a shell in a guest where that supervisor keeps the test daemon alive."""
    from bench.playground import play

    return play(name, os_, provider, _console())


@task
@said
def destroy(c: Context, cache: bool = False) -> None:
    """Remove whatever is left of any guest; --cache: images and layers, too."""
    from bench.cleaning import destroy as clean

    for line in clean(cache=cache):
        print(line)


@task
@said
def doctor(c: Context) -> int:
    """Say what this host can do, and what to do about the rest."""
    from bench.overview import diagnosis

    table, ready = diagnosis()
    _console().print(table)
    return 0 if ready else 1


@task
@said
def test(c: Context, all_: bool = False) -> int:
    """Check the code and run the tests: what fits five minutes, or everything with --all."""
    from bench.checks import check

    return check(everything=all_)
