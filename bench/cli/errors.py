"""How every command ends: errors in plain words, the right exit code, files for their owner.

A Problem of provision/errors brings its exit code along.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from bench.cli.output.standard_streams import READER_ENDED
from bench.engine.interrupt import KEPT, OUTPUT_LOST_CODE, cause_of, interrupted_once, output_lost
from provision.cache import cache_folder, give_to_sudo_caller, sudo_caller
from provision.errors import Problem
from provision.errors.os_errors import can_be_mended, describe_failure
from provision.errors.text import replace_controls
from provision.systems import unknown_name_error

P = ParamSpec("P")


def handle_errors(command: Callable[P, int | None]) -> Callable[P, None]:
    """Turn a command's errors into words and an exit code, which README.md lists.

    The command's own result is its exit code if it is not 0 or None.
    """

    @wraps(command)
    def wrapper(*arguments: P.args, **options: P.kwargs) -> None:
        try:
            with interrupted_once():
                code = command(*arguments, **options)
                sys.stdout.flush()
        except Problem as problem:
            raise _safe_exit(str(problem), problem.code) from problem
        except KeyboardInterrupt as interrupt:
            raise _exit_for_interrupt(interrupt) from None
        except RecursionError as failure:
            raise Exit(
                "A file or folder that this command reads is nested too deeply.\n"
                "Name another run or overlay.",
                code=1,
            ) from failure
        except OSError as failure:
            if not can_be_mended(failure):
                raise
            raise _safe_exit(describe_failure(failure), 1) from failure
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
        _take_help_first(program)
        try:
            try:
                parse()
            finally:  # the list of tasks, or the help for one, ends it by an Exit
                sys.stdout.flush()
        except KeyboardInterrupt as interrupt:
            raise _exit_for_interrupt(interrupt) from None
        except ParseError as error:
            raise _safe_exit(str(parse_problem(error, program.parser.contexts)), 2) from error
        _refuse_empty_values(program)

    return wrapper


def _take_help_first(program: Program) -> None:
    """Let `try --help` be `--help try`: invoke takes the option for the name that try needs."""
    words = program.core.unparsed
    if len(words) == 2 and words[1] in ("--help", "-h") and words[0] in program.collection:
        program.core[0].args.help.value = words[0]
        program.core.unparsed = []


def _refuse_empty_values(program: Program) -> None:
    """Refuse `--os=` and the like: an empty value looks like a default and is a slip."""
    for context in getattr(program, "tasks", ()):
        for argument in context.args.values():
            values = argument.value if isinstance(argument.value, list) else [argument.value]
            if argument.got_value and "" in values:
                problem = Problem(
                    f"--{_option(argument.name)} of {context.name} has an empty value.",
                    advice=f"Give one, or leave it out: ./inv --help {context.name}",
                    usage=True,
                )
                raise _safe_exit(str(problem), 2)


def parse_problem(error: ParseError, tasks: Iterable[str]) -> Problem:
    """Say what invoke did not understand, with the nearest task or option of the task."""
    task = error.context.name if error.context else None
    shown_by = f"./inv --help {task}" if task else "./inv"
    word = re.fullmatch(r"No idea what '(.*)' is!", str(error))
    if word is None:
        advice = f"{shown_by} shows what there is."
        return Problem(_missing_value(str(error)) or str(error), advice=advice, usage=True)
    if not word[1].startswith("-"):
        return _unknown_word(task, word[1], sorted(tasks), shown_by)
    flags = error.context.flags if error.context else {}
    options = sorted(flag for flag in flags if flag.startswith("--"))
    if not options:
        return Problem(f"{task} has no options, and {word[1]} was given.", usage=True)
    return unknown_name_error(f"option of {task or 'invoke'}", word[1], options, shown_by)


def _unknown_word(task: str | None, word: str, tasks: list[str], shown_by: str) -> Problem:
    """Say what is wrong with a word that is neither an option nor a task."""
    problem = unknown_name_error("task", word, tasks, "./inv")
    if task is None or problem.advice.startswith("Did you mean"):
        return problem
    return Problem(
        f"{word!r} is one word too many for {task}.",
        known="It is no task either, and the value of an option follows its name: --name=VALUE.",
        advice=f"{shown_by} shows what there is.",
        usage=True,
    )


def _missing_value(message: str) -> str:
    """Return a sentence in place of invoke's on a value that is missing; empty for others."""
    if option := re.match(r"Flag <Argument: (\w+)", message):
        return f"--{_option(option[1])} needs a value."
    if task := re.match(r"'(\w+)' did not receive required positional arguments: '(\w+)'", message):
        return f"{task[1]} needs a {task[2]}: ./inv {task[1]} {task[2].upper()}"
    return ""


def _option(argument: str) -> str:
    """Return an option as it is typed: a name that Python has for itself ends with _."""
    return argument.strip("_").replace("_", "-")


def _exit_for_interrupt(interrupt: KeyboardInterrupt) -> Exit:
    """Say why the command ends, except where the reader of its output wanted no more of it."""
    cause = cause_of(interrupt)
    if str(interrupt):
        return _safe_exit(f"{cause.words}: {interrupt}", cause.code)
    if cause == output_lost(READER_ENDED):
        return Exit(code=cause.code)
    if cause.code == OUTPUT_LOST_CODE:
        return _safe_exit(f"{cause.words}.", cause.code)
    return _safe_exit(f"{cause.words}: {KEPT}", cause.code)


def _safe_exit(text: str, code: int) -> Exit:
    """Return an exit whose text cannot steer the terminal, such as by the name of a file."""
    return Exit(replace_controls(text), code=code)


def _hand_over_files() -> None:
    """Give what root wrote to the user who called sudo, however the command ended.

    What a killed command has left is given by the next one.
    """
    if sudo_caller() is None:
        return
    from bench.recording.results_folder import results_folder, written_entries

    with suppress(OSError):  # a folder that cannot be read or made holds nothing
        give_to_sudo_caller(*written_entries(results_folder()))
    with suppress(OSError):
        give_to_sudo_caller(cache_folder())
