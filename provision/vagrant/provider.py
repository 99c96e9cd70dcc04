"""Real virtual machines through Vagrant: libvirt or VirtualBox, any system, any init as PID 1."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from fabric import Config, Connection
from filelock import FileLock
from jinja2 import Environment, StrictUndefined
from paramiko import AuthenticationException, SSHConfig, SSHException

from provision.errors import Problem
from provision.guest import File, Guest, config
from provision.hygiene import QUIET, SYSTEMD_UP
from provision.provider import Notify, Provider, Recipe, Unavailable, ignore_message
from provision.sources.packages import Apt, Pacman, Source
from provision.systems import System
from provision.vagrant import machine
from provision.vagrant.machine import Box, Machine, Network, box_table, folder, is_kept

_DOOR = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(
    (Path(__file__).parent / "door.sh.j2").read_text()
)
# OpenSSH 5.9 signs with RSA and SHA-1 only, and paramiko 4 has to be told so.
_SSH = {"precise": {"disabled_algorithms": {"pubkeys": ["rsa-sha2-256", "rsa-sha2-512"]}}}
_CLEAN = "clean"
# The suite's own files in every guest, embedded or not.
IMAGE_FILES = Path(__file__).parents[1] / "rootfs"
# Seconds in which the guest's sshd ends a session that has been closed, also when emulated.
_FAREWELL = 2.0
_ATTEMPTS = 3
# How to see whether a system's packages are there, and how they are installed.
_DPKG_HAS = (
    "dpkg-query -W {packages} >/dev/null"
    " && ! dpkg-query -W -f '${{Status}}\\n' {packages} | grep -qv ' installed$'"
)
_HAS_PACKAGES = {"debian": _DPKG_HAS, "arch": "pacman -Q {packages}", "precise": _DPKG_HAS}
_PACKAGES: dict[str, Callable[[tuple[str, ...]], Source]] = {
    "debian": Apt,
    "arch": Pacman,
    "precise": Apt,
}
# A systemd that is still starting empties /tmp, also where apt works at that moment.
_BOOTED = f"""
[ "$(cat /proc/1/comm)" = systemd ] || exit 0
{SYSTEMD_UP}
"""
# No init is asked: each has a way of its own, and some have none. Not before our session has ended
# (state 01, established, at port 22), or we would wait for the answer of a machine that is gone.
_REBOOT = """
for half in $(seq 60); do
    grep -qs ':0016 [0-9A-F:]* 01 ' /proc/net/tcp /proc/net/tcp6 || break
    sleep 0.5
