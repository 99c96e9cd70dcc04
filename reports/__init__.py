"""Renderings of a run, made from its files alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from provision.systems import unknown
from reports import markdown, table, terminal

FORMATS = ("terminal", "md", "csv", "json")


def render(form: str, run: dict[str, Any], folder: Path, console: Console, *, force: bool) -> int:
    """Print a run in that form; returns the exit code. Raises Problem for an unknown one."""
    if form == "terminal":
        return terminal.show(run, console, force=force, folder=folder)
    if form == "md":
        sys.stdout.write(markdown.text(run))
        return 0
    if form == "csv":
        table.write(run, sys.stdout)
        return 0
    if form == "json":
        json.dump(run, sys.stdout, indent=1)
        return 0
    raise unknown("format", form, list(FORMATS))
