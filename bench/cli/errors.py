"""How every command ends: errors in plain words, the right exit code, files for their owner."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from provision.cache import cache_folder, give_to_sudo_caller, sudo_caller
from provision.errors import Problem
from provision.systems import unknown_name_error
from provision.text import replace_controls

P = ParamSpec("P")
INTERRUPTED = "Interrupted: guests are removed, finished measurements are kept."
# For errors of the operating system that a person can mend: what failed, and what to do.
_REMEDIES = {
    errno.ENOSPC: ("written", "Free some space, then run the same command again."),
    errno.EDQUOT: ("written", "Free some space, then run the same command again."),
    errno.EACCES: ("used", "Run the same command with sudo."),
    errno.EPERM: ("used", "Run the same command with sudo."),
    errno.EROFS: ("written", "Mount its file system for writing, or set XDG_CACHE_HOME."),
    errno.ELOOP: ("used", "Remove the link that leads back to itself."),
    errno.EISDIR: ("read", "It is a folder: name a file, or move the folder away."),
    errno.ENOTDIR: ("used", "A part of that path is a file: name a folder, or move the file away."),
    errno.ENAMETOOLONG: ("used", "Give a shorter name."),
    errno.EMFILE: ("opened", "Raise the limit on open files: ulimit -n 4096"),
    errno.ENFILE: ("opened", "This host has no more open files to give: end other programs."),
}
# What a shell reports for a program whose reader went away: 128 and the number of SIGPIPE.
_READER_GONE = 141


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
            raise _safe_exit(str(problem), 2 if problem.usage else 1) from problem
        except KeyboardInterrupt as interrupt:
            raise _safe_exit(str(interrupt) or INTERRUPTED, 130) from None
        except RecursionError as failure:
            raise Exit(
                "A file or folder that this command reads is nested too deeply.\n"
                "Name another run or overlay.",
                code=1,
            ) from failure
        except BrokenPipeError:
            # Nobody reads the output any more, as in `./inv list | head`: Python may not flush it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Exit(code=_READER_GONE) from None
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
            raise _safe_exit(str(parse_problem(error, program.parser.contexts)), 2) from error
        _refuse_empty_values(program)

    return wrapper


def _refuse_empty_values(program: Program) -> None:
    """Refuse `--os=` and the like: an empty value looks like a default and is a slip."""
    for context in getattr(program, "tasks", ()):
        for argument in context.args.values():
            values = argument.value if isinstance(argument.value, list) else [argument.value]
            if argument.got_value and "" in values:
                problem = Problem(
                    f"--{argument.name} of {context.name} has an empty value.",
                    advice=f"Give one, or leave it out: ./inv --help {context.name}",
                    usage=True,
                )
                raise _safe_exit(str(problem), 2)


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
    return _safe_exit(f"{what}\n{advice}", 1)


def _safe_exit(text: str, code: int) -> Exit:
    """Return an exit whose text cannot steer the terminal, such as by the name of a file."""
    return Exit(replace_controls(text), code=code)


def _hand_over_files() -> None:
    """Give what root wrote to the user who called sudo, however the command ended."""
    if sudo_caller() is None:
        return
    from bench.recording.store import RESULTS

    give_to_sudo_caller(cache_folder(), RESULTS)
