"""One virtual machine by python-vagrant: its state, its keeper, and Vagrant's own words."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import vagrant
from filelock import FileLock

from provision.cache import cache_folder
from provision.errors import Problem
from provision.provider import Unavailable
from provision.systems import System
from provision.vagrant import vm_keeper

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
_TABLE = Path("provision", "vagrant", "boxes.json")
# A Unix socket's path has 107 characters at most; libvirt puts up to 51 behind the folder's.
_LONGEST_FOLDER = 56
_INSTALL = (
    "On Debian: apt-get install --no-install-recommends vagrant vagrant-libvirt libvirt-daemon"
    " qemu-system-x86 qemu-utils. Elsewhere: Vagrant, from its makers."
)
_INSTALL_VIRTUALBOX = "Install VirtualBox and Vagrant, both from their makers."
_PROGRAMS = {
    "libvirt": ("vagrant", "libvirtd", "qemu-system-x86_64", "qemu-img"),
    "virtualbox": ("vagrant", "VBoxManage"),
}


@dataclass(frozen=True)
class Box:
    """What a machine starts from: a public name with its version, or a file on this host."""

    name: str
    version: str | None = None
    file: Path | None = None


@dataclass(frozen=True)
class _Trouble:
    """Words of Vagrant's that tell what went wrong, and what to do about it."""

    words: str
    what: str
    advice: str
    kind: type[Problem] = Problem


class DiskFull(Problem):
    """Nothing more can be written, whatever is tried next."""


_TROUBLES = (
    _Trouble(
        "No space left on device|Failure writing output to destination",
        "the disk is full",
        "df -h shows where; free some space.",
        DiskFull,
    ),
    _Trouble(
        "is locked|already executing an action|lock is being held by another",
        "another Vagrant process holds the machine",
        "Wait for it to end, or type ./inv destroy.",
    ),
    _Trouble(
        "Timed out while waiting for the machine to boot",
        "the machine never answered",
        "Try again when the host is less busy, or with another --box.",
    ),
    _Trouble(
        "[Cc]ould(n't| not) resolve host|Failed to connect to|Network is unreachable",
        "there is no network to fetch the box by",
        "./inv box debian builds one from packages; --box=FILE takes one that is here.",
    ),
    _Trouble(
        "could not be found or|couldn't be found|could not be accessed|The requested URL returned",
        "there is no such box",
        "--box=NAME or --box=FILE takes another; ./inv box debian builds one.",
    ),
    _Trouble(
        "failed to unpackage properly",
        "the file is no box, or a damaged one",
        "--box=FILE takes another; ./inv box debian builds one.",
    ),
    _Trouble(
        "doesn't match the provider you specified",
        "the box is made for another hypervisor",
        "./inv box debian names one for each.",
    ),
    _Trouble(
        "provider '.*' could not be found|provider '.*' that was requested",
        "Vagrant has no such provider here",
        "./inv doctor shows what is missing.",
    ),
    _Trouble("onnection to libvirt|virConnectOpen", "libvirt cannot be reached", _INSTALL),
)


