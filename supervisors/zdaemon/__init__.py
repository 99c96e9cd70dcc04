"""zdaemon: one Python process for each service, which is its parent and starts it again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from provision.guests.guest import Guest
from provision.sources.packages import Apt
from provision.sources.pip_versions import PipVersions
from provision.sources.pypi import Pypi
from provision.sources.wheels import Wheels
from supervisors.base import Supervisor
from supervisors.contender import Contender, StartLimit
from supervisors.service import Service
from supervisors.versions import Finding

_WHEELS = Wheels(
    "zdaemon",
    Path(__file__).with_name("requirements.lock"),
    needs=Apt(("python3-venv",)),
)
# PyPI has the older versions as source distributions only.
_VERSIONS = PipVersions(
    "zdaemon",
    needs=Apt(("python3-setuptools",)),
    beside=(
        # The newest that needs no other build tool.
        Pypi(
            "ZConfig",
            "3.6.1",
            "4422c7d663af762cd7795775366bc6a67ab440a1ab796eb0f7425b0e9034f076",
        ),
    ),
)
_ZDAEMON = "/opt/zdaemon/bin/zdaemon"


class Zdaemon(Supervisor):
    """https://zdaemon.readthedocs.io/"""

    name = "zdaemon"
    title = "zdaemon"
    home_page = "https://zdaemon.readthedocs.io/"
    sources = {"debian": _WHEELS}
    version_sources = {"debian": _VERSIONS}
    program_path = "/opt/zdaemon/bin/zdaemon"
    # It has no option that prints one: the Python in its first line knows it.
    version_command = (
        f"\"$(sed -n '1s/^#!//p' {_ZDAEMON})\" -c"
        " 'from importlib.metadata import version; print(version(\"zdaemon\"))'"
    )
    needs_pid1 = False
    # zdaemon returns once it has forked, so a script starts all and stays.
    hosted_command = "/usr/local/sbin/zdaemons"
    process_names = frozenset({"python3", "sleep"})
    service_parent = "python3"
    forked_by_client = True
    # No process is above those of the services, so that each is stopped by itself.
    stop_all_command = f"for conf in /etc/zdaemon/*.conf; do {_ZDAEMON} -C $conf stop; done"
    output_files = "/var/log/SERVICE.log"
    unsupported = {
        "readiness": "It runs a start-test-program once a second until that succeeds; a program"
        " cannot announce anything itself.",
        "watchdog": "It waits for its program to end, and checks nothing else.",
    }
    findings = (
        Finding(
            "Its manual does not say what happens to the program when the managing process gets"
            " SIGTERM: that one ends at once and leaves the program running (5.2.1)."
        ),
        Finding(
            "Up to 4.1.0 it restarts a program up to backoff-limit later (10 s by default), where"
            " Python is 3.5 or newer: its loop waits in select(), which a signal does not end any"
            ' more. 4.2.0 ("Add support for Python 3.5") has a pipe for that.'
        ),
        Finding(
            "It loses an end that comes before it has noted the pid of the start: it then takes the"
            " program for running, tries nothing any more, and answers a start with `daemon process"
            " already running`. While the program was missing that befell 2 of 6 guests, after five"
            " and six tries (5.2.1; spawn() and sigchild() of zdrun.py)."
        ),
    )
    contenders = (
        Contender(
            "zdaemon",
            "runner",
            "default",
            pid1=False,
            setting="each death within 10 s of a start delays the next by one second more; it"
            " gives up at the tenth in a row",
            # The first start, and nine restarts. Only a death after backoff-limit (10 s) takes the
            # count back.
            start_limit=StartLimit(10, None),
            settled_uptime=10.5,
            log_process="zdaemon",
        ),
        Contender(
            "zdaemon",
            "runner",
            "fast",
            pid1=False,
            setting="forever, backoff-limit 1: a delay of 1 s after a death within 1 s of a start,"
            " else none",
            log_process="zdaemon",
        ),
    )

    def after_install(self, guest: Guest) -> None:
        # What setup.py has installed lies in /usr/bin.
        guest.run(
            f"[ -e {_ZDAEMON} ] || {{ mkdir -p {Path(_ZDAEMON).parent};"
            f" ln -s /usr/bin/zdaemon {_ZDAEMON}; }}"
        )

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"{_zdaemon(service.name, 'stop')}; rm /etc/zdaemon/{service.name}.conf"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        # It starts nothing that runs already.
        return f"for conf in /etc/zdaemon/*.conf; do {_ZDAEMON} -C $conf start; done"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return _zdaemon(service.name, "stop")

    def start_command(self, contender: Contender, service: Service) -> str:
        return _zdaemon(service.name, "start")


def _zdaemon(service: str, action: str) -> str:
    return f"{_ZDAEMON} -C /etc/zdaemon/{service}.conf {action}"


SUPERVISOR = Zdaemon()
