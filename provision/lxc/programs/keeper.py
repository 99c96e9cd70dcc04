"""Keeps one embedded guest, and removes every trace of it when its owner is gone.

`keeper_server.py` forks it, into a session of its own: neither Ctrl-C nor SIGKILL of the suite
reaches it. It has loaded the modules beside it that import nothing of the project, and nothing
else, so that it is small and works whatever becomes of the checkout.

It makes the guest's folder, CACHE/guests/NAME: no guest's folder is ever without a process that
removes it. It holds a lock in the folder as long as it lives. In a mount namespace of its own it
sees the cache at CACHE_MOUNT, since the shifted root may not walk down to it through /root, and no
newuidmap. Then it prints `ready`, or the number of the error that it met (EEXIST: another guest has
the folder). Standard input and output are one socket. Each line is a command, and gets one line as
its answer:

    boot BYTES FILES    start the guest, which may write so much    -> `pid N`, or `failed`
    halt                stop it                        -> `halted`, or `failed`
    state               has it ended by itself?        -> `running`, `ended`, or `ended WHY` where
                                                          the keeper has ended it
    connect             run sshd in it, on the socket
                        that comes with this line      -> `connecting`, or `failed`
    disconnect          end that, which ends itself
                        once the other end is closed   -> `disconnected`
    online              give it a network              -> `online`, or `failed`
    offline             take the network away          -> `offline`
    keep                outlive the owner              -> `kept`

At end of file, or by SIGTERM, it removes the guest: processes, control groups, locks, folder.
"""

import contextlib
import ctypes
import fcntl
import functools
import importlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from provision.lxc.programs import disk_guard, enter, inherited, namespaces, traces
else:
    # Without a package where keeper_server.py loads it, which runs with -I.
    _BESIDE = f"{__package__}." if __package__ else ""
    disk_guard = importlib.import_module(f"{_BESIDE}disk_guard")
    enter = importlib.import_module(f"{_BESIDE}enter")
    inherited = importlib.import_module(f"{_BESIDE}inherited")
    namespaces = importlib.import_module(f"{_BESIDE}namespaces")
    traces = importlib.import_module(f"{_BESIDE}traces")

KEPT = "kept"
# How readily the kernel ends a guest's process for lack of memory, before one of the host's.
OOM_SCORE = 500
PR_SET_PDEATHSIG = 1
# Of the folders that lead to a guest's root: its root is none of the host's users.
_OPEN = 0o755
_SSHD = "mkdir -p /run/sshd; exec /usr/sbin/sshd -i -o UsePAM=no -o UseDNS=no"
# Seconds that sshd may take to end once its socket is closed.
_SECONDS_TO_DISCONNECT = 5


