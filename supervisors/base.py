"""What a supervisor is to the suite: facts, configuration files, and a handful of verbs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from provision import host_init
from provision.errors import Problem
from provision.guest import File, Guest
from provision.provider import Recipe
from provision.sources.packages import Source
from provision.systems import System

Role = Literal["runner", "monitor"]
Profile = Literal["default", "tuned"]
Watchdog = Literal["notify", "file"]
TESTD = "/srv/testd"
# Not in /tmp, which a PID 1 that has just started may clear or mount anew.
ENABLE_SCRIPT = "/root/enable"
ENABLE = f"sh -e {ENABLE_SCRIPT} && rm {ENABLE_SCRIPT}"
ARTICLE_YEAR = "2012"
_NOT_PACKAGED = "not packaged there, as far as this project knows"


@dataclass(frozen=True)
class ArticleRow:
    """The supervisor's row in the 2012 article; None stands for an empty cell."""

    version: str
    needs_pid1: bool
    runner: bool
    monitor: bool
    loc: int


@dataclass(frozen=True)
class Contender:
    """One row of results: a supervisor in one role, one profile, as PID 1 or hosted by one.

    period: seconds between two looks at its services, or between two instants at which it restarts
    them; None where events alone decide. limit: how many starts in how many seconds make it hold
    back or give up, None where nothing does. settled: seconds of uptime beyond which it restarts a
    service without holding back. readiness: how a service tells it that it is ready. setting: what
    its configuration says, in one sentence. logger: the program that takes a service's output, if
    its set-up has one.
    """

    supervisor: str
    role: Role
    profile: Profile
    pid1: bool
    setting: str
    period: float | None = None
    limit: tuple[int, float] | None = None
    settled: float = 2.0
    penalty: float = 0.0
    spaced: bool = True
    readiness: str | None = None
    logger: str | None = None

    @property
    def name(self) -> str:
        """Its name in results, e.g. runit/runner/default/pid1."""
        place = "pid1" if self.pid1 else "hosted"
        return f"{self.supervisor}/{self.role}/{self.profile}/{place}"


@dataclass(frozen=True)
class Service:
    """One test daemon kept alive by a contender.

    options: more of the daemon's own. watchdog: how it shows that it still answers (see
    Supervisor), where it is to be ended if it does not in time. logged: what it writes is kept, by
    whatever the supervisor brings along for that. foreground: a monitor's daemon that does not
    detach itself, so daemonize(1) does that for it. forks: how often it forks to detach itself.
    """

    name: str
    role: Role
    readiness: str | None = None
    options: tuple[str, ...] = ()
    watchdog: Watchdog | None = None
    logged: bool = False
    foreground: bool = False
    forks: int = 2

    @property
    def pidfile(self) -> str:
        """Where a daemon that detaches itself writes its pid."""
        return f"/run/{self.name}.pid"

    @property
    def heartbeat(self) -> str:
        """What a daemon whose watchdog is a file touches as long as it answers."""
        return f"/run/{self.name}.alive"

    @property
    def argv(self) -> tuple[str, ...]:
        """The daemon's command line: in the foreground for a runner, detached for a monitor."""
        options = self.options
        if self.watchdog:
            how = f"file:{self.heartbeat}" if self.watchdog == "file" else self.watchdog
            options = ("--watchdog", how, *options)
        if self.readiness:
            options = ("--ready", self.readiness, *options)
        if self.foreground:
            return (
                "/usr/bin/daemonize",
                "-p",
                self.pidfile,
                f"{TESTD}/testd",
                *options,
                self.name,
            )
        if self.role == "monitor":
            forks = () if self.forks == 2 else ("--forks", str(self.forks))
            options = ("--daemonize", *forks, "--pidfile", self.pidfile, *options)
        return (f"{TESTD}/testd", *options, self.name)

    @property
    def command(self) -> str:
        """The command line as text; it holds nothing that a shell would change."""
        return " ".join(self.argv)


