"""What a host is like, in all that a guest could change; and how two such views differ.

The view is total: on a host where nothing else goes on, any difference at all is the suite's. Other
people's embedded guests, which come and go beside the tests, are told apart by their names alone,
and their mounts are not seen: these tests have a mount namespace of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from provision.lxc.keeper import LOCKS, cgroup_name
from tests.support.suite import Suite, descendants

NAMESPACES = ("mnt", "net", "pid", "user", "uts", "ipc", "cgroup")
# Counters and random numbers, which change by being looked at.
VOLATILE = {
    "fs/aio-nr", "fs/dentry-state", "fs/file-nr", "fs/inode-nr", "fs/inode-state",
    "fs/quota/syncs", "kernel/ns_last_pid", "kernel/pty/nr", "kernel/random/boot_id",
    "kernel/random/entropy_avail", "kernel/random/uuid", "kernel/perf_event_max_sample_rate",
    "net/netfilter/nf_conntrack_count", "vm/stat_refresh",
}  # fmt: skip
# Trees where LXC or a guest could leave something; all others are seen by `Covered`.
TREES = ("/run/lxc", "/var/lib/lxc", "/var/cache/lxc", "/var/log/lxc", "/dev")
# What is covered while a suite runs whose every write is to be seen.
COVERED = ("/boot", "/etc", "/home", "/opt", "/srv", "/usr", "/var")


@dataclass(frozen=True)
class Host:
    """Everything as sets of lines, so that a difference names what came and what went."""

    processes: frozenset[str]
    namespaces: frozenset[str]
    mounts: frozenset[str]
    cgroups: frozenset[str]
    interfaces: frozenset[str]
    rules: frozenset[str]
    sysctls: frozenset[str]
    sysfs: frozenset[str]
    files: frozenset[str]

    @classmethod
    def seen(cls, suite: Suite) -> Host:
        mounts = frozenset(Path("/proc/self/mountinfo").read_text().splitlines())
        return cls(
            processes=frozenset(_process(each) for each in descendants()),
            namespaces=_namespaces(mounts),
            mounts=mounts,
            cgroups=frozenset(_cgroups(suite)),
            interfaces=frozenset(_interfaces()),
            rules=frozenset(_rules()),
            sysctls=frozenset(_sysctls()),
            sysfs=frozenset(_sysfs()),
            files=frozenset(_files(suite)),
        )

    def differences(self, later: Host) -> dict[str, list[str]]:
        """By kind, what came (+) and what went (-)."""
        found = {}
        for kind, before in asdict(self).items():
            after = getattr(later, kind)
            lines = [f"+ {line}" for line in sorted(after - before)]
            gone = [line for line in before - after if not _lock_folder(line)]
            lines += [f"- {line}" for line in sorted(gone)]
            if lines:
                found[kind] = lines
        return found

    def newcomers(self) -> list[psutil.Process]:
        """Living descendants of this process that were not there then."""
        return [each for each in descendants() if _process(each) not in self.processes]


def _lock_folder(line: str) -> bool:
    """Whether it is a folder of LXC's locks: an empty one goes with anybody's guest that ends."""
    return line.startswith(f"{LOCKS}/") and "/." not in line


def _process(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())}"
    except psutil.NoSuchProcess:
        return f"{process.pid}"


def _namespaces(mounts: frozenset[str]) -> frozenset[str]:
    """Those which this process's descendants are in, or which a mount keeps alive."""
    held = {line for line in mounts if " nsfs " in line}
    for process in descendants():
        for kind in NAMESPACES:
            try:
                held.add(str(Path(f"/proc/{process.pid}/ns/{kind}").readlink()))
            except OSError:
                continue
    return frozenset(held)


def _foreign(name: str, suite: Suite) -> bool:
    """Whether a control group or lock belongs to a guest which is not of this suite's cache."""
    marker = cgroup_name("")
    if marker in name:
        guest = name.split(marker, 1)[1].split("/")[0]
    elif f"{name}/".startswith(f"{LOCKS}/") and Path(name).is_dir():
        # It goes with the last lock in it, whosever that is.
        return any(_foreign(str(lock), suite) for lock in Path(name).rglob(".*"))
    elif name.startswith(f"{LOCKS}/"):
        guest = Path(name).name.lstrip(".")
    else:
        return False
    return not suite.ever_had(guest.removesuffix(".monitor").removesuffix(".pivot"))