done
echo u >/proc/sysrq-trigger
sleep 1
echo b >/proc/sysrq-trigger
"""
_NETWORK = r"""
set -- $(ip -4 route show default | sed -n '1s/.*via \([^ ]*\) dev \([^ ]*\).*/\1 \2/p')
echo gateway $1
echo device $2
echo mac $(cat /sys/class/net/$2/address)
echo address $(ip -4 -o addr show dev $2 | sed -n '1s/.*inet \([^ ]*\).*/\1/p')
echo driver $(basename $(readlink /sys/class/net/$2/device/driver))
"""


class Vagrant(Provider):
    """Guests with a kernel of their own, one virtual machine each.

    hypervisor: libvirt or virtualbox; box: a name or a file in place of the pinned box. A machine
    whose guest is destroyed goes back to its clean state for the next guest; the machines go when
    the process ends, however it ends.
    """

    def __init__(self, hypervisor: str, box: str | None = None) -> None:
        self.name = hypervisor
        self._box = box
        self._all: list[Machine] = []
        self._idle: list[Machine] = []
        self._turn = threading.Lock()
        atexit.register(self.close)

    @cached_property
    def _host_lack(self) -> Unavailable | None:
        try:
            return machine.lack(self.name)
        except Problem as trouble:  # a Vagrant that cannot even be asked is not to be had
            return Unavailable(trouble.what, trouble.advice)

    def why_unavailable(self, system: System) -> Unavailable | None:
        if self._host_lack or self._box or self.name in box_table(system):
            return self._host_lack
        return Unavailable(
            f"No public box of {system.title} is known for {self.name}.",
            "--box=NAME or --box=FILE takes one; --provider=virtualbox has one.",
        )

    def prepare(self, system: System, say: Notify = ignore_message) -> None:
        lack = self.why_unavailable(system)
        if lack:
            raise Problem(
                f"{self.name} cannot run {system.title} here: {lack.why}", advice=lack.advice
            )
        box = self.box(system)
        with FileLock(folder() / "boot.lock"):
            client = machine.client(self.name)
            if not client.has_box(box, self.name):
                say(f"Fetching the box of {system.title}: minutes, this once.")
                client.fetch(box, self.name)

    def box(self, system: System) -> Box:
        """The box that machines of that system start from. Raises Problem."""
        if self._box is None:
            row = box_table(system)[self.name]
            return Box(row["box"], row["version"])
        file = Path(self._box).expanduser()
        if file.is_file():
            stamp = f"{file.resolve()} {file.stat().st_size} {file.stat().st_mtime_ns}"
            return Box(f"file-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}", file=file)
        if self._box.endswith(".box") or self._box.count("/") != 1:
            raise Problem(
                f"There is no box file {self._box}.",
                known="A box is a file on this host, or a public name of the form OWNER/NAME.",
                advice="./inv box debian builds one and says where it is.",
                usage=True,
            )
        return Box(self._box)

    def up(
        self,
        name: str,
        system: System,
        recipe: Recipe | None = None,
        files: Sequence[File] = (),
    ) -> VagrantGuest:
        wanted = _state(recipe)
        machine = self._take(system, wanted) or self._new(system)
        guest = VagrantGuest(name, machine, self._give_back)
        try:
            self._bring(guest, wanted, recipe)
            guest.write(files)
        except BaseException:
            guest.destroy()
            raise
        return guest

    def kept(self) -> list[str]:
        every = machine.machines(self.name)
        return [name for name in every if machine.owned(name) and is_kept(name)]

    def owned(self) -> list[str]:
        return [name for name in machine.machines(self.name) if machine.owned(name)]

    def leftovers(self) -> list[str]:
        every = machine.machines(self.name)
        return [name for name in every if not machine.owned(name)]

    def remove(self, name: str) -> None:
        machine.remove(name, self.name)

    def close(self) -> None:
        """Destroy every machine of this process that nobody was promised to find again."""
        with self._turn:
            machines, self._all, self._idle = self._all, [], []
        for each in machines:
            each.let_go()
        for each in machines:
            if not is_kept(each.name):
                each.destroy()

    def _take(self, system: System, wanted: str) -> Machine | None:
        """An idle machine of that system, one that has the wanted state if there is any."""
        with self._turn:
            fitting = [each for each in self._idle if each.system == system]
            if not fitting:
                return None
            machine = next((each for each in fitting if wanted in each.snapshots), fitting[0])
            self._idle.remove(machine)
            return machine

    def _new(self, system: System) -> Machine:
        self.prepare(system)
        machine = Machine(self.name, system, self.box(system))
        with self._turn:
            self._all.append(machine)
        return machine

    def _give_back(self, machine: Machine) -> None:
        with self._turn:
            if machine not in self._all:
                return
            if _CLEAN in machine.snapshots:
                self._idle.append(machine)
                return
            self._all.remove(machine)
        machine.destroy()

    def _bring(self, guest: VagrantGuest, wanted: str, recipe: Recipe | None) -> None:
        """Bring the guest's machine into the wanted state, by the shortest way."""
        machine = guest.machine
        if wanted in machine.snapshots or _CLEAN in machine.snapshots:
            machine.restore(wanted if wanted in machine.snapshots else _CLEAN)
            guest.arrive()
        else:
            machine.boot()
            guest.adopt()
            guest.save(_CLEAN)
        if recipe is None or wanted in machine.snapshots:
            return
        with guest.online():
            recipe.install(guest)
        guest.save(wanted)


def _state(recipe: Recipe | None) -> str:
    """The name of the state that a recipe leaves a machine in."""
    if recipe is None:
        return _CLEAN
    return f"{recipe.name}-{hashlib.sha256(recipe.key.encode()).hexdigest()[:12]}"


class Silent(Problem):
    """Nobody answers, yet."""


