"""A service: one test daemon that a contender keeps alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from supervisors.contender import Contender, Role
from supervisors.own_daemon import OwnDaemon

Watchdog = Literal["notify", "file"]
# The folder of the test daemon in every guest, and the suite's programs for containers in it.
TESTD_FOLDER = "/srv/testd"
# testd reads the command line of a person's own program from it.
COMMAND_FILE = f"{TESTD_FOLDER}/command"
ENTRY, WITNESS = f"{TESTD_FOLDER}/entry", f"{TESTD_FOLDER}/witness"


@dataclass(frozen=True)
class Service:
    """One test daemon kept alive by a contender. Templates know it as `service`."""

    # s1, s2, ...; the last word of the daemon's command line.
    name: str
    # The contender's role: it decides whether the daemon detaches itself.
    role: Role
    # How the daemon tells that it is ready, in the words of testd's --ready.
    readiness: str | None = None
    # Further options of testd, which a scenario sets.
    options: tuple[str, ...] = ()
    # How the daemon shows that it still answers. The supervisor ends it if it does not in time.
    watchdog: Watchdog | None = None
    # Whether the supervisor's own means keep what the daemon writes.
    keep_output: bool = False
    # Whether the daemon stays in the foreground under a monitor: daemonize(1) detaches it.
    foreground: bool = False
    # How often the daemon forks while it detaches itself: 1 or 2.
    fork_count: int = 2
    # The program that is kept or run in place of the daemon, with `options`: see daemon/README.md.
    instead: str = ""
    # The program of a person's own that the daemon executes in its own place.
    own_daemon: OwnDaemon | None = None

    @property
    def pidfile(self) -> str:
        """The file to which a daemon that detaches itself writes its pid."""
        return f"/run/{self.name}.pid"

    @property
    def heartbeat_file(self) -> str:
        """The file that a daemon with a `file` watchdog touches as long as it answers."""
        return f"/run/{self.name}.alive"

    @property
    def argv(self) -> tuple[str, ...]:
        """The daemon's command line: in the foreground for a runner, detached for a monitor."""
        options = self._daemon_options()
        if self.instead:
            return (self.instead, *self.options, self.name)
        if self.foreground:
            daemonize = ("/usr/bin/daemonize", "-p", self.pidfile)
            return (*daemonize, f"{TESTD_FOLDER}/testd", *options, self.name)
        if self.role == "monitor":
            forks = () if self.fork_count == 2 else ("--forks", str(self.fork_count))
            options = ("--daemonize", *forks, "--pidfile", self.pidfile, *options)
        return (f"{TESTD_FOLDER}/testd", *options, self.name)

    @property
    def command(self) -> str:
        """The command line as text; it holds nothing that a shell would change."""
        return " ".join(self.argv)

    @property
    def program(self) -> str:
        """The first word of `command`, for configurations that keep program and arguments apart."""
        return self.argv[0]

    @property
    def arguments(self) -> str:
        """The words of `command` after the first."""
        return " ".join(self.argv[1:])

    def _daemon_options(self) -> tuple[str, ...]:
        options = self.options
        if self.own_daemon:
            options = ("--exec", COMMAND_FILE, *options)
        if self.watchdog:
            how = f"file:{self.heartbeat_file}" if self.watchdog == "file" else self.watchdog
            options = ("--watchdog", how, *options)
        if self.readiness:
            options = ("--ready", self.readiness, *options)
        return options


def services_of(contender: Contender, count: int) -> tuple[Service, ...]:
    """Return the first `count` services, s1, s2, ..., as that contender keeps them."""
    return tuple(
        Service(f"s{number}", contender.role, contender.readiness, own_daemon=contender.own_daemon)
        for number in range(1, count + 1)
    )
