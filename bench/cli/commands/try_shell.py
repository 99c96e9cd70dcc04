"""A shell in a guest where a supervisor keeps the test daemon alive, for `./inv try`."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence

from rich.console import Console

from bench.engine.guests import measurement
from bench.engine.request.options import SystemOptions
from bench.model.selection.contenders import SelectedContender, Selection, select_contenders
from bench.model.selection.version_choice import VersionChoice
from provision.errors import Problem
from provision.guests.guest import Guest
from provision.host.tools import install_guest_tools
from provision.registry import choose_provider
from provision.systems import System
from supervisors.service import Service, services_of

# How many services the supervisor keeps alive there.
SERVICES = 2
# Exit codes of a guest whose PID 1 has ended before the shell began, and of a killed shell.
_ENDED, _KILLED = 1, 128 + 9
# Seconds that a PID 1 has to end before a shell is opened; and until the end of one is known.
_SECONDS_TO_BEGIN, _SECONDS_TO_END = 0.3, 2.0


def open_try_shell(name: str, options: SystemOptions, console: Console) -> int:
    """Open a shell in a guest of that supervisor, as PID 1 where it can be; then remove the guest.

    name: a supervisor, or the beginning of a contender's name. Returns the shell's exit code.
    Raises Problem.
    """
    system = options.system()
    selected = _select(name, system, options)
    install_guest_tools((system,), options.provider, options.box)
    provider, _ = choose_provider(options.provider, system, options.box)
    wanted = services_of(selected.contender, SERVICES if selected.supervisor.keeps_services else 1)
    with console.status(f"Setting up {selected.name} on {system.title}"):
        provider.prepare(system)
        installation = selected.supervisor.installation(selected.source)
        payload = measurement.payload_files(platform.machine())
        guest = provider.up(f"try-{os.getpid()}", system, installation, payload)
    try:
        with guest.console_quoted():
            selected.supervisor.configure(guest, selected.contender, wanted)
            selected.supervisor.start(guest, selected.contender)
        _explain(selected, wanted, console)
        # What enters a guest that has ended prints words of its own.
        code = _ENDED if _ends_within(guest, _SECONDS_TO_BEGIN) else guest.shell()
        # The end of PID 1 kills the shell; a moment later the guest is known to have ended.
        if _ends_within(guest, _SECONDS_TO_END if code == _KILLED else 0.0):
            console.print(guest.quote_console(), highlight=False, markup=False)
        return code
    finally:
        guest.destroy()


def _ends_within(guest: Guest, seconds: float) -> bool:
    """Tell whether the guest's PID 1 has ended, or ends within that time."""
    deadline = time.monotonic() + seconds
    while not guest.ended_by_itself():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def _select(name: str, system: System, options: SystemOptions) -> SelectedContender:
    chosen = select_contenders(
        (system,),
        Selection(only=(name,)),
        versions=VersionChoice.parse(options.versions),
        overlays=options.overlays(),
    )
    for absent in chosen.absent:
        raise Problem(
            f"{absent.supervisor.title} is not available: {absent.reason}.",
            advice=f"Lay a build of your own over it: --overlay={absent.supervisor.name}=DIR",
            usage=True,
        )
    return next(
        (
            selected
            for selected in chosen.contenders
            if selected.name.startswith(name) and selected.contender.pid1
        ),
        chosen.contenders[0],
    )


def _explain(selected: SelectedContender, wanted: Sequence[Service], console: Console) -> None:
    supervisor, contender, service = selected.supervisor, selected.contender, wanted[0]
    lines = [
        f"{selected.name}: {contender.setting}.",
        "Configured by:",
        *(f"  {file.path}" for file in supervisor.files(contender, wanted)),
    ]
    if supervisor.keeps_services:
        lines += [
            f"Services: {', '.join(service.name for service in wanted)}."
            f" Stop one: {supervisor.stop_command(contender, service)}",
            f"Start it: {supervisor.start_command(contender, service)}",
            "Kill one: pkill -KILL -o testd; ps ax shows its successor. Leave with exit.",
        ]
    else:
        lines.append("Its program is testd; the container ends with it. ps ax shows both.")
    for line in lines:
        console.print(line, highlight=False, markup=False)
