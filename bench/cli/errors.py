"""What is wrong with a request that invoke cannot parse."""

from __future__ import annotations

import re
from collections.abc import Iterable

from invoke.exceptions import ParseError

from provision.errors import Problem
from provision.systems import unknown


def not_understood(error: ParseError, tasks: Iterable[str]) -> Problem:
    """The same in our words, with the nearest of the tasks or of the task's options."""
    asked = re.fullmatch(r"No idea what '(.*)' is!", str(error))
    task = error.context.name if error.context else None
    shown_by = f"./inv --help {task}" if task else "./inv"
    if asked is None:
        return Problem(str(error), advice=f"{shown_by} shows what there is.", usage=True)
    word = asked[1]
    if not word.startswith("-"):
        return unknown("task", word, sorted(tasks), "./inv")
    flags = error.context.flags if error.context else {}
    options = sorted(flag for flag in flags if flag.startswith("--"))
    return unknown(f"option of {task or 'invoke'}", word, options, shown_by)
