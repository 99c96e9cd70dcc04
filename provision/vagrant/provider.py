"""Real virtual machines through Vagrant: libvirt or VirtualBox, any system, any init as PID 1."""

from __future__ import annotations

import atexit
import hashlib
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from filelock import FileLock

from provision.errors import Problem
from provision.errors.os_errors import describe_os_error, os_error_advice
from provision.guests.files import File
from provision.guests.limit_class import USUAL, LimitClass
from provision.guests.names import check_guest_name
from provision.provider import (
    GuestRecord,
    GuestState,
    Installation,
    Notify,
    Provider,
    Unavailable,
    ignore_message,
)
from provision.systems import System
from provision.vagrant.box.table import Box, named_box, pinned_box
from provision.vagrant.client import shared_client
from provision.vagrant.environment import vm_folder
from provision.vagrant.host_check import why_host_unavailable
from provision.vagrant.machines.machine import (
    Machine,
    is_kept,
    is_owned,
    leftover_names,
    machine_names,
    remove_machine,
)

if TYPE_CHECKING:
    from provision.vagrant.guest import VagrantGuest

# The snapshot of a machine that has been set up, before any installation is installed.
_CLEAN = "clean"


class Vagrant(Provider):
    """Guests with a kernel of their own, one virtual machine each.

    hypervisor: libvirt or virtualbox; box: a name or a file in place of the pinned box. When a
    guest is destroyed, its machine returns to its clean snapshot and serves the next guest. The
    machines are destroyed when the process ends, even by SIGKILL.
    """

    def __init__(self, hypervisor: str, box: str | None = None) -> None:
        self.name = hypervisor
        self._box = box
        self._machines: list[Machine] = []
        self._idle_machines: list[Machine] = []
        self._lock = threading.Lock()
        atexit.register(self.close)

    @cached_property
    def _host_unavailable(self) -> Unavailable | None:
        try:
            return why_host_unavailable(self.name)
        except Problem as failure:  # a Vagrant that fails to list its plugins is unusable
            return Unavailable(failure.what, failure.advice)
        except OSError as failure:  # such as a cache folder that cannot be made
            return Unavailable(describe_os_error(failure), os_error_advice(failure))

    def why_unavailable(self, system: System) -> Unavailable | None:
        if self._host_unavailable or self._box or pinned_box(system, self.name):
            return self._host_unavailable
        return self._no_pinned_box(system)

    def _no_pinned_box(self, system: System) -> Unavailable:
        advice = "Name a box with --box=NAME or --box=FILE, or use --provider=virtualbox."
        if system.distribution == "debian":
            advice = f"./inv box {system.name} builds one, and prints the option that takes it."
        return Unavailable(f"No public box of {system.title} is known for {self.name}.", advice)

    def prepare(self, system: System, notify: Notify = ignore_message) -> None:
        unavailable = self.why_unavailable(system)
        if unavailable:
            raise self._cannot_run(system, unavailable)
        box = self.box(system)
        with FileLock(vm_folder() / "boot.lock"):
            client = shared_client(self.name)
            if not client.has_box(box, self.name):
                notify(f"Fetching the box of {system.title}: minutes, this once.")
                client.fetch(box, self.name)

    def box(self, system: System) -> Box:
        """Return the box that machines of that system start from. Raises Problem."""
        box = named_box(self._box) if self._box else pinned_box(system, self.name)
        if box is None:
            raise self._cannot_run(system, self._no_pinned_box(system))
        return box

    def _cannot_run(self, system: System, unavailable: Unavailable) -> Problem:
        return Problem(
            f"{self.name} cannot run {system.title} here: {unavailable.why}",
            advice=unavailable.advice,
        )

    def up(
        self,
        name: str,
        system: System,
        installation: Installation | None = None,
        files: Sequence[File] = (),
        limit_class: LimitClass = USUAL,
    ) -> VagrantGuest:
        from provision.vagrant.guest import VagrantGuest  # slow, and most commands boot no guest

        check_guest_name(name)
        snapshot = _snapshot_name(installation)
        machine = self._take_idle_machine(system, snapshot) or self._create_machine(system)
        guest = VagrantGuest(name, machine, self._release)
        try:
            self._bring_to_state(guest, snapshot, installation)
            guest.write(files)
        except BaseException:
            guest.destroy()
            raise
        return guest

    def guests(self) -> list[GuestRecord]:
        orphaned = leftover_names(self.name)
        owned = [name for name in machine_names(self.name) if is_owned(name)]
        states = dict.fromkeys(orphaned, GuestState.ORPHANED)
        states |= {name: _owned_state(name) for name in owned if name not in states}
        return [GuestRecord(name, state) for name, state in sorted(states.items())]

    def remove(self, name: str) -> None:
        remove_machine(name, self.name)

    def close(self) -> None:
        """Destroy every machine of this process that is not kept."""
        with self._lock:
            machines, self._machines, self._idle_machines = self._machines, [], []
        for machine in machines:  # all of them at once, then wait
            machine.start_destroying()
        for machine in machines:
            if not is_kept(machine.name):
                machine.destroy()

    def _take_idle_machine(self, system: System, snapshot: str) -> Machine | None:
        """Return an idle machine of that system, preferably one that has the snapshot."""
        with self._lock:
            candidates = [machine for machine in self._idle_machines if machine.system == system]
            if not candidates:
                return None
            prepared = (machine for machine in candidates if snapshot in machine.snapshots)
            machine = next(prepared, candidates[0])
            self._idle_machines.remove(machine)
            return machine

    def _create_machine(self, system: System) -> Machine:
        self.prepare(system)
        machine = Machine(self.name, system, self.box(system))
        with self._lock:
            self._machines.append(machine)
        return machine

    def _release(self, machine: Machine) -> None:
        """Put a guest's machine back for the next guest, or destroy it if it has no clean state."""
        with self._lock:
            if machine not in self._machines:
                return
            if _CLEAN in machine.snapshots:
                self._idle_machines.append(machine)
                return
            self._machines.remove(machine)
        machine.destroy()

    def _bring_to_state(
        self, guest: VagrantGuest, snapshot: str, installation: Installation | None
    ) -> None:
        """Restore the snapshot, or make it: boot the machine, set it up, install."""
        machine = guest.machine
        with guest.console_quoted():
            if snapshot in machine.snapshots or _CLEAN in machine.snapshots:
                machine.restore(snapshot if snapshot in machine.snapshots else _CLEAN)
                guest.reconnect_after_restore()
            else:
                machine.boot()
                guest.set_up()
                guest.save_snapshot(_CLEAN)
        if installation is None or snapshot in machine.snapshots:
            return
        installation.install(guest)
        guest.save_snapshot(snapshot)


def _owned_state(name: str) -> GuestState:
    return GuestState.KEPT if is_kept(name) else GuestState.OWNED


def _snapshot_name(installation: Installation | None) -> str:
    """Return the name of the snapshot of a machine where the installation is installed."""
    if installation is None:
        return _CLEAN
    return f"{installation.name}-{hashlib.sha256(installation.key.encode()).hexdigest()[:12]}"