class Client(vagrant.Vagrant):
    """python-vagrant with machine names for snapshots, versions for boxes, and errors that speak.

    Every call raises Problem with what Vagrant itself wrote to the log.
    """

    def __init__(self, root: Path, log: Path, environment: dict[str, str]) -> None:
        words = vagrant.make_file_cm(str(log))  # type: ignore[no-untyped-call]
        super().__init__(  # type: ignore[no-untyped-call]
            root=str(root), env=environment, out_cm=words, err_cm=words
        )
        self._log = log

    def plugins(self) -> set[str]:
        """The names of Vagrant's plugins."""
        return {each.name for each in self._said(self.plugin_list, "list its plugins")}

    def has_box(self, box: Box, provider: str) -> bool:
        """Whether the box has been fetched."""
        here = self._said(self.box_list, "list its boxes")
        return any((each.name, each.provider) == (box.name, provider) for each in here)

    def fetch(self, box: Box, provider: str) -> None:
        """Bring the box here, from its maker or from a file."""
        source = [box.name, *(["--box-version", box.version] if box.version else [])]
        if box.file:
            source = ["--name", box.name, str(box.file)]
        self._do(["box", "add", "--provider", provider, *source], f"fetch the box {box.name}")

    def boot(self, machine: str, provider: str) -> None:
        """Make and boot the machine."""
        self._do(["up", machine, "--provider", provider], f"boot {machine}")

    def login(self, machine: str) -> str:
        """How the box's own user is reached, as ssh_config(5)."""
        ask: Callable[..., str] = self.ssh_config
        return self._said(lambda: ask(vm_name=machine), "say how to log in")

    def snapshot(self, verb: str, machine: str, name: str) -> None:
        """Save or restore a state; python-vagrant's own calls take no machine's name."""
        self._do(["snapshot", verb, machine, name], f"{verb} the state {name}")

    def _make_vagrant_command(self, args: list[str | None]) -> list[str]:
        command: list[str] = super()._make_vagrant_command(args)  # type: ignore[no-untyped-call]
        return [*prefix(self.env), *command]

    def _do(self, arguments: list[str], what: str) -> None:
        self._said(lambda: self._call_vagrant_command(arguments), what)  # type: ignore[no-untyped-call]

    def _said(self, verb: Callable[[], T], what: str) -> T:
        start = self._log.stat().st_size if self._log.exists() else 0
        try:
            return verb()
        except subprocess.CalledProcessError as failure:
            output = (failure.output or b"").decode(errors="replace")
            raise explained(what, tail(self._log, start) + output) from failure
        except (RuntimeError, OSError) as failure:
            raise Problem(f"Vagrant could not {what}: {failure}", advice=_INSTALL) from failure


def explained(what: str, words: str) -> Problem:
    """Vagrant's own words, and what they mean where that is known."""
    for trouble in _TROUBLES:
        if re.search(trouble.words, words):
            return trouble.kind(
                f"Vagrant could not {what}: {trouble.what}.", known=words, advice=trouble.advice
            )
    return Problem(f"Vagrant could not {what}.", known=words, advice="./inv doctor shows more.")


@dataclass(frozen=True)
class Network:
    """What the guest's network needs to come up under any init; address is in CIDR notation."""

    gateway: str
    device: str
    mac: str
    address: str
    driver: str


class Machine:
    """One virtual machine and its Vagrant state, in a folder outside the checkout.

    snapshots: names of the states it can go back to; rolls_back: whether its hypervisor can;
    network: known once the guest has been adopted.
    """

    def __init__(self, hypervisor: str, system: System, box: Box) -> None:
        self.hypervisor = hypervisor
        self.system = system
        self.name = f"{system.name}-{secrets.token_hex(2)}"
        self.home = folder() / "guests" / self.name
        self.snapshots: set[str] = set()
        self.rolls_back = True
        self.network: Network | None = None
        self.home.mkdir(parents=True)
        # Copies, so that it can be destroyed whatever has become of the checkout.
        (self.home / _TABLE.parent).mkdir(parents=True)
        for file in (Path("Vagrantfile"), _TABLE):
            shutil.copy(ROOT / file, self.home / file)
        (self.home / "system").write_text(system.name)
        # Last: whoever destroys what is left looks for this one, and needs the others.
        (self.home / "hypervisor").write_text(hypervisor)
        self._environment = {
            **environment(hypervisor, self.home),
            "BENCH_BOX": box.name,
            "BENCH_SSH_PORT": str(_free_port()),
        }
        if box.version:
            self._environment["BENCH_BOX_VERSION"] = box.version
        self._client = Client(self.home, self.home / "log", self._environment)
        try:
            self._keeper = _start_keeper(self.home, self._environment)
        except Problem:
            shutil.rmtree(self.home, ignore_errors=True)
            raise

    @property
    def emulated(self) -> bool:
        """Whether its processor is a program: then no latency compares with anything."""
        return self.hypervisor == "libvirt" and not kvm_works()

    @property
    def patience(self) -> float:
        """Seconds that a boot may take."""
        return 600.0 if self.emulated else 120.0

    def boot(self) -> None:
        """Make and boot it. Raises Problem."""
        # vagrant-libvirt fills pool and box volume: two at once get in each other's way.
        with FileLock(folder() / "boot.lock"):
            self._client.boot(self.system.name, self.hypervisor)

    def login(self) -> str:
        """How the box's own user is reached, as ssh_config(5)."""
        return self._client.login(self.system.name)

    def save(self, name: str) -> None:
        """Keep this state, memory and all; where that cannot be, every use is of a new machine.

        Raises DiskFull, which a new machine would only make worse.
        """
        if not self.rolls_back:
            return
        try:
            self._client.snapshot("save", self.system.name, name)
        except DiskFull:
            raise
        except Problem:
            self.rolls_back = False
            self.snapshots.clear()
            return
        self.snapshots.add(name)

    def restore(self, name: str) -> None:
        """Go back to a state, running as it was then. Raises Problem; then none is trusted more."""
        try:
            self._client.snapshot("restore", self.system.name, name)
        except Problem:
            self.snapshots.clear()
            raise

    def keep(self) -> None:
        """Let it outlive this process."""
        (self.home / "kept").touch()
        assert self._keeper.stdin is not None
        self._keeper.stdin.write("keep\n")
        self._keeper.stdin.flush()

    def let_go(self) -> None:
        """Have the keeper destroy it, unless it was told to keep it; does not wait."""
        assert self._keeper.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._keeper.stdin.close()

    def destroy(self) -> None:
        """Remove it with its disk, and wait until it is gone. Raises Problem."""
        self.let_go()
        self._keeper.wait()
        if self.home.exists():
            raise _stays(self.home)


