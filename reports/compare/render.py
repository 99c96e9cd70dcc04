"""Rendering a comparison of runs in any of its formats."""

from __future__ import annotations

import sys

from rich.console import Console

from provision.systems import unknown_name_error
from reports.compare.comparison import Comparisons

FORMATS = ("terminal", "md", "json")


def check_format(name: str) -> str:
    """Return the name of a format. Raises Problem for an unknown one."""
    if name in FORMATS:
        return name
    raise unknown_name_error("format of a comparison", name, list(FORMATS), "./inv --help compare")


def render_comparisons(format_: str, comparisons: Comparisons, console: Console) -> int:
    """Print a comparison in one of FORMATS; return 1 where the gate finds a regression, else 0."""
    match format_:
        case "terminal":
            from reports.compare.formats.terminal import print_comparisons

            print_comparisons(comparisons, console)
        case "md":
            from reports.compare.formats import markdown

            sys.stdout.write(markdown.render_comparisons(comparisons))
        case "json":
            from reports.compare.formats import json_output

            sys.stdout.write(json_output.render_comparisons(comparisons))
        case _:
            raise AssertionError(format_)
    return 1 if comparisons.regressions else 0
