"""Supervisors that fail on demand, which no real one does: `doubles.py NAME` measures one.

It runs in a checkout of its own, like `invoke bench`, and the guests are real.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from rich.console import Console

from bench.cli.output.progress_display import ProgressDisplay
from bench.engine.request.options import EffortOptions, SelectionOptions, parse_options
from bench.engine.request.resolve import resolve_request
from bench.engine.run import run_bench
from provision.errors import Problem
from provision.guests.files import File
from provision.sources.packages import Present
from reports.formats import terminal
from supervisors import supervisors
from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.service import Service

# Its second daemon and every later one claim to have started in 285 years.
_FORGED_LINE = (
    '{"event": "start", "service": "s1", "pid": %d, "ppid": 1, "seq": %d, "begun_ns": 0,'
    ' "main_ns": 9000000000000000000, "up_ns": 9000000000000000000}\\n'
)
_FORGE_STAMPS = f"""\
n=0
while :; do
    /srv/testd/testd s1 &
    n=$((n + 1))
    if [ $n -gt 1 ]; then
        sleep 0.05
        printf '{_FORGED_LINE}' $! $n > /srv/testd/stamps
    fi
    wait $!
done"""
# It changes the measuring program: each successor started 5 ms before the kill.
_FORGE_RESULTS = """\
sed -i 's/^    fields.*= event$/&\\n    if event == "sample": \
fields["main_ns"] = fields["kill_ns"] - 5000000/' /srv/testd/measure/output.py
while :; do /srv/testd/testd s1; done"""

SCRIPTS = {
    "never-restarts": "/srv/testd/testd s1\nwhile :; do sleep 1000; done",
    "never-starts": "while :; do sleep 1000; done",
    "crashes": "/srv/testd/testd s1\necho its one service has ended\nexit 1",
    "crashes-at-once": "exit 1",
    "never-reloads": "while :; do /srv/testd/testd s1; done",
    "forges-stamps": _FORGE_STAMPS,
    "forges-results": _FORGE_RESULTS,
}
# As PID 1, because its end is then the end of the guest.
AS_PID1 = {"crashes"}
# The scenario in the middle needs a reload; no scenario needs a guest of its own.
SCENARIOS = {"never-reloads": ("restart", "footprint", "idle")}


class Double(Supervisor):
    """A shell script in a supervisor's place."""

    title = "double"
    home_page = "https://example.invalid/"
    sources = {"debian": Present()}
    needs_pid1 = False
    init_command = "/etc/double"
    hosted_command = "/etc/double"
    process_names = frozenset({"double"})
    service_parent = "double"
    program_path = "/bin/sh"
    version_command = "echo 0.0"
    idea = "It does as badly as it can."

    def __init__(self, script: str, *, pid1: bool, reloads: bool) -> None:
        self.script = script
        self.reloads = reloads
        self.name = "double"  # type: ignore[misc]
        self.contenders = (  # type: ignore[misc]
            Contender("double", "runner", "default", pid1=pid1, setting="a double"),
        )

    def files(self, contender: Contender, services: Iterable[Service]) -> list[File]:
        return [File("/etc/double", f"#!/bin/sh\n{self.script}\n", 0o755)]

    def disable_command(self, contender: Contender, service: Service) -> str:
        return "true"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return "true" if self.reloads else "false"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return "true"

    def start_command(self, contender: Contender, service: Service) -> str:
        return "true"


def main(name: str) -> int:
    """Measure that double beside the floor; return the exit code of `invoke bench`."""
    # The registry is built once; every module that asks for it gets the double as well.
    supervisors()["double"] = Double(
        SCRIPTS[name], pid1=name in AS_PID1, reloads=name != "never-reloads"
    )
    console = Console(width=140)
    display = ProgressDisplay(console)
    scenarios = SCENARIOS.get(name, ("restart",))
    options = parse_options(
        selection=SelectionOptions(only=["double"], scenario=scenarios),
        effort=EffortOptions(trials="2", quick=len(scenarios) > 1),
    )
    try:
        with display.shown():
            record = run_bench(resolve_request(options), display)
    except Problem as problem:
        print(problem)
        return 2 if problem.usage else 1
    return terminal.print_run(record.run, console, force=False, folder=record.folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