class VagrantGuest(Guest):
    """A guest in a virtual machine, to be given back to its provider."""

    def __init__(self, name: str, machine: Machine, give_back: Callable[[Machine], None]) -> None:
        super().__init__(name, machine.system)
        self.machine = machine
        self._give_back = give_back
        self._kept = False

    def connect(self) -> Connection:
        door = self._door()
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(Silent):
                return opened(self._root(door), self.name)
        return opened(self._root(door), self.name)

    def _root(self, door: dict[str, Any]) -> Connection:
        return Connection(
            host=door["hostname"],
            port=int(door["port"]),
            user="root",
            config=config(),
            connect_timeout=10,
            connect_kwargs={**ssh_arguments(self.system), "key_filename": str(key_file())},
        )

    def adopt(self) -> None:
        """Let root in by a key of ours; learn what a boot needs; take the way out away."""
        text = self.machine.login()
        (self.machine.home / "ssh_config").write_text(text)
        connection = Connection(
            self.system.name,
            config=Config(lazy=True, ssh_config=SSHConfig.from_text(text)),
            connect_timeout=60,
            connect_kwargs={**ssh_arguments(self.system), "banner_timeout": 60},
        )
        key = shlex.quote(key_file().with_suffix(".pub").read_text().strip())
        script = f"umask 077; mkdir -p /root/.ssh; echo {key} >>/root/.ssh/authorized_keys"
        with opened(connection, self.name) as box:
            done = box.run(
                f"sudo -n sh -c {shlex.quote(script)}", hide=True, in_stream=False, warn=True
            )
        if done.failed:
            raise Problem(
                f"On guest {self.name}, {connection.user} may not become root.",
                known=done.stderr,
                advice="A box must let its user run sudo without a password.",
            )
        self.machine.network = self._learn()
        self.dress()
        self._offline()

    def write(self, files: Iterable[File]) -> None:
        super().write(files)
        # Its server would go on as a process of the guest, among those that are looked at.
        self.connection.sftp().close()
        self.connection._sftp = None

    def save(self, name: str) -> None:
        """Have the machine keep this state, with no session of ours in it."""
        self.run("sync")
        self.disconnect()
        time.sleep(_FAREWELL)
        self.machine.save(name)

    def arrive(self) -> None:
        """After a way back: a new connection, and the clock of now."""
        self.disconnect()
        self._wait(lambda: self._boot_id() is not None, "answer after it was set back")
        self.run(f"date -u -s @{int(time.time())}")

    def reboot(self, init: str | None = None) -> None:
        before = self._boot_id()
        wanted = init or "/sbin/init"
        own = self.run("readlink -f /sbin/init").stdout.strip()
        self._install_door(own, wanted)
        self.run(f"sync; setsid sh -c {shlex.quote(_REBOOT)} </dev/null >/dev/null 2>&1 &")
        self.disconnect()
        time.sleep(_FAREWELL)
        self._wait(lambda: self._booted_since(before), f"come up with {wanted} as PID 1")
        if self.run("test -e /run/door", check=False).code:
            raise Problem(
                f"On guest {self.name}, {wanted} did not stay PID 1: it ended, the kernel panicked"
                " and the machine came back with its own init.",
                advice=f"./inv ssh --name={self.machine.name} looks at it, where it was kept.",
            )
        self._offline()

    @contextmanager
    def online(self) -> Iterator[None]:
        network = self._network()
        self.run(f"ip route replace default via {network.gateway} dev {network.device}")
        try:
            yield
        finally:
            self._offline()

    def facts(self) -> dict[str, Any]:
        asked = "uname -r; stat -f -c %T /sys/fs/cgroup 2>/dev/null || echo none"
        kernel, cgroups = self.run(asked).stdout.split()
        emulated = "none: emulated by QEMU, so its latencies compare with no other machine's"
        return {
            "provider": self.machine.hypervisor,
            "acceleration": emulated if self.machine.emulated else "hardware",
            "kernel": kernel,
            "cgroup": "v2" if cgroups == "cgroup2fs" else "v1",
        }

    def keep(self) -> str:
        self._kept = True
        self.machine.keep()
        return shlex.join(shell_command(self.machine.home))

    def shell(self) -> int:
        return subprocess.run(shell_command(self.machine.home), check=False).returncode

    def destroy(self) -> None:
        self.disconnect()
        if not self._kept:
            self._give_back(self.machine)

    def _door(self) -> dict[str, Any]:
        text = (self.machine.home / "ssh_config").read_text()
        return dict(SSHConfig.from_text(text).lookup(self.system.name))

    def _network(self) -> Network:
        assert self.machine.network is not None
        return self.machine.network

    def dress(self) -> None:
        """Make of the box what an embedded guest of that system is: its packages, and no more."""
        self.run(_BOOTED, check=False, timeout=self.machine.patience)
        listed = " ".join(self.system.packages)
        if self.run(_HAS_PACKAGES[self.system.name].format(packages=listed), check=False).code:
            with self.online():
                _PACKAGES[self.system.name](self.system.packages).install(self)
        self.write(
            File(
                f"/{path.relative_to(IMAGE_FILES)}", path.read_bytes(), path.stat().st_mode & 0o777
            )
            for path in IMAGE_FILES.rglob("*")
            if path.is_file()
        )
        running = self.run("readlink -f /proc/1/exe; readlink -f /sbin/init").stdout.split()
        # Whatever else the box mounts, a guest has its root and nothing to wait for; and the udevd
        # of the initial RAM disk was seen to outlive it.
        self.run(f": >/etc/fstab; pkill -KILL udevd; {QUIET[self.system.init]}")
        if len(set(running)) > 1 or self.system.init != "sysvinit":
            self.reboot()

    def _learn(self) -> Network:
        said = self.run(_NETWORK).stdout
        facts = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
        try:
            return Network(**facts)
        except TypeError:
            raise Problem(
                f"On guest {self.name}, the network cannot be understood.",
                known=said,
                advice="A box needs one network card, an IPv4 address and a default route.",
            ) from None

    def _offline(self) -> None:
        for family in ("-4", "-6"):
            self.run(f"while ip {family} route del default 2>/dev/null; do :; done")

    def _install_door(self, own: str, init: str) -> None:
        program = shlex.quote(shlex.split(init)[0])
        if self.run(f"command -v {program}", check=False).code != 0:
            raise Problem(f"On guest {self.name} there is no {program} to boot.")
        text = _DOOR.render(own=own, init=init, **asdict(self._network()))
        # Moved, not overwritten: the running PID 1 keeps its file, and telinit finds its program.
        self.write([File(f"{own}.door", text, 0o755)])
        self.run(f"[ -e {own}.own ] || mv {own} {own}.own; mv {own}.door {own}")

    def _boot_id(self) -> str | None:
        """The kernel's name for this boot; None where nobody answers."""
        try:
            return self.run("cat /proc/sys/kernel/random/boot_id", timeout=30).stdout.strip()
        except (Problem, SSHException, OSError, EOFError):
            self.disconnect()
            return None

    def _booted_since(self, before: str | None) -> bool:
        now = self._boot_id()
        if now == before:  # the reboot waits for the end of this session, too
            self.disconnect()
        return now not in (None, before)

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        give_up = time.monotonic() + self.machine.patience
        while not done():
            if time.monotonic() > give_up:
                raise Problem(
                    f"Guest {self.name} did not {what} within {self.machine.patience:g} s.",
                    known="Its machine is set back by force before its next use.",
                    advice=f"What Vagrant said of it: {self.machine.home / 'log'}",
                )
            time.sleep(0.5)