def _cgroups(suite: Suite) -> list[str]:
    """All but those in which processes live that are not this process's descendants."""
    ours = {os.getpid(), *(each.pid for each in descendants())}
    return [
        folder
        for folder, _, names in os.walk("/sys/fs/cgroup")
        if not _foreign(folder, suite) and ("cgroup.procs" not in names or _members(folder) <= ours)
    ]


def _members(folder: str) -> set[int]:
    try:
        return {int(word) for word in Path(folder, "cgroup.procs").read_text().split()}
    except OSError:
        return set()


def _interfaces() -> list[str]:
    lines = [
        f"{name} {address.family.name} {address.address}/{address.netmask}"
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
    ]
    lines += [f"{name} up={stats.isup}" for name, stats in psutil.net_if_stats().items()]
    routes = Path("/proc/net/route").read_text().splitlines()[1:]
    return lines + [" ".join(route.split()[:4] + route.split()[7:8]) for route in routes]


def _rules() -> list[str]:
    lines = []
    for command in (["nft", "list", "ruleset"], ["iptables-save"], ["ip6tables-save"]):
        if shutil.which(command[0]):
            told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            lines += [
                f"{command[0]}: {line.split(' [')[0]}"
                for line in told.splitlines()
                if not line.startswith("#")
            ]
    return lines


def _sysctls() -> list[str]:
    lines = []
    for folder, _, names in os.walk("/proc/sys"):
        for name in names:
            path = Path(folder, name)
            key = str(path.relative_to("/proc/sys"))
            if key in VOLATILE or "binfmt_misc" in key:
                continue
            try:
                lines.append(f"{key} = {path.read_text(errors='replace').strip()}")
            except OSError:
                continue
    return lines


def _sysfs() -> list[str]:
    read_only = bool(os.statvfs("/sys").f_flag & os.ST_RDONLY)
    return [f"read-only: {read_only}", f"writable: {os.access('/sys', os.W_OK)}"]


def _files(suite: Suite) -> list[str]:
    """Names, sizes and owners outside the cache and the results, those of the suite's own rooms."""
    lines = []
    for top in (*TREES, str(suite.home), str(suite.temporary), str(suite.checkout)):
        for folder, folders, names in os.walk(top):
            if Path(folder) == suite.checkout and "results" in folders:
                folders.remove("results")
            for name in (*folders, *names):
                path = os.path.join(folder, name)  # noqa: PTH118
                if not _foreign(path, suite) and not path.startswith(("/dev/pts/", "/dev/shm/")):
                    lines.append(_file(path))
    return lines


def _file(path: str) -> str:
    try:
        found = os.lstat(path)
    except OSError:
        return path
    size = found.st_size if not path.startswith(("/run/", "/dev/")) else 0
    return f"{path} {found.st_uid}:{found.st_gid} {found.st_mode:o} {size}"


@dataclass(frozen=True)
class Covered:
    """The host's trees covered by overlays that only a suite sees: whatever it writes is caught.

    Other people's installing and removing goes on below, and does not disturb the picture.
    """

    folder: Path

    def before(self) -> tuple[str, ...]:
        """The command that becomes the suite, under the covers."""
        lines = ["set -e"]
        for tree in COVERED:
            above, work = (self.folder / kind / tree.lstrip("/") for kind in ("above", "work"))
            above.mkdir(parents=True)
            work.mkdir(parents=True)
            shutil.copystat(tree, above)
            layers = f"lowerdir={tree},upperdir={above},workdir={work}"
            lines.append(f"mount -t overlay -o {layers} overlay {tree}")
        return ("unshare", "--mount", "sh", "-c", "\n".join([*lines, 'exec "$@"']), "sh")

    def written(self) -> list[str]:
        """Every path that was made, changed or removed there."""
        above = self.folder / "above"
        tops = {above / tree.lstrip("/") for tree in COVERED}
        return sorted(
            f"/{path.relative_to(above)}" for path in above.rglob("*") if path not in tops
        )
