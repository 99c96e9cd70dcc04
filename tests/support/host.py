"""The state of a host, in everything that a guest could change, and how two states differ.

The state is complete, but that control groups are those of guests alone: on a host where nothing
else runs, the suite caused every difference. Guests of other suites are recognised by their names.
Their mounts are not visible: the tests have a mount namespace of their own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from provision.lxc.programs.traces import CGROUPS, LOCKS, cgroup_name
from tests.support.suite import Suite, descendants

NAMESPACES = ("mnt", "net", "pid", "user", "uts", "ipc", "cgroup")
# Counters and random numbers, which change when they are read.
VOLATILE = {
    "fs/aio-nr", "fs/dentry-state", "fs/file-nr", "fs/inode-nr", "fs/inode-state",
    "fs/quota/syncs", "kernel/ns_last_pid", "kernel/pty/nr", "kernel/random/boot_id",
    "kernel/random/entropy_avail", "kernel/random/uuid", "kernel/perf_event_max_sample_rate",
    "net/netfilter/nf_conntrack_count", "vm/stat_refresh",
}  # fmt: skip
# Trees where LXC or a guest could leave something; `CoveredTrees` shows the others.
TREES = ("/run/lxc", "/var/lib/lxc", "/var/cache/lxc", "/var/log/lxc", "/dev")
# Where nobody names a guest's groups, LXC calls them lxc.payload.NAME, lxc.monitor.NAME, lxc.pivot.
_OWN_CGROUP = re.compile(rf"/({re.escape(cgroup_name(''))}|lxc[./])")
# Trees that `CoveredTrees` covers.
COVERED = ("/boot", "/etc", "/home", "/opt", "/srv", "/usr", "/var")


@dataclass(frozen=True)
class HostState:
    """The state as sets of lines, so that a difference names what came and what went."""

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
    def take(cls, suite: Suite) -> HostState:
        mounts = frozenset(Path("/proc/self/mountinfo").read_text().splitlines())
        return cls(
            processes=frozenset(_process_line(process) for process in descendants()),
            namespaces=_namespaces(mounts),
            mounts=mounts,
            cgroups=frozenset(suite_cgroups(suite)),
            interfaces=frozenset(_interfaces()),
            rules=frozenset(_rules()),
            sysctls=frozenset(_sysctls()),
            sysfs=frozenset(_sysfs()),
            files=frozenset(_files(suite)),
        )

    def differences(self, later: HostState) -> dict[str, list[str]]:
        """The lines that came (+) and went (-), by kind."""
        differences = {}
        for kind, before in asdict(self).items():
            after = getattr(later, kind)
            lines = [f"+ {line}" for line in sorted(after - before)]
            gone = [line for line in before - after if not _is_lock_folder(line)]
            lines += [f"- {line}" for line in sorted(gone)]
            if lines:
                differences[kind] = lines
        return differences

    def new_processes(self) -> list[psutil.Process]:
        """Living descendants of this process that did not exist then."""
        return [
            process for process in descendants() if _process_line(process) not in self.processes
        ]


def _is_lock_folder(line: str) -> bool:
    """Tell whether it is a folder of LXC's locks: the end of any guest removes an empty one."""
    return line.startswith(f"{LOCKS}/") and "/." not in line


def _process_line(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())}"
    except psutil.NoSuchProcess:
        return f"{process.pid}"


def _namespaces(mounts: frozenset[str]) -> frozenset[str]:
    """The namespaces that this process's descendants are in, or that a mount keeps alive."""
    namespaces = {line for line in mounts if " nsfs " in line}
    for process in descendants():
        for kind in NAMESPACES:
            try:
                namespaces.add(str(Path(f"/proc/{process.pid}/ns/{kind}").readlink()))
            except OSError:
                continue
    return frozenset(namespaces)


def _foreign(name: str, suite: Suite) -> bool:
    """Tell whether a control group or lock belongs to a guest of another suite."""
    marker = cgroup_name("")
    if marker in name:
        guest = name.split(marker, 1)[1].split("/")[0]
    elif f"{name}/".startswith(f"{LOCKS}/") and Path(name).is_dir():
        # It goes with the last lock in it, whichever suite that is of.
        others = any(_foreign(str(lock), suite) for lock in lxc_locks(Path(name)))
        return others or not Path(name).exists()
    elif name.startswith(f"{LOCKS}/"):
        guest = Path(name).name.lstrip(".")
    else:
        return False
    return not suite.had_guest(guest.removesuffix(".monitor").removesuffix(".pivot"))


def lxc_locks(top: Path = LOCKS) -> list[Path]:
    """List the locks of all guests; Path.rglob fails where a folder goes with its last lock."""
    return [Path(folder, name) for folder, _, names in os.walk(top) for name in names]


def suite_cgroups(suite: Suite, top: Path = CGROUPS) -> list[str]:
    """List the control groups of the suite's making, and those that LXC names by itself.

    Other programs of the host make and remove groups at any time.
    """
    return [
        folder
        for folder, _, _ in os.walk(top)
        if _OWN_CGROUP.search(folder) and not _foreign(folder, suite)
    ]


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
            output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            lines += [
                f"{command[0]}: {line.split(' [')[0]}"
                for line in output.splitlines()
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
    """Names, sizes and owners of files, the suite's own among them, without cache and results."""
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
        status = os.lstat(path)
    except OSError:
        return path
    size = status.st_size if not path.startswith(("/run/", "/dev/")) else 0
    return f"{path} {status.st_uid}:{status.st_gid} {status.st_mode:o} {size}"


@dataclass(frozen=True)
class CoveredTrees:
    """The host's trees under overlays that only one suite sees, and that catch all its writes.

    What other processes install and remove meanwhile does not show.
    """

    folder: Path

    def command_prefix(self) -> tuple[str, ...]:
        """The prefix of the command that executes the suite under the overlays."""
        lines = ["set -e"]
        for tree in COVERED:
            upper, work = (self.folder / kind / tree.lstrip("/") for kind in ("upper", "work"))
            upper.mkdir(parents=True)
            work.mkdir(parents=True)
            shutil.copystat(tree, upper)
            layers = f"lowerdir={tree},upperdir={upper},workdir={work}"
            lines.append(f"mount -t overlay -o {layers} overlay {tree}")
        return ("unshare", "--mount", "sh", "-c", "\n".join([*lines, 'exec "$@"']), "sh")

    def changed_paths(self) -> list[str]:
        """Every path that the suite has made, changed or removed in those trees."""
        upper = self.folder / "upper"
        tops = {upper / tree.lstrip("/") for tree in COVERED}
        return sorted(
            f"/{path.relative_to(upper)}" for path in upper.rglob("*") if path not in tops
        )
