"""What a supervisor is to the suite: facts, configuration files, and shell commands."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from provision.errors import Problem
from provision.guests.files import File
from provision.guests.guest import Guest
from provision.guests.init import start_hosted, stop_hosted
from provision.provider import Installation
from provision.sources.packages import PackageSource, VersionSource
from provision.systems import System
from supervisors.contender import Contender
from supervisors.service import Service, Watchdog
from supervisors.templates import PLACEHOLDER, render_files, render_texts
from supervisors.versions import Finding

# Not in /tmp, which a PID 1 that has just started may clear or mount anew.
ENABLE_SCRIPT = "/root/enable"
RUN_ENABLE_SCRIPT = f"sh -e {ENABLE_SCRIPT} && rm {ENABLE_SCRIPT}"
# Seconds that a running supervisor may take to keep other services, with more for each: some start
# an interpreter for each of them, which takes seconds on a busy host.
UPDATE_SECONDS, SECONDS_OF_A_SERVICE, MOST_UPDATE_SECONDS = 120, 10, 1200
_NOT_PACKAGED = "not packaged there, as far as this project knows"


@dataclass(frozen=True)
class ArticleRow:
    """The supervisor's row in the 2012 article."""

    version: str
    needs_pid1: bool
    runner: bool
    monitor: bool
    loc: int


