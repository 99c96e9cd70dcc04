"""What a guest leaves on the host: processes, control groups, LXC's lock, its folder.

Like the keeper, with which it is loaded, it imports nothing of the project.
"""

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
LOCKS = Path("/run/lxc/lock")
CACHE_MOUNT = Path("/mnt")
GUESTS = CACHE_MOUNT / "guests"
# The file name of the program that forks keepers, which is theirs, too.
KEEPERS = "keeper_server.py"
# In a guest's folder: what its PID 1 prints, of which LXC keeps an earlier part as console.1, what
# LXC logs, and what lxc-start prints where it cannot log.
CONSOLE = "console"
LXC_LOG = "lxc.log"
LXC_OUTPUT = "output"
# The folder that LXC makes before it starts the guest: it fails, and ends, where that is there.
BOOTED = "booted"
# As in provision/guests/names.py: any other name could stand for a folder that is not one guest's.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# How long the kernel may take to end a guest that was killed.
SECONDS_TO_VANISH = 10.0


@contextlib.contextmanager
def claim_lock(guests: Path) -> Iterator[None]:
    """Let no guest's folder appear or go meanwhile: each folder that is seen has its lock."""
    folder = os.open(guests, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def cgroup_name(name: str) -> str:
    """The prefix of the names of that guest's control groups."""
    return f"process-supervision.{name}"


def orphaned_names() -> list[str]:
    """Names of guests that have control groups, but no keeper.

    A guest with a process that this process cannot see, such as another container's, is not one.
    """
    groups: dict[str, list[Path]] = {}
    for top in _top_cgroups("*"):
        name = top.name.removeprefix(cgroup_name("")).split(".")[0]
        if NAME.fullmatch(name):
            groups.setdefault(name, []).append(top)
    # A guest whose groups are there has its keeper already. A host may have hundreds of guests, and
    # to look at all groups of one takes milliseconds: only of those without a keeper.
    with_keeper = _names_with_keeper() if groups else set()
    # LXC appends a number to the name of a group where that name is in use.
    return sorted(
        name
        for name, tops in groups.items()
        if not {name, re.sub(r"-\d+$", "", name)} & with_keeper and all(map(_is_visible, tops))
    )


def _is_visible(top: Path) -> bool:
    """Tell whether all processes in that group or below have a pid here; no if it is unreadable."""
    try:
        return all(pid for folder, group in _walk_groups(top) for pid in _pids(folder, group))
    except OSError:
        return False


def _names_with_keeper() -> set[str]:
    """Names of the guests of all caches whose keeper is alive: it has the guest's lock open."""
    names = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_text(errors="replace").split("\0")
            if any(Path(word).name == KEEPERS for word in words):
                names |= _names_of_locks(process)
    return names


def _names_of_locks(process: Path) -> set[str]:
    """Names of the guests whose locks that process has open, also of a lock that is removed."""
    names = set()
    for link in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            path = Path(str(link.readlink()).removesuffix(" (deleted)"))
            if path.name == "lock" and path.parent.parent.name == "guests":
                names.add(path.parent.name)
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
        remove_groups(home.name)
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


def guest_processes(name: str) -> set[int]:
    """The pids on the host of everything that runs in the guest."""
    pids: set[int] = set()
    for top in _top_cgroups(name):
        with contextlib.suppress(OSError):
            for folder, group in _walk_groups(top):
                pids.update(_pids(folder, group))
    return pids - {0}


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


def remove_groups(name: str) -> None:
    """Remove the guest's control groups that have no process."""
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
    return {top for base in own_cgroups() for top in base.glob(cgroup_name(pattern))}


def own_cgroups() -> set[Path]:
    """The folders of control groups in which this process may make one, in all hierarchies."""
    if not CGROUPS.is_dir():
        return set()
    own = {
        line.split(":", 2)[2].lstrip("/")
        for line in Path("/proc/self/cgroup").read_text().splitlines()
    }
    return {
        root / path
        for root in (CGROUPS, *CGROUPS.glob("*"))
        for path in {"", *own}
        if os.access(root / path, os.W_OK)
    }