class Keeper:
    """The guest's processes on the host: LXC's monitor, and its sshd and network if it has them."""

    def __init__(self, cache: Path, name: str) -> None:
        if not traces.NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a guest")
        self.cache = cache
        self.name = name
        self.home = cache / "guests" / name
        self.monitor: subprocess.Popen[bytes] | None = None
        self.network: subprocess.Popen[bytes] | None = None
        self.sshd: subprocess.Popen[bytes] | None = None
        self.guard: disk_guard.DiskGuard | None = None
        self.why_ended = ""

    def prepare_mounts(self) -> None:
        """Bind the cache to CACHE_MOUNT, for this process and its children. Raises OSError."""
        namespaces.enter_mount_namespace()
        namespaces.bind(self.cache, traces.CACHE_MOUNT)
        # A cache that lies below CACHE_MOUNT itself is hidden at its own path from now on.
        self.home = traces.GUESTS / self.name
        namespaces.hide_map_tools()
        namespaces.hide_cpusets()

    def boot(self, size: str, files: str) -> str:
        if self.guard is None:  # what the guest wrote before it is booted again counts as well
            limit = disk_guard.Space(int(size), int(files))
            processes = functools.partial(traces.guest_processes, self.name)
            self.guard = disk_guard.DiskGuard(self.home, limit, processes)
        self.why_ended = ""
        traces.create_lxc_lock(self.name)
        # A guest that ended by itself leaves the group of what was started in it from outside.
        traces.remove_groups(self.name)
        (self.home / traces.LXC_LOG).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (self.home / traces.BOOTED).rmdir()
        with (self.home / traces.LXC_OUTPUT).open("wb") as output:
            self.monitor = self._child(
                ["lxc-start", "-P", str(traces.GUESTS), "-n", self.name, "-F",
                 # Only in a file does LXC say why the guest's PID 1 cannot be executed, and with
                 # what it has ended.
                 "-l", "INFO", "-o", str(traces.GUESTS / self.name / traces.LXC_LOG)],
                output,
                limited=True,
            )  # fmt: skip
        while self.monitor.poll() is None:
            pid = self._pid_1()
            if pid:
                return f"pid {pid}"
            time.sleep(0.005)
        return "failed"

    def _pid_1(self) -> str:
        info = subprocess.run(
            ["lxc-info", "-P", str(traces.GUESTS), "-n", self.name, "-pH"],
            capture_output=True,
            text=True,
            check=False,
        )
        return info.stdout.strip() if "-" not in info.stdout else ""

    def halt(self) -> str:
        self.offline()
        deadline = time.monotonic() + traces.SECONDS_TO_VANISH
        while self.monitor is not None and self.monitor.poll() is None:
            if time.monotonic() > deadline:
                return "failed"
            self._stop(self.monitor)
        self.monitor = None
        return "halted"

    def _stop(self, monitor: subprocess.Popen[bytes]) -> None:
        """Kill PID 1; where that does not end the guest, such as a frozen one, all processes."""
        try:
            subprocess.run(
                ["lxc-stop", "-P", str(traces.GUESTS), "-n", self.name, "-k"],
                capture_output=True,
                check=False,
                timeout=2,
            )
            monitor.wait(1)
        except subprocess.TimeoutExpired:
            traces.end_processes(self.name)

    def state(self) -> str:
        return "running" if self.is_running() else f"ended {self.why_ended}".strip()

    def is_running(self) -> bool:
        return self.monitor is not None and self.monitor.poll() is None

    def watch(self) -> None:
        """End a guest that takes too much of the disk."""
        why = self.guard.fault() if self.guard is not None and self.is_running() else ""
        if why:
            self.halt()
            self.why_ended = why

    def connect(self, stream: int) -> str:
        self.disconnect()
        try:
            self.sshd = subprocess.Popen(
                [*enter.attach_command(self.name, enter.OWN_GROUPS), "/bin/sh", "-c", _SSHD],
                stdin=stream,
                stdout=stream,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=functools.partial(prepare_sshd, os.getpid(), self.name),
            )
        except (OSError, subprocess.SubprocessError):
            # PID 1 may just have ended, and LXC removes the groups that sshd was to enter.
            return "failed"
        return "connecting"

    def disconnect(self) -> str:
        if self.sshd is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.sshd.wait(_SECONDS_TO_DISCONNECT)
            self.sshd.kill()
            self.sshd.wait()
            self.sshd = None
        return "disconnected"

    def online(self) -> str:
        ready_read, ready_write = os.pipe()
        with (self.home / "network.log").open("ab") as log:
            self.network = self._child(
                ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback",
                 f"--ready-fd={ready_write}", self._pid_1(), "tap0"],
                log,
                pass_fds=(ready_write,),
            )  # fmt: skip
        os.close(ready_write)
        ready = os.read(ready_read, 1)
        os.close(ready_read)
        return "online" if ready else "failed"

    def offline(self) -> str:
        if self.network is not None:
            self.network.terminate()
            self.network.wait()
            self.network = None
        return "offline"

    def keep(self) -> str:
        (self.home / KEPT).touch()
        return "kept"

    def remove(self) -> None:
        self.halt()
        # The guest takes its sshd with it, and the kernel ends a guest only when that is reaped. An
        # lxc-attach that is killed first would leave this to the host's PID 1, and some of these
        # reap every two seconds.
        self.disconnect()
        traces.remove_traces(self.home)

    def _child(
        self,
        command: list[str],
        log: IO[bytes],
        pass_fds: tuple[int, ...] = (),
        *,
        limited: bool = False,
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=pass_fds,
            preexec_fn=functools.partial(prepare_child, os.getpid(), limited=limited),
        )


