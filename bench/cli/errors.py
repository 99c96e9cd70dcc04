"""How every command ends: errors in plain words, the right exit code, files for their owner."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from provision.cache import cache_folder, give_to_sudo_caller, sudo_caller
from provision.errors import Problem
from provision.systems import unknown_name_error

P = ParamSpec("P")
INTERRUPTED = "Interrupted: guests are removed, finished measurements are kept."
# For errors of the operating system that a person can mend: what failed, and what to do.
_REMEDIES = {
    errno.ENOSPC: ("written", "Free some space, then run the same command again."),
    errno.EACCES: ("used", "Run the same command with sudo."),
}


def handle_errors(command: Callable[P, int | None]) -> Callable[P, None]:
    """Turn a command's errors into words and an exit code.

    1: something failed; 2: the request was wrong; 130: Ctrl-C. The command's own result is its
    exit code if it is not 0 or None.
    """

    @wraps(command)
    def wrapper(*arguments: P.args, **options: P.kwargs) -> None:
        try:
            code = command(*arguments, **options)
        except Problem as problem:
            raise Exit(str(problem), code=2 if problem.usage else 1) from problem
        except KeyboardInterrupt as interrupt:
            raise Exit(str(interrupt) or INTERRUPTED, 130) from None
        except OSError as failure:
            if failure.errno not in _REMEDIES:
                raise
            raise _exit_for(failure) from failure
        finally:
            _hand_over_files()
        if code:
            raise Exit(code=code)

    return wrapper


def report_parse_errors(program: Program) -> None:
    """Make what invoke cannot parse end as every other wrong request: invoke's own code is 1.

    Installed from tasks.py and not in a program of our own, since `invoke` in an activated
    environment loads nothing else.
    """
    for step in ("parse_tasks", "parse_cleanup"):
        setattr(program, step, _reporting(getattr(program, step), program))


def _reporting(parse: Callable[[], None], program: Program) -> Callable[[], None]:
    @wraps(parse)
    def wrapper() -> None:
        try:
            parse()
        except ParseError as error:
            raise Exit(str(parse_problem(error, program.parser.contexts)), code=2) from error

    return wrapper


def parse_problem(error: ParseError, tasks: Iterable[str]) -> Problem:
    """Say what invoke did not understand, with the nearest task or option of the task."""
    word = re.fullmatch(r"No idea what '(.*)' is!", str(error))
    task = error.context.name if error.context else None
    shown_by = f"./inv --help {task}" if task else "./inv"
    if word is None:
        return Problem(str(error), advice=f"{shown_by} shows what there is.", usage=True)
    if not word[1].startswith("-"):
        return unknown_name_error("task", word[1], sorted(tasks), "./inv")
    flags = error.context.flags if error.context else {}
    options = sorted(flag for flag in flags if flag.startswith("--"))
    return unknown_name_error(f"option of {task or 'invoke'}", word[1], options, shown_by)


def _exit_for(failure: OSError) -> Exit:
    verb, advice = _REMEDIES[failure.errno or 0]
    what = f"{failure.filename or 'A file'} cannot be {verb}: {failure.strerror}."
    return Exit(f"{what}\n{advice}", code=1)


def _hand_over_files() -> None:
    """Give what root wrote to the user who called sudo, however the command ended."""
    if sudo_caller() is None:
        return
    from bench.recording.store import RESULTS

    give_to_sudo_caller(cache_folder(), RESULTS)