class Supervisor:
    """One supervisor. Subclasses state facts and give commands; the verbs are here.

    Facts: name, title, home (page), rank (place in the article's table), article (its row there),
    sources (how each system gets it), sources_2012 (how a system gets the article's version where
    that is another way), missing (why a system does not get it), program (the file whose presence
    shows that it is installed, None where the suite brings it),
    init (its command line as PID 1, None where it cannot be),
    hosted (its foreground command line where another PID 1 keeps it, None where it cannot be so),
    processes (the names of all its own processes, as the kernel knows them: 15 characters),
    threads (patterns of names of its threads that start daemons, where they have others), parent
    (the one that is a service's parent in the runner role), version_command (has the program tell
    its version, None where none of its programs does), mode_command (prints in which of its modes
    it runs, where it chooses one by itself), modes (what is in that print -> what it does then, in
    words), daemonize (what brings
    daemonize(1), where its manual wants that for a program which stays in the foreground), lacks
    (by scenario: why its own design leaves out what that is about), announces (how a service may
    tell it that it is ready, as testd's --ready has it), watchdog (how a service shows that it
    still answers, as testd's --watchdog has it; None where it is not asked), contenders, watches
    (by what a monitor knows a service), power_off (the command that has it, as PID 1, switch the
    machine off; None where it knows no end), findings (where measuring showed it to differ from its
    manual, or to do what its manual leaves out). idea.md in its folder tells a reader how it works.

    Configuration files are Jinja templates in the folder's `files/`, at the paths they have in the
    guest, with SERVICE in a path for each service's name; they know contender, service and
    services. One that renders to nothing is not written; an executable template stays so.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    home: ClassVar[str]
    rank: ClassVar[int] = 99
    article: ClassVar[ArticleRow | None] = None
    sources: ClassVar[Mapping[str, Source]]
    sources_2012: ClassVar[Mapping[str, Source]] = {}
    missing: ClassVar[Mapping[str, str]] = {}
    program: ClassVar[str | None]
    init: ClassVar[str | None] = None
    hosted: ClassVar[str | None] = None
    processes: ClassVar[frozenset[str]]
    threads: ClassVar[frozenset[str]] = frozenset()
    parent: ClassVar[str | None] = None
    version_command: ClassVar[str | None]
    version_pattern: ClassVar[str] = r"(\d+(?:\.\d+)+\w*)"
    mode_command: ClassVar[str | None] = None
    modes: ClassVar[Mapping[str, str]] = {}
    daemonize: ClassVar[Source | None] = None
    lacks: ClassVar[Mapping[str, str]] = {}
    announces: ClassVar[str | None] = None
    watchdog: ClassVar[Watchdog | None] = None
    contenders: ClassVar[tuple[Contender, ...]]
    watches: ClassVar[Literal["pid file", "command line"]] = "pid file"
    power_off: ClassVar[str | None] = None
    findings: ClassVar[tuple[str, ...]] = ()

    # What a subclass says: shell commands, run in the guest as root.

    def after_install(self, guest: Guest) -> None:
        """Whatever the packages leave to be done, once for every contender."""

    def enable(self, contender: Contender, service: Service) -> str:
        """Mark a service, whose files are written, as one to keep alive. Empty: files suffice."""
        return ""

    def enable_all(self, contender: Contender, services: Iterable[Service]) -> str:
        """Mark many services at once."""
        return "\n".join(self.enable(contender, service) for service in services)

    def disable(self, contender: Contender, service: Service) -> str:
        """Take a service out for good: its files and whatever `enable` did."""
        raise NotImplementedError

    def reload(self, contender: Contender, services: Iterable[Service]) -> str | None:
        """Have it take up changed files and newly enabled services; None: only a restart does."""
        raise NotImplementedError

    def stop_service(self, contender: Contender, service: Service) -> str:
        """Ask for one service to be stopped and stay down."""
        raise NotImplementedError

    def start_service(self, contender: Contender, service: Service) -> str:
        """Ask for a stopped service to be started."""
        raise NotImplementedError

    def wait_ready(self, contender: Contender, service: Service) -> str:
        """Wait until a service has told that it is ready, where `announces` says how it does."""
        raise NotImplementedError

    def output(self, contender: Contender, service: Service) -> str | None:
        """Print what a service with `logged` set has written; None: it is not known how."""
        return None

    def keepers(self, contender: Contender) -> tuple[str, ...]:
        """Names of its processes that supervise and are not PID 1, the outermost first."""
        return () if contender.pid1 else tuple(self.processes)

    # The verbs.

    @property
    def folder(self) -> Path:
        """Where the class and its templates live."""
        return Path(str(sys.modules[type(self).__module__].__file__)).parent

    @property
    def idea(self) -> str:
        """How it works, in a paragraph for readers."""
        return " ".join((self.folder / "idea.md").read_text().split())

    @property
    def needs_pid1(self) -> bool:
        """Whether it works as PID 1 only."""
        return self.hosted is None

    @property
    def can_pid1(self) -> bool:
        """Whether it can be PID 1."""
        return self.init is not None

    def source(self, system: System, versions: str = "") -> Source | None:
        """How that system gets it; None where it does not. versions: `2012` for the article's."""
        if versions == ARTICLE_YEAR and system.name in self.sources_2012:
            return self.sources_2012[system.name]
        return self.sources.get(system.name)

    def why_missing(self, system: System, versions: str = "") -> str:
        """Why that system does not get it; empty where it does."""
        source = self.source(system, versions)
        return source.lack(system) if source else self.missing.get(system.name, _NOT_PACKAGED)

    def recipe(self, source: Source) -> Recipe:
        """How it is installed over a pristine system."""
        code = Path(str(sys.modules[type(self).__module__].__file__)).read_text()

        def install(guest: Guest) -> None:
            self.install(guest, source)
            if self.program and guest.run(f"test -e {self.program}", check=False).code:
                raise Problem(
                    f"{source} did not bring {self.title}: there is no {self.program} in the guest."
                )

        return Recipe(self.name, f"{source.key}\n{code}", install)

    def install(self, guest: Guest, source: Source) -> None:
        """Install it, and do what that leaves to be done, in a guest that has a network."""
        source.install(guest)
        self.after_install(guest)

    def version(self, guest: Guest, source: Source) -> str:
        """What the installed program says of itself, e.g. 2.1.2. Raises Problem.

        Where no program of it tells, what its source knows of it.
        """
        if self.version_command is None:
            return source.installed(guest, str(self.program))
        output = guest.run(self.version_command, check=False)
        found = re.search(self.version_pattern, output.stdout + output.stderr)
        if found:
            return found.group(1)
        raise Problem(
            f"On guest {guest.name}, {self.title} does not tell its version.",
            known=f"{self.version_command}: {(output.stdout + output.stderr)[-500:]}",
        )

    def is_articles(self, version: str) -> bool:
        """Whether a version is the article's, whatever a packager appended to it."""
        if self.article is None:
            return False
        return re.match(re.escape(self.article.version) + r"(?![\d.])", version) is not None

    def files(self, contender: Contender, services: Iterable[Service]) -> list[File]:
        """The configuration of those services, as it shall look in the guest."""
        services = tuple(services)
        return [
            file
            for template in _templates(self.folder)
            for file in _rendered(self.folder, template, contender, services)
        ]

    def configure(self, guest: Guest, contender: Contender, services: Iterable[Service]) -> None:
        """Write the configuration of those services, and enable them."""
        services = tuple(services)
        # A script, since the commands of a thousand services are too long for a command line.
        script = File(ENABLE_SCRIPT, self.enable_all(contender, services) + "\n")
        guest.write([*self.files(contender, services), script])
        guest.run(ENABLE, timeout=600)

    def start(self, guest: Guest, contender: Contender) -> None:
        """Start the supervisor: as PID 1 by a reboot, else kept by the guest's own PID 1."""
        if contender.pid1:
            guest.reboot(self.init)
            return
        assert self.hosted is not None
        host_init.start_hosted(guest, self.hosted)

    def stop(self, guest: Guest, contender: Contender) -> None:
        """End a hosted supervisor, as its host ends it; a PID 1 ends with its guest."""
        if not contender.pid1:
            host_init.stop_hosted(guest)

    def add(self, guest: Guest, contender: Contender, services: Iterable[Service]) -> None:
        """Make a running supervisor keep exactly those services, old ones among them."""
        services = tuple(services)
        self.configure(guest, contender, services)
        command = self.reload(contender, services)
        if command is not None:
            guest.run(command)
            return
        if not contender.pid1:
            host_init.stop_hosted(guest)
        self.start(guest, contender)


def _templates(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "files").rglob("*") if path.is_file())


def _rendered(
    folder: Path, template: Path, contender: Contender, services: tuple[Service, ...]
) -> list[File]:
    environment = Environment(
        loader=FileSystemLoader(folder / "files"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    relative = template.relative_to(folder / "files")
    text = environment.get_template(str(relative))
    each: tuple[Service | None, ...] = services if "SERVICE" in str(relative) else (None,)
    files = []
    for service in each:
        content = text.render(contender=contender, services=services, service=service)
        path = "/" + str(relative).replace("SERVICE", service.name if service else "")
        if content.strip():
            files.append(File(path, content, template.stat().st_mode & 0o777))
    return files
