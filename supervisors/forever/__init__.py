"""forever: one Node.js process for each service, which is its parent and starts it again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from provision.sources.npm import Npm
from provision.sources.packages import Apt
from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Finding

_NPM = Npm(
    "forever",
    Path(__file__).with_name("package-lock.json"),
    needs=Apt(("nodejs",)),
    since="bookworm",
)
_FOREVER = "/opt/forever/node_modules/.bin/forever"


class Forever(Supervisor):
    """https://github.com/foreversd/forever#readme"""

    name = "forever"
    title = "forever"
    home_page = "https://github.com/foreversd/forever"
    sources = {"debian": _NPM}
    version_sources = {"debian": _NPM}
    program_path = "/opt/forever/node_modules/.bin/forever"
    version_command = "/opt/forever/node_modules/.bin/forever --version"
    needs_pid1 = False
    # forever returns once it has forked, so a script starts all and stays.
    hosted_command = "/usr/local/sbin/forevers"
    # Newer versions of Node.js call their main thread, and so the process, MainThread.
    process_names = frozenset({"node", "MainThread", "sleep"})
    service_parent = "node"
    service_parent_aliases = frozenset({"MainThread"})
    forked_by_client = True
    # No process is above those of the services, so that each is stopped by itself.
    stop_all_command = f"{_FOREVER} stopall"
    output_files = "/var/log/SERVICE.log"
    unsupported = {
        "readiness": "It tells running from not running; a program cannot announce more.",
        "watchdog": "It waits for its program to end, and checks nothing else.",
    }
    findings = (
        Finding(
            'Its manual calls a script that ends too soon "spinning", without saying what that'
            " leads to: by default the first end within 1 s of a start is the last. The managing"
            " process stays, and `forever list` says STOPPED. Each further `forever start` brings"
            " another one, with 25 MB of memory and 19 open files (4.0.3)."
        ),
    )
    contenders = (
        Contender(
            "forever",
            "runner",
            "default",
            pid1=False,
            setting="its command alone: an end within 1 s of a start is final, else it restarts"
            " at once",
            quick_end_is_final=True,
            log_process="node",
        ),
        Contender(
            "forever",
            "runner",
            "patient",
            pid1=False,
            setting="minUptime and spinSleepTime 1000: 1 s before each restart after an end within"
            " 1 s of a start, and no giving up",
            log_process="node",
        ),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"{_FOREVER} stop {service.name}; rm /etc/forever/{service.name}.json"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        # It would start a second one beside one that runs already.
        return (
            "for file in /etc/forever/*.json; do"
            f" [ -e /root/.forever/pids/$(basename $file .json).pid ] || {_FOREVER} start $file;"
            " done"
        )

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"{_FOREVER} stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"{_FOREVER} start /etc/forever/{service.name}.json"


SUPERVISOR = Forever()
