"""supervisord: a Python daemon, the parent of its programs, that polls once a second."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guests.guest import Guest
from provision.sources.packages import Apt, Pacman
from provision.sources.pip_versions import PipVersions
from provision.sources.pypi import Pypi
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender, Profile, StartLimit
from supervisors.service import Service
from supervisors.versions import Change, Finding

_CONFIG = "/etc/supervisor/supervisord.conf"


def _contender(profile: Profile, setting: str, *, limit: StartLimit | None = None) -> Contender:
    return Contender(
        "supervisord",
        "runner",
        profile,
        pid1=False,
        setting=setting,
        # supervisord.py, runforever: poll(1 s), then transition, then reap; no setting changes it.
        period=1.0,
        # A program has to run for startsecs, 1 s, which a poll sees a second later.
        settled_uptime=2.0,
        start_limit=limit,
        # It reads each program's output itself and writes it to files.
        log_process="supervisord",
    )


def _versions(*packages: str, python: str = "") -> PipVersions:
    return PipVersions(
        "supervisor",
        needs=Apt(packages),
        # Up to 4.0 it imports this one.
        beside=(
            Pypi(
                "meld3",
                "1.0.2",
                "f7b754a0fde7a4429b2ebe49409db240b5699385a572501bb0d5627d299f9558",
            ),
        ),
        known={
            "3.0a12": "de60eee3c460b379aa8493083b59d31b29f2c4267730db29b6f9dea22642b3b4",
        },
        python=python,
    )


class Supervisord(Supervisor):
    """http://supervisord.org/configuration.html#program-x-section-settings"""

    name = "supervisord"
    title = "supervisord"
    home_page = "http://supervisord.org/"
    article_order = 8
    article = ArticleRow("3.0a12", needs_pid1=False, runner=True, monitor=False, loc=7211)
    sources = {
        "debian": Apt(("supervisor",)),
        "arch": Pacman(("supervisor",)),
        "precise": Apt(("supervisor",)),
    }
    # Python 2.7 runs every version, and Python 3 those from 4.0 on.
    version_sources = {
        "precise": _versions("python-setuptools"),
        "bullseye": _versions("python2.7", "python-setuptools", python="python2.7"),
        "bookworm": _versions("python3-setuptools"),
        "trixie": _versions("python3-setuptools"),
    }
    program_path = "/usr/bin/supervisord"
    needs_pid1 = False
    hosted_command = f"/usr/bin/supervisord -n -c {_CONFIG}"
    process_names = frozenset({"supervisord"})
    service_parent = "supervisord"
    version_command = "supervisord --version"
    # The host kills supervisord earlier than supervisord kills its programs.
    stop_all_command = "supervisorctl stop all"
    output_files = "/var/log/supervisor/SERVICE-stdout*"
    unsupported = {
        "readiness": "A program counts as running after startsecs; it cannot announce anything.",
        "watchdog": "It waits for a program to end; checks are left to event listeners.",
    }
    findings = (
        Finding(
            "By configuration.html, a program is FATAL after startretries=3 failures in a row. A"
            " program that exits at once starts 4 to 10 times and more before that: once a second,"
            " transition() runs before reap(), and takes a program that started 1.0 s ago for"
            " running although it has ended, which sets the number of failures back to 0."
        ),
        Finding(
            "A program whose file is missing fails before the fork, which startsecs=0 does not"
            " count as a success: it is FATAL after four tries within seven seconds, even with the"
            " settings that never give a program up which exits, and stays so when the file is"
            " back."
        ),
        Finding(
            "Its manual does not say what happens to programs when supervisord itself is killed:"
            " they run on as orphans, and the next supervisord starts each a second time."
        ),
        Finding(
            "Since 4.3.0 (CHANGES) it does without pkg_resources of setuptools: under Python 3.11"
            " on one host, its private memory fell from 19.9 to 13.9 MB.",
            since=Change("4.3.0", "forky"),
        ),
    )
    contenders = (
        _contender(
            "default",
            "the package's own supervisord.conf, and a program section with its command alone",
            # Four starts that each end within startsecs (1 s), 1, 2 and 3 s apart: FATAL.
            limit=StartLimit(4, 10.0),
        ),
        _contender(
            "strict",
            "stopasgroup, killasgroup and stopwaitsecs=5: a stop reaches the process group, and"
            " ends it after 5 s",
            limit=StartLimit(4, 10.0),
        ),
        # No setting shortens the poll; these two take away the backoff and the giving up.
        _contender("patient", "autorestart=true and startsecs=0: every start counts as a success"),
    )

    def after_install(self, guest: Guest) -> None:
        # A package without a configuration has a tool that prints one. supervisorctl looks for it
        # in /etc.
        guest.run(
            f"[ -e {_CONFIG} ] || {{ mkdir -p /etc/supervisor/conf.d; echo_supervisord_conf"
            f" >{_CONFIG}; printf '[include]\\nfiles = conf.d/*.conf\\n' >>{_CONFIG};"
            f" ln -sf {_CONFIG} /etc/supervisord.conf; }}"
        )

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"rm /etc/supervisor/conf.d/{service.name}.conf"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return "supervisorctl update"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"supervisorctl stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"supervisorctl start {service.name}"


SUPERVISOR = Supervisord()
