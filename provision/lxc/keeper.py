"""Keeps one embedded guest, and removes every trace of it when its owner is gone.

Runs as `python -I -S keeper.py CACHE NAME`, in a session of its own: neither Ctrl-C nor SIGKILL of
the suite reaches it. It stays one file that imports nothing of the project, so that it starts
quickly and works whatever becomes of the checkout; the mount code is here and in the tracer for
this reason. It is recognised by its file name: `_names_with_keeper` and tests look for it.

It makes the guest's folder, CACHE/guests/NAME: no guest's folder is ever without a process that
removes it. It holds a lock in the folder as long as it lives. Then it prints `ready`, or the number
of the error that it met (EEXIST: another guest has the folder). In a mount namespace of its own it
sees the cache at CACHE_MOUNT: the shifted root may not walk down to it through /root. Each line on
standard input is a command, and gets one line as its answer:

    boot      start the guest               -> `pid N`, or `failed`
    halt      stop it                       -> `halted`, or `failed`
    state     has it ended by itself?       -> `running`, or `ended`
    online    give it a network             -> `online`, or `failed`
    offline   take the network away         -> `offline`
    keep      outlive the owner             -> `kept`

At end of file, or by SIGTERM, it removes the guest: processes, control groups, locks, folder.
"""

import contextlib
import ctypes
import fcntl
import functools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

CGROUPS = Path("/sys/fs/cgroup")
LOCKS = Path("/run/lxc/lock")
CACHE_MOUNT = Path("/mnt")
GUESTS = CACHE_MOUNT / "guests"
KEPT = "kept"
# As in provision/guests/names.py: any other name could stand for a folder that is not one guest's.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# How long the kernel may take to end a guest that was killed.
SECONDS_TO_VANISH = 10.0
# How readily the kernel ends a guest's process for lack of memory, before one of the host's.
OOM_SCORE = 500
PR_SET_PDEATHSIG = 1
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 1 << 18


class Keeper:
    """The guest's processes on the host: LXC's monitor, and its network while it has one."""

    def __init__(self, cache: Path, name: str) -> None:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a guest")
        self.cache = cache
        self.name = name
        self.home = cache / "guests" / name
        self.monitor: subprocess.Popen[bytes] | None = None
        self.network: subprocess.Popen[bytes] | None = None

    def boot(self) -> str:
        create_lxc_lock(self.name)
        with (self.home / "log").open("ab") as log:
            self.monitor = self._child(
                ["lxc-start", "-P", str(GUESTS), "-n", self.name, "-F"], log, limited=True
            )
        while self.monitor.poll() is None:
            pid = self._pid_1()
            if pid:
                return f"pid {pid}"
            time.sleep(0.005)
        return "failed"

    def _pid_1(self) -> str:
        info = subprocess.run(
            ["lxc-info", "-P", str(GUESTS), "-n", self.name, "-pH"],
            capture_output=True,
            text=True,
            check=False,
        )
        return info.stdout.strip() if "-" not in info.stdout else ""

    def halt(self) -> str:
        self.offline()
        deadline = time.monotonic() + SECONDS_TO_VANISH
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
                ["lxc-stop", "-P", str(GUESTS), "-n", self.name, "-k"],
                capture_output=True,
                check=False,
                timeout=2,
            )
            monitor.wait(1)
        except subprocess.TimeoutExpired:
            end_processes(self.name)

    def state(self) -> str:
        return "running" if self.monitor is not None and self.monitor.poll() is None else "ended"

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
        remove_traces(self.home)

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


