"""The embedded provider: plain LXC in user namespaces, on cached images."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import logging
import os
import platform
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fabric import Connection
from filelock import FileLock
from jinja2 import Environment, StrictUndefined
from paramiko import SSHException

from provision.bootstrap.distributions import DISTRIBUTIONS
from provision.bootstrap.keys import guest_key
from provision.cache import cache_folder, remove_tree
from provision.counters.memory import MemoryGroup, find_memory_group
from provision.counters.syscalls import SyscallCount, count_syscalls
from provision.errors import Problem
from provision.guest import File, Guest, fabric_config
from provision.guest_name import check_guest_name, is_guest_name
from provision.host_tools import missing_tools
from provision.lxc import keeper
from provision.lxc.image import detect_system, ensure_image
from provision.lxc.userns import RANGE, SHIFT, make_shifted_folder
from provision.provider import Installation, Notify, Provider, Unavailable, ignore_message
from provision.systems import System

_CONFIG = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(
    (Path(__file__).parent / "lxc.conf.j2").read_text()
)
_SECCOMP, _LXC_SECCOMP = "seccomp", Path("/usr/share/lxc/config/common.seccomp")
# All guests have one user's keys: what systemd does with them then fails now and then.
_NO_KEYS = "keyctl errno 38\nadd_key errno 38\nrequest_key errno 38\n"
_SSHD = "mkdir -p /run/sshd; exec /usr/sbin/sshd -i -o UsePAM=no -o UseDNS=no"
# How long a guest may take until it can be connected to, in seconds.
_PATIENCE = 30
# How long a keeper may take for a word or its end, in seconds: a loaded host makes it slow.
_KEEPERS_PATIENCE = 120
# What fails is raised; paramiko would print it as well.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class Lxc(Provider):
    """Guests on this very kernel: a start takes milliseconds, and needs root."""

    name = "lxc"
    parallel = 64
    shares_kernel = True

    def max_parallel(self, init: str) -> int:
        if init != "systemd":
            return self.parallel
        # One guest was seen to use 5 of them; all guests share those of the host's root.
        watches = int(Path("/proc/sys/fs/inotify/max_user_instances").read_text())
        return max(1, min(self.parallel, watches // 6))

    def why_unavailable(self, system: System) -> Unavailable | None:
        if platform.system() != "Linux":
            return Unavailable(
                "LXC needs Linux.", "Use --provider=virtualbox or --provider=libvirt here."
            )
        if os.geteuid() != 0:
            return Unavailable("LXC guests need root.", "Run the same command with sudo.")
        tools = missing_tools("lxc", f"image-{system.name}")
        if tools:
            return Unavailable(
                f"Not installed: {', '.join(tools)}.",
                f"apt-get install --no-install-recommends {' '.join(tools.values())}",
            )
        return DISTRIBUTIONS[system.name].why_unavailable(system)

    def prepare(self, system: System, say: Notify = ignore_message) -> None:
        ensure_image(system, say)

    def up(
        self,
        name: str,
        system: System,
        recipe: Installation | None = None,
        files: Sequence[File] = (),
    ) -> LxcGuest:
        layers = [_laid(files)] if files else []
        if recipe:
            layers.append(self._layer(system, recipe))
        return self._start(name, system, layers)

    def leftovers(self) -> list[str]:
        return sorted({*keeper.abandoned(), *(home.name for home in _unowned())})

    def kept(self) -> list[str]:
        return [home.name for home in _homes() if (home / keeper.KEPT).exists()]

    def owned(self) -> list[str]:
        return [home.name for home in _homes() if _owned(home)]

    def remove(self, name: str) -> None:
        home = _folder() / check_guest_name(name)
        if _owned(home):
            _end_keeper(home)
        subprocess.run(
            ["lxc-stop", "-P", str(keeper.GUESTS), "-n", name, "-k"],
            capture_output=True,
            check=False,
        )
        _all_gone(f"Guest {name} is not removed.", keeper.remove_traces(home))

    def _start(self, name: str, system: System, layers: list[Path]) -> LxcGuest:
        guest = LxcGuest(name, detect_system(system), [*layers, ensure_image(system)])
        try:
            guest.reboot()
        except BaseException:
            guest.destroy()
            raise
        return guest

    def _layer(self, system: System, recipe: Installation) -> Path:
        """The upper directory that installing the recipe left, made if it is not there."""
        base = ensure_image(system)
        digest = hashlib.sha256(
            f"{base.name}\n{system.mirror.aur}\n{recipe.key}".encode()
        ).hexdigest()[:16]
        layer = cache_folder() / "layers" / f"{system.name}-{recipe.name}-{digest}"
        layer.parent.mkdir(exist_ok=True)
        with FileLock(f"{layer}.lock"):
            if not layer.exists():
                self._install(system, recipe, layer)
        return layer

    def _install(self, system: System, recipe: Installation, layer: Path) -> None:
        guest = self._start(f"install-{recipe.name}-{os.getpid()}", system, [])
        try:
            with guest.network():
                recipe.install(guest)
            guest.halt()
            guest.upper.rename(layer)
        finally:
            guest.destroy()


def _laid(files: Sequence[File]) -> Path:
    """A layer of those files, made if it is not there: the same inodes for every guest."""
    digest = hashlib.sha256(repr(files).encode()).hexdigest()[:16]
    layer = cache_folder() / "layers" / f"files-{digest}"
    layer.parent.mkdir(exist_ok=True)
    with FileLock(f"{layer}.lock"):
        if not layer.exists():
            new = layer.with_suffix(".new")
            remove_tree(new)
            for file in files:
                place = new / file.path.lstrip("/")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.data)
                place.chmod(file.mode)
            for path in (new, *new.rglob("*")):
                os.chown(path, SHIFT, SHIFT)
                if path.is_dir():
                    path.chmod(0o755)
            new.rename(layer)
    return layer


class LxcGuest(Guest):
    """A guest in a user namespace, its root an overlay over cached layers."""

    def __init__(self, name: str, system: System, layers: list[Path]) -> None:
        super().__init__(name, system)
        self._home = _folder() / name
        self._layers = layers
        self._talk = threading.Lock()
        self._pid = 0
        self._door: subprocess.Popen[bytes] | None = None
        if self._home in _unowned():
            Lxc().remove(name)
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__, str(cache_folder()), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            self._claim_home()
            self._furnish_home()
        except BaseException:
            self._let_go()
            raise

    @property
    def upper(self) -> Path:
        """What the guest has written, as a tree."""
        return self._home / "upper"

    def connect(self) -> Connection:
        until = time.monotonic() + _PATIENCE
        while True:
            if self._keeper.poll() is not None:  # its pid may be another's by now
                raise self._gone()
            connection = self._through_door()
            try:
                connection.open()
                return connection
            except (SSHException, EOFError, ConnectionError) as failure:
                # A PID 1 that has just started may mount a new /run under sshd's feet.
                self._close_door()
                if time.monotonic() > until:
                    raise self._silent(failure) from failure
                time.sleep(0.05)

    def _silent(self, failure: Exception) -> Problem:
        return Problem(
            f"Guest {self.name} runs, but does not let anybody in.",
            known=f"{failure or type(failure).__name__}\n{self.describe_free_space()}\n"
            f"{self._log()}",
            advice="./inv doctor shows whether this host can run embedded guests.",
        )

    def describe_free_space(self) -> str:
        free = shutil.disk_usage(self._home).free >> 20
        return f"{free} MiB are free where it writes, {self._home}."

    def _through_door(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            self._door = subprocess.Popen(
                # A door stops where its sshd is stopped, as an init does that ends everything; it
                # must not outlive us so: the guest would wait for it for ever.
                [
                    "setpriv",
                    "--pdeathsig",
                    "KILL",
                    "nsenter",
                    "-t",
                    str(self._pid),
                    "-a",
                    "--",
                    "/bin/sh",
                    "-c",
                    _SSHD,
                ],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        return Connection(
            host=self.name,
            user="root",
            config=fabric_config(),
            connect_timeout=20,
            connect_kwargs={
                "sock": ours,
                "key_filename": str(guest_key()),
                "allow_agent": False,
                "look_for_keys": False,
            },
        )

    def disconnect(self) -> None:
        super().disconnect()
        self._close_door()

    def _close_door(self) -> None:
        # sshd ends once its socket is closed; the kernel ends a guest only after that.
        # Taken before it is waited for: Ctrl-C closes it beside the thread that works through it.
        door, self._door = self._door, None
        if door is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            door.wait(5)
        door.kill()
        door.wait()

    def reboot(self, init: str | None = None) -> None:
        self.disconnect()
        self._ask("halt")
        self._write_config(init or "/sbin/init")
        answer = self._ask("boot")
        if not answer.startswith("pid "):
            raise Problem(
                f"Guest {self.name} did not start with {init or '/sbin/init'} as PID 1.",
                known=self._log(),
                advice="./inv doctor shows whether this host can run embedded guests.",
            )
        self._pid = int(answer.split()[1])

    def halt(self) -> None:
        """Stop every process of the guest; its files stay."""
        self.disconnect()
        self._ask("halt")

    def has_ended(self) -> bool:
        return self._ask("state") == "ended"

    @contextmanager
    def network(self) -> Iterator[None]:
        if self._ask("online") != "online":
            raise Problem(
                f"Guest {self.name} could not be given a network.",
                known=(self._home / "network.log").read_text()[-2000:],
                advice="slirp4netns needs /dev/net/tun; ./inv doctor shows whether it is there.",
            )
        try:
            yield
        finally:
            self._ask("offline")

    def facts(self) -> dict[str, Any]:
        return {
            "provider": Lxc.name,
            "acceleration": "none needed: the host's kernel",
            "kernel": platform.release(),
            "cgroup": "v2" if Path("/sys/fs/cgroup/cgroup.controllers").exists() else "v1",
        }

    def find_memory_group(self, pid: int) -> MemoryGroup | None:
        for outside in _processes_of(self._pid):
            if _pid_inside(outside) == pid:
                return find_memory_group(outside)
        return None

    @contextmanager
    def count_syscalls(self, pids: Iterable[int]) -> Iterator[SyscallCount]:
        wanted = set(pids)
        with count_syscalls(
            each for each in _processes_of(self._pid) if _pid_inside(each) in wanted
        ) as it:
            yield it

    def keep(self) -> str:
        self._ask("keep")
        return " ".join(self._enter())

    def shell(self) -> int:
        return subprocess.run(self._enter(), check=False).returncode

    def _enter(self) -> list[str]:
        return ["nsenter", "-t", str(self._pid), "-a", "--", "/bin/bash", "-l"]

    def destroy(self) -> None:
        self.disconnect()
        self._let_go()
        # A keeper that was killed removed nothing.
        if self._home.exists():
            Lxc().remove(self.name)

    def _let_go(self) -> None:
        """Have the keeper remove what it has made, and wait until it has."""
        assert self._keeper.stdin is not None
        with contextlib.suppress(OSError):
            self._keeper.stdin.close()
        try:
            self._keeper.wait(_KEEPERS_PATIENCE)
        except subprocess.TimeoutExpired as failure:
            raise self._hangs("end") from failure

    def _ask(self, word: str) -> str:
        assert self._keeper.stdin is not None
        try:
            with self._talk:
                self._keeper.stdin.write(word + "\n")
                self._keeper.stdin.flush()
                return self._answer(word)
        except BrokenPipeError as failure:
            raise self._gone() from failure

    def _answer(self, word: str) -> str:
        assert self._keeper.stdout is not None
        if not select.select([self._keeper.stdout], [], [], _KEEPERS_PATIENCE)[0]:
            raise self._hangs(word)
        answer = self._keeper.stdout.readline()
        if not answer:
            raise self._gone()
        return answer.strip()

    def _gone(self) -> Problem:
        return Problem(
            f"The keeper of guest {self.name} is gone, and the guest with it.",
            advice="./inv destroy removes what is left.",
        )

    def _hangs(self, word: str) -> Problem:
        return Problem(
            f"The keeper of guest {self.name} has not done {word!r} in {_KEEPERS_PATIENCE} s.",
            known=self._log(),
            advice=f"kill -KILL {self._keeper.pid} ends it and the guest, "
            "then ./inv destroy removes what is left.",
        )

    def _claim_home(self) -> None:
        """Wait until the keeper has the guest's folder. Raises Problem and OSError."""
        answer = self._answer("begin")
        if answer == "ready":
            return
        if int(answer) == errno.EEXIST:
            raise Problem(
                f"A guest named {self.name} is running.", advice="./inv destroy removes it."
            )
        raise OSError(int(answer), os.strerror(int(answer)), str(self._home))

    def _furnish_home(self) -> None:
        os.chown(self._home, SHIFT, SHIFT)
        for part in ("upper", "work"):
            make_shifted_folder(self._home / part)

    def _write_config(self, init: str) -> None:
        rootfs = ":".join(_seen(path) for path in (*self._layers, self.upper))
        text = _CONFIG.render(
            name=self.name,
            arch=platform.machine(),
            init=init,
            files=_open_files(),
            terminals=Path("/proc/sys/kernel/pty/max").read_text().strip(),
            shift=SHIFT,
            range=RANGE,
            rootfs=f"overlay:{rootfs}",
            cgroup=keeper.cgroup_name(self.name),
            seccomp=_seen(self._home / _SECCOMP),
        )
        (self._home / "config").write_text(text)
        (self._home / _SECCOMP).write_text(_LXC_SECCOMP.read_text() + _NO_KEYS)

    def _log(self) -> str:
        path = self._home / "log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""


