"""The commands. Each reads its options, calls one function, prints."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from invoke import Context, task
from invoke.exceptions import Exit

from provision.errors import Problem


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
    trials: int = 0,
    seed: int = 1,
    quick: bool = False,
    keep: bool = False,
    resume: bool = False,
    force: bool = False,
) -> int:
    """Measure the supervisors in disposable guests."""
    from rich.console import Console

    from bench import run
    from bench.live import Display
    from reports import terminal

    console = Console()
    display = Display(console)
    options = run.Options(
        os_, provider, tuple(only or ()), tuple(scenario or ()), role, profile,
        trials, seed, quick, keep, resume,
    )  # fmt: skip
    with display.shown():
        record = run.bench(options, display)
    return terminal.show(record.run, console, force=force, folder=record.folder)
