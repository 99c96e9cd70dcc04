"""A guest to play in: a supervisor keeps the test daemon alive, and you have the shell."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

from rich.console import Console

from bench.engine import measurement
from bench.model.selection import select_contenders
from provision.errors import Problem
from provision.registry import choose
from provision.sources.packages import Source
from provision.systems import System
from supervisors.service import services_of


def open_try_shell(
    name: str,
    system: System,
    provider_name: str,
    versions: str,
    overlays: Mapping[str, Source],
    console: Console,
    box: str = "",
) -> int:
    """Open a shell in a guest of that supervisor, as PID 1 where it can be; the guest goes with it.

    name: a supervisor, or the beginning of a contender's name. Raises Problem.
    """
    chosen, absent = select_contenders(system, (name,), versions=versions, overlays=overlays)
    for each in absent:
        raise Problem(
            f"{each.title} is not to be had: {each.why_unavailable(system, versions)}.",
            advice=f"--overlay={each.name}=DIR lays a build of your own over the guest.",
            usage=True,
        )
    entry = next(
        (each for each in chosen if each.name.startswith(name) and each.contender.pid1), chosen[0]
    )
    provider, _ = choose(provider_name, system, box)
    wanted = services_of(entry.contender, 2)
    with console.status(f"Setting up {entry.name} on {system.title}"):
        provider.prepare(system)
        recipe = entry.supervisor.recipe(entry.source)
        guest = provider.up(
            f"try-{os.getpid()}", system, recipe, measurement.payload_files(platform.machine())
        )
    try:
        entry.supervisor.configure(guest, entry.contender, wanted)
        entry.supervisor.start(guest, entry.contender)
        console.print(f"{entry.name}: {entry.contender.setting}.", highlight=False)
        console.print("Configured by:", highlight=False)
        for file in entry.supervisor.files(entry.contender, wanted):
            console.print(f"  {file.path}", highlight=False)
        service = wanted[0]
        console.print(
            f"Services: {', '.join(each.name for each in wanted)}. Stop one:"
            f" {entry.supervisor.stop_command(entry.contender, service)}\n"
            f"Start it: {entry.supervisor.start_command(entry.contender, service)}\n"
            "Kill one: pkill -KILL -o testd; ps ax shows its successor. Leave with exit.",
            highlight=False,
        )
        return guest.shell()
    finally:
        guest.destroy()