def _processes_of(init: int) -> Iterator[int]:
    """The host's pids of all processes in that PID 1's namespace."""
    namespace = Path(f"/proc/{init}/ns/pid").readlink()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "ns" / "pid").readlink() == namespace:
                yield int(entry.name)


def _pid_inside(pid: int) -> int | None:
    """What a process of the host is called in its own namespace; None: it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return None


def _folder() -> Path:
    return cache_folder() / "guests"


def _open_files() -> str:
    """Soft and hard limit of open files, as Debian's kernel and init give them where we may."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return f"{min(1024, most)}:{min(524288, most)}"


def _seen(path: Path) -> str:
    """Where the guest's keeper sees a path of the cache."""
    return str(keeper.VIEW / path.relative_to(cache_folder()))


def _homes() -> list[Path]:
    return sorted(home for home in _folder().glob("*/") if is_guest_name(home.name))


def _unowned() -> list[Path]:
    """The guests' folders that no keeper is alive for."""
    if not _folder().exists():
        return []
    with keeper.claiming(_folder()):
        return [home for home in _homes() if not _owned(home)]


def _owned(home: Path) -> bool:
    """Whether a keeper is alive for that guest."""
    try:
        with (home / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _end_keeper(home: Path) -> None:
    """Ask the guest's keeper, and nobody else, to remove it, and wait until it has.

    One that hangs is killed, and the guest with it. A plain user cannot end root's: it stays.
    """
    # It may end by itself at any time.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        pid = int((home / "lock").read_text())
        process = os.pidfd_open(pid)
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if command[-3:-1] == [str(home.parent.parent).encode(), home.name.encode()]:
                signal.pidfd_send_signal(process, signal.SIGTERM)
                if not select.select([process], [], [], 30)[0]:
                    signal.pidfd_send_signal(process, signal.SIGKILL)
                    select.select([process], [], [], 30)
        finally:
            os.close(process)


def clear_cache() -> None:
    """Remove images, layers and everything else that can be made again. Raises Problem."""
    entries = [entry for entry in cache_folder().iterdir() if entry.name != "guests"]
    for entry in entries:
        if entry.is_dir():
            remove_tree(entry)
        else:
            entry.unlink()
    _all_gone("The cache is not cleared.", [entry for entry in entries if entry.exists()])


def _all_gone(what: str, left: list[Path]) -> None:
    """Raises Problem where anything is left."""
    if left:
        raise Problem(
            what,
            known="\n".join(f"{path} is left." for path in left),
            advice="Once nothing uses it any more, run the same command again."
            if os.geteuid() == 0
            else "Run the same command with sudo.",
        )
