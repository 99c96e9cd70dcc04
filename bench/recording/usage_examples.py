"""Usage examples: the files and commands by which the suite runs a daemon under a supervisor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, NoReturn

from bench.model.run_file import Action, Example, ExampleStep
from provision.guests.commands import Output
from provision.guests.files import File
from provision.guests.guest import Guest
from provision.sources.overlay import Overlay
from provision.sources.packages import PackageSource
from provision.systems import System
from supervisors.base import ENABLE_SCRIPT, RUN_ENABLE_SCRIPT, Supervisor
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Edition


def usage_examples(
    supervisor: Supervisor, system: System, source: PackageSource | None = None
) -> list[Example]:
    """Return every way to use a supervisor on a system, with no two alike.

    Each consists of the files and commands that the suite itself uses, in order. source: how the
    guest gets the supervisor, if not in the system's own way. If the system does not have it, a
    note stands in the place of the installation.
    """
    edition = Edition(system, overlay=source is not None and source.kind == Overlay.kind)
    contenders = tuple(contender.at(edition) for contender in supervisor.contenders)
    install = _install_step(supervisor, system, source)
    roles = sorted({contender.role for contender in contenders}, reverse=True)
    examples = [
        _whole_example(supervisor, system, install, _first(contenders, role, "default"))
        for role in roles
    ]
    for other in (contender for contender in contenders if contender.profile != "default"):
        if other == _first(contenders, other.role, other.profile):
            default = _first(contenders, other.role, "default")
            title = f"{other.profile.capitalize()}: {other.setting}"
            examples.append(_difference(supervisor, system, default, other, title))
    hosted = [contender for contender in contenders if not contender.pid1]
    as_pid1 = [contender for contender in contenders if contender.pid1]
    if hosted and as_pid1:
        examples.append(_difference(supervisor, system, hosted[0], as_pid1[0], "As PID 1"))
    if supervisor.daemonize_source is not None:
        examples.append(_foreground_program(supervisor, system, supervisor.daemonize_source))
    return examples


def _first(contenders: Iterable[Contender], role: str, profile: str) -> Contender:
    return next(c for c in contenders if (c.role, c.profile) == (role, profile))


def _install_step(
    supervisor: Supervisor, system: System, source: PackageSource | None
) -> ExampleStep:
    used = source or supervisor.source(system)
    reason = "" if source else supervisor.why_unavailable(system)
    if used is None or reason:
        note = (
            f"It is not to be had on {system.title}: {reason}. A build of your own goes in by "
            f"--overlay={supervisor.name}=DIR, a folder that is laid over the guest's root "
            f"and holds {supervisor.program_path}."
        )
        return {"title": "Install", "actions": [], "note": note}
    guest = _RecordingGuest(system)
    supervisor.install(guest, used)
    return {"title": "Install", "actions": guest.take_actions()}


def _whole_example(
    supervisor: Supervisor, system: System, install: ExampleStep, contender: Contender
) -> Example:
    """Return a service's whole life, from the installation to the supervisor's stop."""
    one, two = (Service(name, contender.role, contender.readiness) for name in ("s1", "s2"))
    guest = _RecordingGuest(system)
    steps = [install]

    def add_step(title: str) -> None:
        steps.append({"title": title, "actions": guest.take_actions()})

    supervisor.configure(guest, contender, [one])
    add_step("Configure")
    supervisor.start(guest, contender)
    if not supervisor.keeps_services:
        add_step("Start as PID 1")
        title = f"A container's PID 1: {contender.setting}"
        return {"title": title, "steps": [step for step in steps if step["actions"]]}
    add_step("Start as PID 1" if contender.pid1 else f"Start, kept by {system.init}")
    supervisor.update_services(guest, contender, [one, two])
    add_step("Add a service, and reload")
    guest.run(supervisor.stop_command(contender, one))
    add_step("Stop a service")
    guest.run(supervisor.start_command(contender, one))
    add_step("Start it again")
    guest.run(supervisor.disable_command(contender, two))
    guest.run(supervisor.reload_command(contender, [one]) or "true")
    add_step("Take a service out, and reload")
    supervisor.stop(guest, contender)
    add_step("Stop")
    daemon = "a daemon that detaches itself" if contender.role == "monitor" else "a daemon"
    return {
        "title": f"{contender.role.capitalize()} of {daemon}: {contender.setting}",
        "steps": [step for step in steps if step["actions"] or "note" in step],
    }


def _difference(
    supervisor: Supervisor, system: System, base: Contender, other: Contender, title: str
) -> Example:
    """Return only what `other` does differently from `base`."""
    guest = _RecordingGuest(system)
    supervisor.configure(guest, base, [Service("s1", base.role, base.readiness)])
    guest.take_actions()
    supervisor.configure(guest, other, [Service("s1", other.role, other.readiness)])
    files = [action for action in guest.take_actions() if "file" in action]
    steps: list[ExampleStep] = [{"title": "Configure", "actions": files}] if files else []
    if other.pid1 and not base.pid1:
        supervisor.start(guest, other)
        steps.append({"title": "Start as PID 1", "actions": guest.take_actions()})
    return {"title": title, "steps": steps}


def _foreground_program(
    supervisor: Supervisor, system: System, daemonize_source: PackageSource
) -> Example:
    """Return how a monitor, which watches daemons only, keeps a foreground program."""
    contender = supervisor.contenders[0]
    guest = _RecordingGuest(system)
    detached = Service("s1", contender.role, contender.readiness)
    supervisor.configure(guest, contender, [detached])
    guest.take_actions()
    daemonize_source.install(guest)
    steps: list[ExampleStep] = [{"title": "Install daemonize", "actions": guest.take_actions()}]
    foreground = Service("s3", contender.role, foreground=True)
    supervisor.update_services(guest, contender, [detached, foreground])
    steps.append({"title": "Add a service, and reload", "actions": guest.take_actions()})
    return {"title": "A program that stays in the foreground, by daemonize", "steps": steps}


class _RecordingGuest(Guest):
    """A guest that does nothing but record the actions asked of it."""

    def __init__(self, system: System) -> None:
        super().__init__("example", system)
        self._actions: list[Action] = []
        self._files: dict[str, str] = {}
        self._enable_commands: set[str] = set()

    def take_actions(self) -> list[Action]:
        """Return the actions recorded since the previous call."""
        actions, self._actions = self._actions, []
        return actions

    def run(self, command: str, *, check: bool = True, timeout: float = 120) -> Output:
        """Record the command."""
        if command.strip() not in ("", "true", RUN_ENABLE_SCRIPT):
            self._actions.append({"command": command})
        return Output("", "", 0)

    def write(self, files: Iterable[File]) -> None:
        """Record the files that are new or changed."""
        for file in files:
            content = file.content if isinstance(file.content, str) else file.content.decode()
            if file.path == ENABLE_SCRIPT:
                self._record_enabling(content.splitlines())
            elif self._files.get(file.path) != content:
                self._actions.append({"file": file.path, "content": content, "mode": file.mode})
            self._files[file.path] = content

    def _record_enabling(self, commands: Iterable[str]) -> None:
        """Record the commands that enable something new, without the script around them."""
        new = [command for command in commands if command not in ("", *self._enable_commands)]
        self._enable_commands.update(new)
        self.run("\n".join(new))

    def unpack(self, archive: IO[bytes], name: str, into: str = "/", strip: int = 0) -> None:
        """Record how a person would unpack it."""
        stripped = f" --strip-components={strip}" if strip else ""
        self._actions.append({"command": f"tar -xpf {name} -C {into}{stripped}"})

    def reboot(self, init: str | None = None) -> None:
        """Record the new PID 1."""
        self._actions.append({"boot": init or "/sbin/init"})

    @contextmanager
    def network(self) -> Iterator[None]:
        """Do nothing: a recorded installation needs no network."""
        yield

    def fetch_ahead(self, command: str, timeout: float) -> None:
        """Record nothing: a reader's machine has its network all the time."""

    def install_fetched(self, by_host: Callable[[], None], by_hand: str) -> None:
        """Record what a person types instead: nothing is fetched for an example."""
        self.run(by_hand)

    def facts(self) -> NoReturn:
        """Refuse: there is no machine."""
        self._refuse()

    def destroy(self) -> None:
        """Do nothing: there is no machine."""

    def read(self, path: str) -> bytes:
        """Refuse: an example must not depend on a guest's content."""
        self._refuse()

    def connect(self) -> NoReturn:
        """Refuse: there is no machine."""
        self._refuse()

    def keep(self) -> NoReturn:
        """Refuse: there is no machine."""
        self._refuse()

    def shell(self) -> NoReturn:
        """Refuse: there is no machine."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise NotImplementedError("An example only records actions; it has no guest.")
