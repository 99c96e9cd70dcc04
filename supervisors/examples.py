"""How to run a daemon under a supervisor: what the verbs do to a guest, written down instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, NoReturn

from provision.guest import File, Guest, Output
from provision.sources.packages import Source
from provision.systems import System
from supervisors.base import ENABLE_SCRIPT, RUN_ENABLE_SCRIPT, Supervisor
from supervisors.contender import Contender
from supervisors.service import Service

Action = dict[str, Any]
Step = dict[str, Any]
Example = dict[str, Any]


class _Notebook(Guest):
    """A guest that does nothing but write down what it was asked to do."""

    def __init__(self, system: System) -> None:
        super().__init__("example", system)
        self.actions: list[Action] = []
        self._files: dict[str, str] = {}
        self._enabled: set[str] = set()

    def noted(self) -> list[Action]:
        """What was written down since it was asked the last time."""
        actions, self.actions = self.actions, []
        return actions

    def run(self, command: str, *, check: bool = True, timeout: float = 120) -> Output:
        """Write the command down."""
        if command.strip() not in ("", "true", RUN_ENABLE_SCRIPT):
            self.actions.append({"command": command})
        return Output("", "", 0)

    def write(self, files: Iterable[File]) -> None:
        """Write down the files that were not there, or were others."""
        for file in files:
            content = file.content if isinstance(file.content, str) else file.content.decode()
            if file.path == ENABLE_SCRIPT:
                self._enable(content.splitlines())
            elif self._files.get(file.path) != content:
                self.actions.append({"file": file.path, "content": content, "mode": file.mode})
            self._files[file.path] = content

    def _enable(self, commands: Iterable[str]) -> None:
        """Write down what was not enabled before, without the script around it."""
        fresh = [each for each in commands if each and each not in self._enabled]
        self._enabled.update(fresh)
        self.run("\n".join(fresh))

    def unpack(self, archive: IO[bytes], name: str, into: str = "/", strip: int = 0) -> None:
        """Write down how one would do it by hand."""
        stripped = f" --strip-components={strip}" if strip else ""
        self.actions.append({"command": f"tar -xpf {name} -C {into}{stripped}"})

    def reboot(self, init: str | None = None) -> None:
        """Write down what is to be PID 1."""
        self.actions.append({"boot": init or "/sbin/init"})

    @contextmanager
    def online(self) -> Iterator[None]:
        """It has every network it needs."""
        yield

    def facts(self) -> dict[str, Any]:
        """None."""
        return {}

    def destroy(self) -> None:
        """There is nothing to remove."""

    def read(self, path: str) -> bytes:
        """Refuse: an example must not depend on what it finds."""
        self._refuse()

    def connect(self) -> NoReturn:
        """Refuse."""
        self._refuse()

    def keep(self) -> NoReturn:
        """Refuse."""
        self._refuse()

    def shell(self) -> NoReturn:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise NotImplementedError("an example is written down, there is no guest")


def examples(supervisor: Supervisor, system: System, source: Source | None = None) -> list[Example]:
    """Every way to use it there that differs, as run.json keeps them.

    Each is the very files and commands that the suite's verbs give, in order. source: how the
    guest gets it, where not in the system's own way. Where the system does not have it, a note
    takes the place of the commands that install it.
    """
    install = _install(supervisor, system, source)
    contenders = supervisor.contenders
    made = [
        _example(supervisor, system, install, _first(contenders, role=role, profile="default"))
        for role in sorted({each.role for each in contenders}, reverse=True)
    ]
    for tuned in (each for each in contenders if each.profile == "tuned"):
        if tuned == _first(contenders, role=tuned.role, profile="tuned"):
            base = _first(contenders, role=tuned.role, profile="default")
            made.append(_difference(supervisor, system, base, tuned, f"Tuned: {tuned.setting}"))
    hosted = [each for each in contenders if not each.pid1]
    as_pid1 = [each for each in contenders if each.pid1]
    if hosted and as_pid1:
        made.append(_difference(supervisor, system, hosted[0], as_pid1[0], "As PID 1"))
    if supervisor.daemonize_source is not None:
        made.append(_foreground(supervisor, system, supervisor.daemonize_source))
    return made


def _first(contenders: Iterable[Contender], *, role: str, profile: str) -> Contender:
    return next(each for each in contenders if (each.role, each.profile) == (role, profile))


def _install(supervisor: Supervisor, system: System, source: Source | None) -> Step:
    found = source or supervisor.source(system)
    lack = "" if source else supervisor.why_unavailable(system)
    if found is None or lack:
        return {"title": "Install", "actions": [], "note":
                f"It is not to be had on {system.title}: {lack}. A build of your own goes in by "
                f"--overlay={supervisor.name}=DIR, a folder that is laid over the guest's root "
                f"and holds {supervisor.program_path}."}  # fmt: skip
    guest = _Notebook(system)
    supervisor.install(guest, found)
    return {"title": "Install", "actions": guest.noted()}


def _example(
    supervisor: Supervisor, system: System, install: Step, contender: Contender
) -> Example:
    one, two = (Service(name, contender.role, contender.readiness) for name in ("s1", "s2"))
    guest = _Notebook(system)
    steps = [install]

    def step(title: str) -> None:
        steps.append({"title": title, "actions": guest.noted()})

    supervisor.configure(guest, contender, [one])
    step("Configure")
    supervisor.start(guest, contender)
    step("Start as PID 1" if contender.pid1 else f"Start, kept by {system.init}")
    supervisor.update_services(guest, contender, [one, two])
    step("Add a service, and reload")
    guest.run(supervisor.stop_command(contender, one))
    step("Stop a service")
    guest.run(supervisor.start_command(contender, one))
    step("Start it again")
    guest.run(supervisor.disable_command(contender, two))
    guest.run(supervisor.reload_command(contender, [one]) or "true")
    step("Take a service out, and reload")
    supervisor.stop(guest, contender)
    step("Stop")
    detached = "a daemon that detaches itself" if contender.role == "monitor" else "a daemon"
    return {"title": f"{contender.role.capitalize()} of {detached}: {contender.setting}",
            "steps": [each for each in steps if each["actions"] or "note" in each]}  # fmt: skip


def _difference(
    supervisor: Supervisor, system: System, base: Contender, other: Contender, title: str
) -> Example:
    """What the other contender has that the base has not."""
    guest = _Notebook(system)
    supervisor.configure(guest, base, [Service("s1", base.role, base.readiness)])
    guest.noted()
    supervisor.configure(guest, other, [Service("s1", other.role, other.readiness)])
    files = [each for each in guest.noted() if "file" in each]
    steps = [{"title": "Configure", "actions": files}] if files else []
    if other.pid1 and not base.pid1:
        supervisor.start(guest, other)
        steps.append({"title": "Start as PID 1", "actions": guest.noted()})
    return {"title": title, "steps": steps}


def _foreground(supervisor: Supervisor, system: System, daemonize: Source) -> Example:
    """A program that stays in the foreground, under what only watches daemons."""
    contender = supervisor.contenders[0]
    guest = _Notebook(system)
    one = Service("s1", contender.role, contender.readiness)
    supervisor.configure(guest, contender, [one])
    guest.noted()
    daemonize.install(guest)
    steps = [{"title": "Install daemonize", "actions": guest.noted()}]
    supervisor.update_services(
        guest, contender, [one, Service("s3", contender.role, foreground=True)]
    )
    steps.append({"title": "Add a service, and reload", "actions": guest.noted()})
    return {"title": "A program that stays in the foreground, by daemonize", "steps": steps}