@contextlib.contextmanager
def claim_lock(guests: Path) -> Iterator[None]:
    """Let no guest's folder appear or go meanwhile: each folder that is seen has its lock."""
    folder = os.open(guests, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def claim_guest(home: Path) -> IO[str]:
    """Make the guest's folder; returns its lock, open and held. Raises OSError, with no folder."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with claim_lock(home.parent):
        home.mkdir()
        try:
            lock = (home / "lock").open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
        except OSError:  # such as a full disk
            remove_tree(home)
            raise
        return lock


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; end where it has died already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def prepare_child(parent: int, *, limited: bool) -> None:
    """Have a child of the keeper die with it. limited: it and the guest have limits."""
    if limited:
        # As root of the host: the guest's root cannot go below it. It dies before the host does.
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
        enter_limited_namespace()
    die_with_parent(parent)


def enter_limited_namespace() -> None:
    """Enter a user namespace in which every number of the host's users stands for itself.

    The kernel counts what a guest uses in its own namespace and in those around it. The guest's
    root may raise the limits of its own, but not those of this one.
    """
    process = os.getpid()
    ready_read, ready_write = os.pipe()
    mapper = os.fork()
    if mapper == 0:
        os.close(ready_write)
        if os.read(ready_read, 1):
            for file in ("uid_map", "gid_map"):
                Path(f"/proc/{process}/{file}").write_text("0 0 4294967295")
        os._exit(0)
    entered = ctypes.CDLL(None).unshare(CLONE_NEWUSER) == 0
    if entered:
        os.write(ready_write, b"x")
    os.close(ready_write)
    os.close(ready_read)
    os.waitpid(mapper, 0)
    if entered:
        for what in ("instances", "watches"):
            Path(f"/proc/sys/user/max_inotify_{what}").write_text(str(inotify_limit(what)))


def inotify_limit(what: str) -> int:
    """How many inotify instances or watches a guest may have: a quarter of what its owner has."""
    return int(Path(f"/proc/sys/fs/inotify/max_user_{what}").read_text()) // 4


def cgroup_name(name: str) -> str:
    """The prefix of the names of that guest's control groups."""
    return f"process-supervision.{name}"


def mount_cache(cache: Path) -> None:
    """Bind the cache to CACHE_MOUNT, for this process and its children alone. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    calls: tuple[Callable[[], int], ...] = (
        lambda: libc.unshare(CLONE_NEWNS),
        lambda: libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None),
        lambda: libc.mount(bytes(cache), bytes(CACHE_MOUNT), None, MS_BIND | MS_REC, None),
    )
    for call in calls:
        if call() != 0:
            raise OSError(ctypes.get_errno(), "cannot bind the cache", str(CACHE_MOUNT))


def orphaned_names() -> list[str]:
    """Names of guests that have control groups, but no keeper.

    A guest with a process that this process cannot see, such as another container's, is not one.
    """
    is_visible: dict[str, bool] = {}
    for top in _top_cgroups("*"):
        name = top.name.removeprefix(cgroup_name("")).split(".")[0]
        if NAME.fullmatch(name):
            is_visible[name] = is_visible.get(name, True) and _is_visible(top)
    with_keeper = _names_with_keeper() if is_visible else set()
    # LXC appends a number to the name of a group where that name is in use.
    return sorted(
        name
        for name, visible in is_visible.items()
        if visible and not {name, re.sub(r"-\d+$", "", name)} & with_keeper
    )


def _is_visible(top: Path) -> bool:
    """Tell whether all processes in that group or below have a pid here; no if it is unreadable."""
    try:
        return all(pid for folder, group in _walk_groups(top) for pid in _pids(folder, group))
    except OSError:
        return False


def _names_with_keeper() -> set[str]:
    """Names of the guests of all caches whose keeper is alive."""
    names = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_text(errors="replace").split("\0")
            if len(words) > 3 and Path(words[-4]).name == Path(__file__).name:
                names.add(words[-2])
    return names


def remove_traces(home: Path) -> list[Path]:
    """Remove what a guest whose processes have ended leaves on the host.

    Returns what could not be removed: control groups, lock file, folder. Raises ValueError where
    the folder is not one guest's.
    """
    if home.parent.name != "guests" or not NAME.fullmatch(home.name):
        raise ValueError(f"{home} is not the folder of one guest")
    deadline = time.monotonic() + SECONDS_TO_VANISH
    while _cgroups(home.name):
        end_processes(home.name)
        _remove_groups(home.name)
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    lock = lxc_lock(home.name)
    with contextlib.suppress(OSError):
        lock.unlink()
    for parent in lock.parents:
        if parent in (Path("/run"), Path("/")):
            break
        with contextlib.suppress(OSError):
            parent.rmdir()
    _remove_folder(home)
    return [path for path in (*_cgroups(home.name), lock, home) if path.exists()]


def _remove_folder(home: Path) -> None:
    """Remove folder and lock under the claim lock, so that no observer sees an orphan."""
    for tree in home.glob("*/"):
        remove_tree(tree)
    if home.exists():
        with claim_lock(home.parent):
            remove_tree(home)


def remove_tree(path: Path) -> None:
    """Remove a folder as far as permissions allow.

    By rm, which does not recurse: a guest may nest folders deeper than Python's stack.
    """
    subprocess.run(["rm", "-rf", "--", str(path)], capture_output=True, check=False)


def lxc_lock(name: str) -> Path:
    """The file by which LXC's tools exclude each other."""
    return LOCKS / str(GUESTS).lstrip("/") / f".{name}"


def create_lxc_lock(name: str) -> None:
    """Make that file before LXC does: the end of another guest removes an empty folder."""
    lock = lxc_lock(name)
    while not lock.exists():
        with contextlib.suppress(FileNotFoundError):
            lock.parent.mkdir(parents=True, exist_ok=True)
            lock.touch()


def guest_cgroups(name: str) -> set[Path]:
    """The control groups that hold everything of the guest and its limits, by hierarchy."""
    return _top_cgroups(name)


def end_processes(name: str) -> None:
    """Thaw and kill every process in the guest's control groups: a frozen one cannot die."""
    for top in _cgroups(name):
        with contextlib.suppress(OSError):
            for folder, group in _walk_groups(top):
                _write(folder, f"{group}/freezer.state", "THAWED")
                _write(folder, f"{group}/cgroup.freeze", "0")
                _kill(folder, group)


def _kill(folder: int, group: str) -> None:
    """Kill the processes in one control group, as far as they can be read and killed."""
    with contextlib.suppress(OSError):
        for pid in _pids(folder, group):
            if pid not in (0, os.getpid()):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)