def machines(hypervisor: str) -> list[str]:
    """The names of all machines there are on that hypervisor, whoever they belong to."""
    kinds = (folder() / "guests").glob("*/hypervisor")
    return sorted(kind.parent.name for kind in kinds if kind.read_text() == hypervisor)


def is_kept(name: str) -> bool:
    """Whether that machine was asked to outlive its run."""
    return (folder() / "guests" / name / "kept").exists()


def owned(name: str) -> bool:
    """Whether that machine's keeper is alive."""
    try:
        with (folder() / "guests" / name / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def remove(name: str, hypervisor: str) -> None:
    """Destroy a machine, whoever it belongs to. Raises Problem."""
    home = folder() / "guests" / name
    try:
        if owned(name):
            _end_keeper(home)
        else:
            _start_keeper(home, environment(hypervisor, home)).communicate()
    except (PermissionError, psutil.AccessDenied) as failure:
        raise Problem(
            f"Machine {name} is not destroyed: it belongs to another user.",
            known=str(failure),
            advice="Run the same command with sudo.",
        ) from failure
    if home.exists():
        raise _stays(home)


def _stays(home: Path) -> Problem:
    return Problem(
        f"Machine {home.name} could not be destroyed.",
        known=tail(home / "log"),
        advice=f"Its state is kept in {home}; ./inv destroy tries again.",
    )


def lack(hypervisor: str) -> Unavailable | None:
    """What this host lacks for that hypervisor; None where it lacks nothing."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [each for each in _PROGRAMS[hypervisor] if shutil.which(each, path=path) is None]
    if missing:
        advice = _INSTALL if hypervisor == "libvirt" else _INSTALL_VIRTUALBOX
        return Unavailable(f"Not installed: {', '.join(missing)}.", advice)
    if hypervisor != "libvirt":
        return None
    too_long = len(str(folder())) - _LONGEST_FOLDER
    if too_long > 0:
        return Unavailable(
            f"The path {folder()} is {too_long} characters too long for libvirt's sockets.",
            "Set XDG_CACHE_HOME to a folder with a shorter path.",
        )
    if "vagrant-libvirt" not in client(hypervisor).plugins():
        return Unavailable(
            "Vagrant has no plugin vagrant-libvirt.",
            "apt-get install vagrant-libvirt, or: vagrant plugin install vagrant-libvirt",
        )
    return None


def client(hypervisor: str) -> Client:
    """For what concerns no machine in particular."""
    return Client(ROOT, folder() / "log", environment(hypervisor))


def kvm_works() -> bool:
    """Whether QEMU can use the processor itself.

    A /dev/kvm alone says little: where the processor shows no vmx or svm, machines were seen to be
    made and then to hang at their first instruction.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    return bool(re.search(r"^flags\b.*\b(vmx|svm)\b", Path("/proc/cpuinfo").read_text(), re.M))


def folder() -> Path:
    """Where all that concerns virtual machines is kept."""
    path = cache_folder() / "vm"
    (path / "guests").mkdir(parents=True, exist_ok=True)
    return path


def environment(hypervisor: str, home: Path | None = None) -> dict[str, str]:
    """For every Vagrant command: all state below the cache folder, none in the user's own."""
    base = folder()
    ours: dict[str, object] = {
        "VAGRANT_HOME": _vagrant_home(home or base),
        "VAGRANT_DOTFILE_PATH": (home or base) / "state",
        "VAGRANT_CHECKPOINT_DISABLE": 1,
        "VAGRANT_NO_COLOR": 1,
        "VAGRANT_DEFAULT_PROVIDER": hypervisor,
    }
    if home:
        ours["BENCH_GUEST"] = home.name.rpartition("-")[2]
    if hypervisor == "libvirt":
        # A libvirt session of this folder's own: its daemons start when asked, and end with us.
        for name, part in (("CONFIG_HOME", ""), ("CACHE_HOME", "cache"), ("RUNTIME_DIR", "run")):
            (base / part).mkdir(mode=0o700, exist_ok=True)
            ours[f"XDG_{name}"] = base / part
        (base / "pool").mkdir(exist_ok=True)
        ours["BENCH_POOL"] = base / "pool"
        ours["BENCH_ACCELERATION"] = "kvm" if kvm_works() else "none"
    return {**os.environ, **{key: str(value) for key, value in ours.items()}}


def _vagrant_home(parent: Path) -> Path:
    """Vagrant's own folder for one machine: boxes are everybody's, plugins are the user's.

    Not one for all: Vagrant's index of machines finds them by name, and every machine of a system
    has the same. `vagrant destroy` was seen to destroy another's.
    """
    own = Path(os.environ.get("VAGRANT_HOME", "~/.vagrant.d")).expanduser()
    home, boxes = parent / "vagrant", folder() / "boxes"
    home.mkdir(exist_ok=True)
    boxes.mkdir(exist_ok=True)
    for link, target in (
        ("boxes", boxes),
        ("gems", own / "gems"),
        ("plugins.json", own / "plugins.json"),
    ):
        if target.exists() and not (home / link).exists():
            (home / link).symlink_to(target)
    return home


def prefix(environment: dict[str, str]) -> list[str]:
    """What goes before a Vagrant command.

    libvirt has no session for root; under another number, in a user namespace, root has one.
    """
    session = "BENCH_POOL" in environment
    if os.geteuid() != 0 or not session or platform.system() != "Linux":
        return []
    return ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"]


def tail(log: Path, start: int = 0) -> str:
    """What was logged since, 3000 characters at most; no progress bars, no stack of Ruby's."""
    if not log.exists():  # the machine went meanwhile
        return ""
    with log.open("rb") as stream:
        stream.seek(start)
        text = stream.read().decode(errors="replace")
    # An error comes right behind the last step of a progress bar, on the same line.
    lines = [
        line
        for line in re.split(r"(?:\r|\n|\x1b\[K)+", text)
        if not line.startswith(("Progress: ", "\tfrom "))
    ]
    return "\n".join(lines)[-3000:]


def _start_keeper(home: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """The process which destroys the machine when this one is gone. Raises Problem."""
    program: str | None = vagrant.get_vagrant_executable()  # type: ignore[no-untyped-call]
    if program is None:
        raise Problem("Vagrant is not installed.", advice=_INSTALL)
    destroy = [*prefix(environment), program, "destroy", "-f", (home / "system").read_text()]
    with (home / "log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", vm_keeper.__file__, str(folder()), home.name, *destroy],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            cwd=home,
            env=environment,
        )
    assert keeper.stdout is not None
    if keeper.stdout.readline().strip() != "ready":
        raise Problem(f"Machine {home.name} has no keeper.", known=tail(home / "log"))
    return keeper


def _end_keeper(home: Path) -> None:
    """Ask the machine's keeper, and nobody else, to destroy it, and wait until it has."""
    asked = False
    give_up = time.monotonic() + vm_keeper.PATIENCE
    while owned(home.name) and time.monotonic() < give_up:
        asked = asked or _asked_to_end(home)
        time.sleep(0.1)


def _asked_to_end(home: Path) -> bool:
    """Whether the keeper could be asked: it writes its pid right after it has locked the file."""
    with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
        keeper = psutil.Process(int((home / "lock").read_text()))
        if vm_keeper.__file__ in keeper.cmdline():
            keeper.terminate()
            return True
    return False


def _free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def box_table(system: System) -> dict[str, Any]:
    """That system's row in the table of pinned boxes."""
    table: dict[str, Any] = json.loads((ROOT / _TABLE).read_text())
    return dict(table.get(system.name, {}))