class Supervisor:
    """One supervisor. A subclass states facts and gives commands; this class acts on guests.

    The subclass lives in a folder of its own below supervisors/, as `SUPERVISOR`:

    - __init__.py: the subclass. Its docstring names the manual that its settings come from.
    - idea.md: one paragraph for readers: how this supervisor works.
    - source.toml: which files `./inv loc` counts.
    - files/: its configuration, as Jinja templates at the paths that they have in the guest.
      SERVICE in a path stands for each service's name. Templates know `contender`, `service` and
      `services`. A template that renders to nothing gives no file. An executable one stays so.
    """

    # Facts about the supervisor. Those without a default are required.

    # Its name in commands and results: the folder's name.
    name: ClassVar[str]
    # Its name for readers, in tables and headings.
    title: ClassVar[str]
    # The address of its home page, a link in the article.
    home_page: ClassVar[str]
    # Its place in the tables. 1 to 11 are the article's rows; 99 for a supervisor that the article
    # does not have; equal numbers are sorted by name.
    article_order: ClassVar[int] = 99
    # Its row in the 2012 article; None where the article does not have it.
    article: ClassVar[ArticleRow | None] = None

    # How it gets into a guest.

    # How a system gets it, by distribution (debian, arch), or by release (precise, sid) where that
    # one differs from the others. A system may be left out.
    sources: ClassVar[Mapping[str, PackageSource]]
    # In the same way: how a system gets a version of choice, for --versions and ./inv bisect.
    version_sources: ClassVar[Mapping[str, VersionSource]] = {}
    # In the same way, of a system that `sources` leaves out: why, in words that follow
    # "not available: ". Apt(..., since=, until=) says it where only some releases have a package.
    # A release in it is left out, too, where `sources` has its distribution.
    unavailable_on: ClassVar[Mapping[str, str]] = {}
    # The file that proves the installation; None where the suite itself brings the program.
    program_path: ClassVar[str | None]
    # A command that prints the version; None where no program of it does and the package's version
    # stands in.
    version_command: ClassVar[str | None]
    # The first group of this regular expression is the version in what that command prints.
    version_pattern: ClassVar[str] = r"(\d+(?:\.\d+)+\w*)"
    # The source of daemonize(1), where its manual asks for that with a foreground program.
    daemonize_source: ClassVar[PackageSource | None] = None

    # How it runs.

    # Whether it works as PID 1 only. True excludes `hosted_command`.
    needs_pid1: ClassVar[bool]
    # Its command line as PID 1; None where it cannot be PID 1.
    init_command: ClassVar[str | None] = None
    # Its command line under another PID 1; None where the suite cannot run it so. The command must
    # stay in the foreground: PID 1 keeps it, and its end is the supervisor's end. Where a client
    # forks the supervisor, name a script in files/ that runs the client and then waits. A client
    # run over SSH would start the supervisor outside the guest, and `verify` refuses that.
    hosted_command: ClassVar[str | None] = None
    # The names of all its own processes as the kernel has them: the first 15 characters. `verify`
    # accepts no other process beside them; memory and CPU time are summed over them.
    process_names: ClassVar[frozenset[str]]
    # Shell patterns of the names of those threads that start daemons, where they differ from the
    # process's name. Only the kernel trace reads them.
    thread_patterns: ClassVar[frozenset[str]] = frozenset()
    # The process name that is a service's parent in the role `runner`; one of `process_names`.
    service_parent: ClassVar[str | None] = None
    # Further names of that process, in other versions; they are in `process_names`, too.
    service_parent_aliases: ClassVar[frozenset[str]] = frozenset()
    # By what it recognises a service in the role `monitor`.
    tracks_service_by: ClassVar[Literal["pid file", "command line"]] = "pid file"
    # Whether the client that starts a service forks the process that keeps it alive, by design.
    # Such a process is in the control groups of the client, beside those of PID 1.
    forked_by_client: ClassVar[bool] = False
    # A command that makes it, as PID 1, switch the machine off; None where it cannot do that.
    power_off_command: ClassVar[str | None] = None
    # A command that shows its present mode, where it chooses one by itself; see `mode_by_output`.
    mode_command: ClassVar[str | None] = None
    # Part of what `mode_command` prints -> the mode in words. Exactly one must be in the print.
    mode_by_output: ClassVar[Mapping[str, str]] = {}

    # A command that stops all services; it comes before the stop of the hosted supervisor, which
    # would leave them running, or be killed by its host earlier than it has ended them.
    stop_all_command: ClassVar[str] = ""

    # What it can do, and what it cannot.

    # Whether it keeps services alive. An init (inits/) runs one program and restarts nothing.
    keeps_services: ClassVar[bool] = True

    # How a service may tell that it is ready, in the words of testd's --ready ("fd:3", "notify",
    # "stop"); None where it takes no such message.
    readiness_protocol: ClassVar[str | None] = None
    # How a service may show that it still answers, in the words of testd's --watchdog; None where
    # the supervisor cannot check that. Then `unsupported` must say why.
    watchdog: ClassVar[Watchdog | None] = None
    # The files, a shell pattern, that hold what a service with `keep_output` wrote; SERVICE stands
    # for its name. "": `output_command` prints it in another way, or nothing keeps it.
    output_files: ClassVar[str] = ""
    # By a scenario's name, or "watchdog" or "keeping output": why its design leaves that out.
    # The matrix of behaviours shows the sentence in the place of a result.
    unsupported: ClassVar[Mapping[str, str]] = {}
    # Where measurements showed something that its manual denies or leaves out, and in which
    # versions.
    findings: ClassVar[tuple[Finding, ...]] = ()
    # The rows of results: one for each role, profile and place (PID 1 or hosted) worth comparing,
    # with the facts of the newest version; `Contender.older` holds those of older ones.
    contenders: ClassVar[tuple[Contender, ...]]

    # Commands, run in the guest by a shell as root. Those that raise here are required.

    def after_install(self, guest: Guest) -> None:
        """Finish the installation: what the packages leave undone, once for all contenders."""

    def enable_command(self, contender: Contender, service: Service) -> str:
        """Command that marks a configured service as one to keep alive; "" if its files do."""
        return ""

    def enable_all_command(self, contender: Contender, services: Iterable[Service]) -> str:
        """Command that marks many services at once."""
        return "\n".join(self.enable_command(contender, service) for service in services)

    def disable_command(self, contender: Contender, service: Service) -> str:
        """Command that removes a service for good: its files, and what `enable_command` did."""
        raise NotImplementedError

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str | None:
        """Command that applies changed files and new services; None if only a restart does."""
        raise NotImplementedError

    def stop_command(self, contender: Contender, service: Service) -> str:
        """Command that stops one service, which then stays down."""
        raise NotImplementedError

    def start_command(self, contender: Contender, service: Service) -> str:
        """Command that starts a stopped service."""
        raise NotImplementedError

    def wait_ready_command(self, contender: Contender, service: Service) -> str:
        """Command that waits until a service is ready; required with `readiness_protocol`."""
        raise NotImplementedError

    def output_command(self, contender: Contender, service: Service) -> str | None:
        """Command that prints what a service with `keep_output` wrote; None if nothing does.

        Where it is None, `unsupported["keeping output"]` says why.
        """
        if not self.output_files:
            return None
        return f"cat {self.output_files.replace(PLACEHOLDER, service.name)}"

    def supervising_processes(self, contender: Contender) -> tuple[str, ...]:
        """Names of its processes that supervise and are not PID 1, the outermost first.

        The scenario `supervisor-killed` kills them one after the other.
        """
        if self.forked_by_client and self.service_parent:
            return (self.service_parent,)  # no other process is above the services
        return () if contender.pid1 else tuple(self.process_names)

    # What the suite reads.

    @property
    def module_file(self) -> Path:
        """The file that holds the subclass."""
        return Path(str(sys.modules[type(self).__module__].__file__))

    @property
    def folder(self) -> Path:
        """The folder of the subclass and its templates."""
        return self.module_file.parent

    @property
    def templates(self) -> Path:
        """The folder of its configuration; a subclass may share one with others."""
        return self.folder / "files"

    @property
    def idea(self) -> str:
        """How it works, in a paragraph for readers."""
        return " ".join((self.folder / "idea.md").read_text().split())

    @property
    def service_parents(self) -> frozenset[str]:
        """Every name that the parent of a service may have; empty for a monitor."""
        return self.service_parent_aliases | {self.service_parent or ""} - {""}

    @property
    def can_be_pid1(self) -> bool:
        """Whether it can be PID 1."""
        return self.init_command is not None

    def source(self, system: System, version: str = "") -> PackageSource | None:
        """Return how that system gets it, or None. version: "" for the system's own."""
        if not version:
            left_out = system.release in self.unavailable_on
            return None if left_out else system.look_up(self.sources)
        versions = system.look_up(self.version_sources)
        return versions.at(version) if versions else None

    def why_unavailable(self, system: System, version: str = "") -> str:
        """Return why that system does not get it; "" where it does."""
        source = self.source(system, version)
        if source is None and version:
            if not self.version_sources:
                return f"no source of version {version} is known, only the system's own version"
            others = ", ".join(self.version_sources)
            return f"version {version} is known to be had on {others}, not on {system.name}"
        if source is None:
            reason = system.look_up(self.unavailable_on)
            return _NOT_PACKAGED if reason is None else reason
        return source.why_unavailable(system)

    def matches_article(self, version: str) -> bool:
        """Return whether a version is the article's, whatever a packager appended to it."""
        if self.article is None:
            return False
        return re.match(re.escape(self.article.version) + r"(?![\d.])", version) is not None

    def files(self, contender: Contender, services: Iterable[Service]) -> list[File]:
        """Return the configuration files of those services, as the guest gets them."""
        services, own = tuple(services), contender.own_files
        files = list(render_files(self.templates, contender, services))
        if own is None:
            return files
        mine = {file.path: file for file in render_texts(own.templates, contender, services)}
        return [*(file for file in files if file.path not in mine), *mine.values()]

    # What the suite does to a guest.

    def installation(self, source: PackageSource) -> Installation:
        """Return how to install it over a pristine system. A changed subclass installs anew."""
        code = self.module_file.read_text()

        def install(guest: Guest) -> None:
            self.install(guest, source)
            if self.program_path and guest.run(f"test -e {self.program_path}", check=False).code:
                raise Problem(
                    f"{source} did not bring {self.title}:"
                    f" there is no {self.program_path} in the guest."
                )

        key = f"{source.key}\n{code}"
        return Installation(self.name, key, install, from_overlay=source.kind == "overlay")

    def install(self, guest: Guest, source: PackageSource) -> None:
        """Install it, and finish the installation, for which the guest has no network."""
        source.install(guest)
        self.after_install(guest)

    def version(self, guest: Guest, source: PackageSource) -> str:
        """Return the version of the installed program, e.g. 2.1.2. Raises Problem."""
        if self.version_command is None:
            return source.installed_version(guest, str(self.program_path))
        output = guest.run(self.version_command, check=False)
        printed = output.stdout + output.stderr
        version = re.search(self.version_pattern, printed)
        if version:
            return version.group(1)
        raise Problem(
            f"The version of {self.title} is unknown: on guest {guest.name},"
            f" version_command printed nothing that matches {self.version_pattern}",
            known=f"{self.version_command}: {printed[-500:]}{self._missing_libraries(guest)}",
        )

    def _missing_libraries(self, guest: Guest) -> str:
        """Name the libraries that its program needs and the guest lacks, a line each."""
        return guest.run(f"ldd {self.program_path} | grep 'not found'", check=False).stdout

    def configure(self, guest: Guest, contender: Contender, services: Iterable[Service]) -> None:
        """Write the configuration of those services, and enable them."""
        services = tuple(services)
        # A script, because the commands of a thousand services are too long for a command line.
        script = File(ENABLE_SCRIPT, self.enable_all_command(contender, services) + "\n")
        guest.write([*self.files(contender, services), script])
        guest.run(RUN_ENABLE_SCRIPT, timeout=600)

    def start(self, guest: Guest, contender: Contender) -> None:
        """Start the supervisor: as PID 1 by a reboot, otherwise under the guest's own PID 1."""
        if contender.pid1:
            assert self.init_command is not None
            guest.reboot(guest.launched(self.init_command))
            return
        assert self.hosted_command is not None
        start_hosted(guest, guest.launched(self.hosted_command))

    def stop(self, guest: Guest, contender: Contender) -> None:
        """Stop a hosted supervisor as its host does; a PID 1 ends with its guest."""
        if contender.pid1:
            return
        if self.stop_all_command:
            guest.run(self.stop_all_command)
        stop_hosted(guest)

    def update_services(
        self, guest: Guest, contender: Contender, services: Iterable[Service]
    ) -> None:
        """Make a running supervisor keep exactly those services, its present ones included."""
        services = tuple(services)
        self.configure(guest, contender, services)
        command = self.reload_command(contender, services)
        if command is not None:
            seconds = UPDATE_SECONDS + SECONDS_OF_A_SERVICE * len(services)
            guest.run(command, timeout=min(seconds, MOST_UPDATE_SECONDS))
            return
        if not contender.pid1:
            stop_hosted(guest)
        self.start(guest, contender)