def _remove_groups(name: str) -> None:
    for top in _cgroups(name):
        with contextlib.suppress(OSError):
            for folder, group in _walk_groups(top):
                with contextlib.suppress(OSError):
                    os.rmdir(group, dir_fd=folder)


def _cgroups(name: str) -> list[Path]:
    """The guest's outermost control groups, in all hierarchies."""
    # LXC and the suite append to the name, but no digit: that is another guest's name.
    return sorted(_top_cgroups(name) | _top_cgroups(f"{name}[!0-9]*"))


def _walk_groups(top: Path) -> Iterator[tuple[int, str]]:
    """Yield each control group at and below that one, innermost first. Raises OSError.

    A group is the descriptor of its parent and its name. There is neither recursion nor a path: a
    guest may nest groups deeper than Python's stack, and than the longest path.
    """
    folder = os.open(top.parent, os.O_RDONLY | os.O_DIRECTORY)
    names: list[str] = []
    pending = [[top.name]]
    try:
        while names or pending[-1]:
            if pending[-1]:
                names.append(pending[-1].pop())
                folder = _change_folder(folder, names[-1])
                with os.scandir(folder) as entries:
                    pending.append([e.name for e in entries if e.is_dir(follow_symlinks=False)])
            else:
                pending.pop()
                folder = _change_folder(folder, "..")
                yield folder, names.pop()
    finally:
        os.close(folder)


def _change_folder(folder: int, name: str) -> int:
    """Open a folder relative to another one, and close that one."""
    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    os.close(folder)
    return inner


def _pids(folder: int, group: str) -> list[int]:
    """The processes in a control group; 0 stands for one outside this process's namespace."""
    file = os.open(f"{group}/cgroup.procs", os.O_RDONLY, dir_fd=folder)
    with os.fdopen(file) as stream:
        return [int(line) for line in stream]


def _write(folder: int, path: str, text: str) -> None:
    """Write into a file of the kernel, where it exists."""
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_WRONLY, dir_fd=folder)
        with os.fdopen(file, "w") as stream:
            stream.write(text)


def _top_cgroups(pattern: str) -> set[Path]:
    """The outermost control groups of the guests of such a name that this process may remove."""
    if not CGROUPS.is_dir():
        return set()
    own = [
        line.split(":", 2)[2].lstrip("/")
        for line in Path("/proc/self/cgroup").read_text().splitlines()
    ]
    bases = {
        root / path
        for root in (CGROUPS, *CGROUPS.glob("*"))
        for path in ("", *own)
        if os.access(root / path, os.W_OK)
    }
    return {top for base in bases for top in base.glob(cgroup_name(pattern))}


def main() -> None:
    """Claim the guest, answer the owner until it is gone, then remove the guest."""
    keeper = Keeper(Path(sys.argv[1]), sys.argv[2])
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
            print("ready", flush=True)
            mount_cache(keeper.cache)
            _serve(keeper)
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            keeper.remove()


def _serve(keeper: Keeper) -> None:
    commands = {command.__name__: command for command in
             (keeper.boot, keeper.halt, keeper.state, keeper.online, keeper.offline,
              keeper.keep)}  # fmt: skip
    for line in sys.stdin:
        print(commands[line.strip()](), flush=True)
    if (keeper.home / KEPT).exists() and keeper.monitor is not None:
        keeper.monitor.wait()


if __name__ == "__main__":
    main()
