"""The tasks about single supervisors and their folders."""

from __future__ import annotations

import sys

from invoke import Context, task

from bench.cli.errors import handle_errors
from bench.cli.option_help import SYSTEM_HELP
from bench.cli.output.safe_output import open_console, print_safely
from bench.cli.tasks import Repeated


@task(name="list")
@handle_errors
def list_(c: Context) -> None:
    """Show supervisors, systems, providers and scenarios, and what is available here."""
    from bench.cli.commands.inventory import inventory_tables

    console = open_console()
    for table in inventory_tables(console.width):
        console.print(table)


@task(name="try", positional=["name"], iterable=["overlay"], help=SYSTEM_HELP)
@handle_errors
def try_(
    c: Context,
    name: str,
    os_: str = "debian",
    provider: str = "auto",
    box: str = "",
    overlay: Repeated = None,
    versions: str = "",
    mirror: str = "",
    snapshot: str = "",
    keyring: str = "",
    aur: str = "",
    accept_expired: bool = False,
) -> int:
    """Open a shell in a guest where that supervisor keeps the test daemon alive."""
    from bench.cli.commands.try_shell import open_try_shell
    from bench.engine.request.options import SystemOptions

    options = SystemOptions(
        os=os_, provider=provider, box=box, versions=versions, mirror=mirror,
        snapshot=snapshot, keyring=keyring, aur=aur, accept_expired=accept_expired,
        overlay=overlay or (),
    )  # fmt: skip
    return open_try_shell(name, options, open_console())


@task(positional=["name"])
@handle_errors
def usage(c: Context, name: str, os_: str = "debian") -> int:
    """Show how to run a daemon under that supervisor: the suite's own files and commands."""
    from bench.cli.commands.usage import show

    return show(name, os_, open_console())


@task(positional=["name"])
@handle_errors
def new(c: Context, name: str) -> None:
    """Write the skeleton of a new supervisor's folder."""
    from bench.cli.commands.new_supervisor import create, created_lines

    for line in created_lines(name, create(name)):
        print_safely(line)


@task(positional=["name"])
@handle_errors
def check(c: Context, name: str) -> int:
    """Say what a supervisor's folder lacks before the suite can measure it."""
    from bench.cli.commands.new_supervisor import check as find

    lines, complete = find(name)
    for line in lines:
        print_safely(line)
    return 0 if complete else 1


@task(iterable=["only"])
@handle_errors
def loc(c: Context, only: Repeated = None, json: bool = False) -> None:
    """Count the lines of code of supervisors, all or those named, by the article's rule."""
    from bench.recording.loc.counting import count_and_keep
    from bench.recording.loc.rendering import loc_json, loc_table
    from bench.recording.loc.source_toml import recorded_counts

    counts = count_and_keep(only or [], lambda step: print_safely(step, file=sys.stderr))
    print_safely(loc_json(counts)) if json else open_console().print(
        loc_table(counts, recorded_counts())
    )