def claim_guest(home: Path) -> IO[str]:
    """Make the guest's folder; returns its lock, open and held. Raises OSError, with no folder."""
    home.parent.mkdir(parents=True, exist_ok=True)
    home.parent.chmod(_OPEN)  # an earlier suite may have made it with any mode
    with traces.claim_lock(home.parent):
        home.mkdir()
        try:
            lock = (home / "lock").open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
        except OSError:  # such as a full disk
            traces.remove_tree(home)
            raise
        return lock


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; end where it has died already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def prepare_child(parent: int, *, limited: bool) -> None:
    """Have a child of the keeper die with it. limited: it and the guest have limits."""
    inherited.drop_inherited()
    if limited:
        # As root of the host: the guest's root cannot go below it. It dies before the host does.
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
        enter_limited_namespace()
    die_with_parent(parent)


def prepare_sshd(parent: int, name: str) -> None:
    """Have sshd of that guest run within its limits, with nothing of the host's, and die with it.

    A stopping init may stop sshd as well. That must not outlive the keeper: the kernel would not
    end the guest's PID namespace.
    """
    enter.prepare(name)
    die_with_parent(parent)


def enter_limited_namespace() -> None:
    """Enter a user namespace in which every number of the host's users stands for itself.

    The kernel counts what a guest uses in its own namespace and in those around it. The guest's
    root may raise the limits of its own, but not those of this one.
    """
    try:
        namespaces.enter_user_namespace("0 0 4294967295")
    except OSError as failure:
        if failure.filename is not None:
            raise
        return  # LXC will not get one either, and says so in the guest's log
    for what in ("instances", "watches"):
        Path(f"/proc/sys/user/max_inotify_{what}").write_text(str(inotify_limit(what)))


def inotify_limit(what: str) -> int:
    """How many inotify instances or watches a guest may have: a quarter of what its owner has."""
    return int(Path(f"/proc/sys/fs/inotify/max_user_{what}").read_text()) // 4


def keep_guest(cache: Path, name: str) -> None:
    """Claim the guest, answer the owner until it is gone, then remove the guest."""
    keeper = Keeper(cache, name)
    os.umask(0o022)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        lock = claim_guest(keeper.home)
    except OSError as failure:
        print(failure.errno, flush=True)
        return
    with lock:
        try:
            try:
                keeper.prepare_mounts()
            except OSError as failure:
                print(failure.errno, flush=True)
                return
            print("ready", flush=True)
            _serve(keeper)
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            keeper.remove()


def _serve(keeper: Keeper) -> None:
    commands: dict[str, Callable[..., str]] = {command.__name__: command for command in
                (keeper.boot, keeper.halt, keeper.state, keeper.connect, keeper.disconnect,
                 keeper.online, keeper.offline, keeper.keep)}  # fmt: skip
    for line, streams in _read_lines(keeper.watch):
        command, *arguments = line.split()
        answer = commands[command](*arguments, *streams)
        for stream in streams:
            os.close(stream)
        print(answer, flush=True)
    keeper.disconnect()  # its sshd has ended with the owner, and would stay a zombie
    while (keeper.home / KEPT).exists() and keeper.is_running():
        time.sleep(disk_guard.SECONDS)
        keeper.watch()


def _read_lines(watch: Callable[[], None]) -> Iterator[tuple[str, list[int]]]:
    """Yield each line of standard input with its descriptors; watch the guest while none comes.

    An owner that has lost patience sends a line before it has the answer to the last one: both may
    come together, and what comes with them belongs to the last.
    """
    owner = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    while True:
        while not select.select([owner], [], [], disk_guard.SECONDS)[0]:
            watch()
        read, descriptors, _, _ = socket.recv_fds(owner, 4096, 1)
        if not read:
            return
        *earlier, last = read.decode().splitlines()
        for line in earlier:
            yield line, []
        yield last, descriptors
