"""One virtual machine: its folder, its Vagrant client, its snapshots and its keeper."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from provision.cache import remove_tree
from provision.errors import Problem
from provision.guests.names import is_guest_name
from provision.host.keepers import end_keeper, has_keeper
from provision.systems import System
from provision.vagrant.box.table import BOX_TABLE, Box
from provision.vagrant.client import Client, DiskFull, read_log
from provision.vagrant.environment import (
    ROOT,
    free_port,
    kvm_works,
    machine_home,
    vagrant_environment,
    vm_folder,
)
from provision.vagrant.machines import vm_keeper
from provision.vagrant.machines.console import SerialConsole
from provision.vagrant.machines.keeper_client import KeeperClient

# Longer than a keeper tries to remove a folder.
_REMOVAL_SECONDS = 20.0


@dataclass(frozen=True)
class NetworkConfig:
    """What brings the guest's network up under any init; address is in CIDR notation."""

    gateway: str
    device: str
    mac: str
    address: str
    driver: str


class Machine:
    """One virtual machine and its Vagrant state, in a folder outside the checkout.

    snapshots: the names of the states that it can return to; can_snapshot: whether its hypervisor
    can save states; network: set once the guest has been set up; console: of its present guest.
    """

    def __init__(self, hypervisor: str, system: System, box: Box) -> None:
        """Reserve a name and a folder, and start the keeper. Raises Problem."""
        self.hypervisor = hypervisor
        self.system = system
        self.name = f"{system.name}-{secrets.token_hex(2)}"
        self.home = machine_home(self.name)
        self.snapshots: set[str] = set()
        self.can_snapshot = True
        self.network: NetworkConfig | None = None
        self.console = SerialConsole(self.home / "console")
        with _listing_lock():
            self._write_home()
            environment = self._environment(box)
            self._client = Client(self.home, self.home / "log", environment)
            try:
                self._keeper = KeeperClient(self.home, environment)
            except Problem:
                remove_tree(self.home)
                raise

    def _write_home(self) -> None:
        """Write the files by which the machine can be destroyed, whatever the checkout becomes."""
        (self.home / BOX_TABLE.parent).mkdir(parents=True)
        for file in (Path("Vagrantfile"), BOX_TABLE):
            shutil.copy(ROOT / file, self.home / file)
        (self.home / "system").write_text(self.system.name)
        # Last: a folder with this file counts as a machine, and its removal needs the other files.
        (self.home / "hypervisor").write_text(self.hypervisor)

    def _environment(self, box: Box) -> dict[str, str]:
        variables = {
            "BENCH_BOX": box.name,
            "BENCH_CONSOLE": str(self.console.path),
            "BENCH_SSH_PORT": str(free_port()),
        }
        if box.version:
            variables["BENCH_BOX_VERSION"] = box.version
        return vagrant_environment(self.hypervisor, self.home) | variables

    @property
    def emulated(self) -> bool:
        """Whether QEMU emulates its processor; then its latencies compare with no other's."""
        return self.hypervisor == "libvirt" and not kvm_works()

    @property
    def boot_timeout(self) -> float:
        """Seconds that a boot may take."""
        return 600.0 if self.emulated else 120.0

    def boot(self) -> None:
        """Create and boot it. Raises Problem."""
        # vagrant-libvirt fills the pool and the box's volume: two boots at once would collide.
        with FileLock(vm_folder() / "boot.lock"):
            self._client.boot(self.system.name, self.hypervisor)

    def login(self) -> str:
        """Return how to log in as the box's own user, in the format of ssh_config(5)."""
        return self._client.login(self.system.name)

    def save(self, name: str) -> None:
        """Save its state, memory included. Raises DiskFull, which a new machine would make worse.

        On every other failure it stops taking snapshots, and each guest gets a new machine.
        """
        if not self.can_snapshot:
            return
        try:
            self._client.snapshot("save", self.system.name, name)
        except DiskFull:
            raise
        except Problem:
            self.can_snapshot = False
            self.snapshots.clear()
            return
        self.snapshots.add(name)

    def restore(self, name: str) -> None:
        """Return to a saved state, running as it was. Raises Problem, and then drops all states."""
        try:
            self._client.snapshot("restore", self.system.name, name)
        except Problem:
            self.snapshots.clear()
            raise
        self.console.begin()

    def keep(self) -> None:
        """Let it outlive this process."""
        (self.home / "kept").touch()
        self._keeper.keep()

    def start_destroying(self) -> None:
        """Have the keeper destroy it, unless it is kept; does not wait."""
        self._keeper.release()

    def destroy(self) -> None:
        """Remove it with its disk, and wait until it is gone. Raises Problem."""
        self._keeper.release()
        self._keeper.wait()
        if self.home.exists():
            raise _not_destroyed(self.home)


def machine_names(hypervisor: str) -> list[str]:
    """Return the names of all machines on that hypervisor, in use or not."""
    files = (vm_folder() / "guests").glob("*/hypervisor")
    names = (file.parent.name for file in files if file.read_text() == hypervisor)
    return sorted(filter(is_guest_name, names))


def leftover_names(hypervisor: str) -> list[str]:
    """Return the names of the machines on that hypervisor that no keeper is alive for."""
    with _listing_lock():
        return [name for name in machine_names(hypervisor) if not is_owned(name)]


def is_owned(name: str) -> bool:
    """Tell whether that machine's keeper is alive."""
    return has_keeper(machine_home(name))


def is_kept(name: str) -> bool:
    """Tell whether that machine outlives its run."""
    return (machine_home(name) / "kept").exists()


def remove_machine(name: str, hypervisor: str) -> None:
    """Destroy a machine, in use or not. Raises Problem."""
    home = machine_home(name)
    try:
        if is_owned(name):
            end_keeper(home, vm_keeper.PATIENCE)
        elif (home / "hypervisor").exists():
            keeper = KeeperClient(home, vagrant_environment(hypervisor, home))
            keeper.release()
            keeper.wait()
    except PermissionError as failure:
        raise Problem(
            f"Machine {name} is not destroyed: it belongs to another user.",
            known=str(failure),
            advice="Run the same command with sudo.",
        ) from failure
    _wait_for_removal(home)
    if home.exists():
        raise _not_destroyed(home)


def _wait_for_removal(home: Path) -> None:
    """Wait while a keeper removes the folder: the file `hypervisor` and the lock go first."""
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while home.exists() and not (home / "hypervisor").exists() and time.monotonic() < deadline:
        time.sleep(0.05)


@contextmanager
def _listing_lock() -> Iterator[None]:
    """Keep others from listing machines until a new one has its keeper."""
    with FileLock(vm_folder() / "guests.lock"):
        yield


def _not_destroyed(home: Path) -> Problem:
    return Problem(
        f"Machine {home.name} could not be destroyed.",
        known=read_log(home / "log"),
        advice=f"Its files are kept in {home}; ./inv destroy tries again.",
    )