def shell_command(home: Path) -> list[str]:
    """The command that opens a shell as root in a machine."""
    name = (home / "system").read_text()
    return ["ssh", "-F", str(home / "ssh_config"), "-i", str(key_file()), f"root@{name}"]


def ssh_arguments(system: System) -> dict[str, Any]:
    """What paramiko must know to log in to that system."""
    # QEMU and VirtualBox answer at the port before any sshd does, and after a machine that was
    # reset meanwhile: try again rather than wait.
    patience = {"banner_timeout": 10, "auth_timeout": 60, "channel_timeout": 30}
    return {"allow_agent": False, "look_for_keys": False, **patience, **_SSH.get(system.name, {})}


def key_file() -> Path:
    """The key that opens every machine: ECDSA, which OpenSSH 5.9 knows as well as today's."""
    path = folder() / "key"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-C", "guest", "-f", str(path)],
                check=True,
            )
    return path


def opened(connection: Connection, name: str) -> Connection:
    """The connection, open. Raises Silent, or Problem where both sides have nothing in common."""
    try:
        connection.open()
    except AuthenticationException as failure:
        raise _no_login(name, f"{failure} (no key that both accept)") from failure
    except SSHException as failure:
        if re.search("[Ii]ncompatible|Invalid key", str(failure)):
            raise _no_login(name, str(failure)) from failure
        raise Silent(f"Guest {name} does not answer.", known=str(failure)) from failure
    except (OSError, EOFError) as failure:
        raise Silent(f"Guest {name} does not answer.", known=str(failure)) from failure
    return connection


def _no_login(name: str, words: str) -> Problem:
    return Problem(
        f"The sshd of guest {name} and this client have no algorithm or key in common.",
        known=words,
        advice="An sshd as old as 5.9 needs an RSA or ECDSA key and SHA-1: see _SSH in "
        "provision/vagrant/provider.py.",
    )
