"""PM2: a Node.js daemon, the parent of its programs, for Node.js and any other program."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from provision.sources.npm import Npm
from provision.sources.packages import Apt
from supervisors.base import Supervisor
from supervisors.contender import Contender, Profile, StartLimit
from supervisors.service import Service
from supervisors.versions import Finding

_NPM = Npm(
    "pm2",
    Path(__file__).with_name("package-lock.json"),
    needs=Apt(("nodejs",)),
    since="bookworm",
)
_PM2 = "/opt/pm2/node_modules/.bin/pm2"


def _contender(profile: Profile, setting: str, limit: StartLimit | None = None) -> Contender:
    return Contender(
        "pm2",
        "runner",
        profile,
        pid1=False,
        setting=setting,
        start_limit=limit,
        spaces_starts=False,
        log_process="node",
    )


class Pm2(Supervisor):
    """https://pm2.io/docs/runtime/reference/ecosystem-file/"""

    name = "pm2"
    title = "PM2"
    home_page = "https://pm2.keymetrics.io/"
    sources = {"debian": _NPM}
    version_sources = {"debian": _NPM}
    program_path = "/opt/pm2/node_modules/.bin/pm2-runtime"
    version_command = "/opt/pm2/node_modules/.bin/pm2-runtime --version"
    needs_pid1 = False
    # pm2 itself returns once it has forked; pm2-runtime is the same daemon in the foreground.
    hosted_command = "/usr/local/sbin/pm2-hosted"
    # Newer versions of Node.js call their main thread, and so the process, MainThread. PM2 6 was
    # seen to have a child df.
    process_names = frozenset({"node", "MainThread", "df"})
    service_parent = "node"
    service_parent_aliases = frozenset({"MainThread"})
    # The host may kill it earlier than it has ended its programs.
    stop_all_command = f"{_PM2} stop all"
    output_files = "/var/log/SERVICE.log"
    unsupported = {
        "readiness": "Its wait_ready takes process.send('ready') of a Node.js program, over a"
        " channel that no other program speaks.",
        "watchdog": "It waits for a program to end, and can watch its memory; it does not ask"
        " whether the program answers.",
    }
    findings = (
        Finding(
            'Its manual gives a program up ("errored") after max_restarts (16) restarts in a row'
            " with less than min_uptime (1 s) each. They are counted only within the first 16 s"
            " since the program was added: one that begins to crash later is started again for"
            " ever, as fast as it crashes (7.0.4)."
        ),
        Finding(
            "A program that is missing when it is to be restarted is tried once and never again,"
            " whatever max_restarts says: PM2 restarts at an exit, and Node.js tells an error, but"
            " no exit, of what it could not execute (7.0.4)."
        ),
        Finding(
            "Its private memory grew from 26 to 38 MB over 275 quick restarts, read five times at"
            " rest. Within five minutes without a restart it fell from 28 to 22 MB (7.0.4)."
        ),
    )
    contenders = (
        _contender(
            "default",
            "an app with its command alone: 16 ends within 1 s of a start, in its first 16 s, and"
            " it is given up",
            # The first start and 15 restarts.
            StartLimit(17, 16.0),
        ),
        _contender("patient", "max_restarts beyond reach: it never gives an app up"),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"{_PM2} delete {service.name}; rm /etc/pm2/{service.name}.json"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        # `pm2 start` restarts an app that runs already.
        return (
            "for file in /etc/pm2/*.json; do"
            f" {_PM2} pid $(basename $file .json) | grep -q . || {_PM2} start $file; done"
        )

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"{_PM2} stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"{_PM2} start {service.name}"


SUPERVISOR = Pm2()
