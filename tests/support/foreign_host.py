"""A host with another release of Debian: its root made of packages, in namespaces of its own.

A plain chroot would not do: the kernel lets no process in one create a user namespace.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from provision.bootstrap.debian import source_lines
from provision.bootstrap.tools import ISOLATED, run_tool
from provision.systems import SYSTEMS
from tests.support.suite import Finished, Suite

# What `./inv` expects of a host; it installs everything else itself.
PACKAGES = ("ca-certificates", "mount", "python3")
# What a host knows of its network: how names, certificates and packages of Python are found.
NETWORK_FILES = ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf")
# Where the suite is in that root.
PLACE = "/srv/suite"
# Makes the root $1 the root of this mount namespace, with the suite $2, and runs the rest there.
ENTER = f"""
set -e
root=$1 suite=$2
shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root{PLACE}"
mount --rbind "$suite" "$root{PLACE}"
cd "$root"
pivot_root . .
umount -l .
cd {PLACE}/checkout
exec "$@"
"""


@dataclass(frozen=True)
class ForeignHost:
    """The host, and the suite whose checkout and cache it uses. release: as in sources.list."""

    release: str
    root: Path
    suite: Suite

    @classmethod
    def build(cls, release: str, suite: Suite) -> ForeignHost:
        """Make the root from the mirrors of this host's apt. Raises Problem."""
        root = suite.base / release
        run_tool(
            [*ISOLATED, "env", f"TMPDIR={suite.temporary}",
             "mmdebstrap", "--variant=apt", "--mode=root", "--format=directory",
             f"--include={','.join(PACKAGES)}", "--aptopt=APT::Install-Recommends \"false\"",
             release, str(root), *source_lines(SYSTEMS[release])],
            name="mmdebstrap",
        )  # fmt: skip
        for path in map(Path, NETWORK_FILES):
            if path.exists():
                copy = root / path.relative_to("/")
                copy.unlink(missing_ok=True)
                shutil.copyfile(path, copy)
        return cls(release, root, suite)

    def run(self, *words: str, seconds: float = 900.0) -> Finished:
        """Run `./inv` there, with a first process, mounts and IPC of its own."""
        environment = {
            "HOME": "/root",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "TMPDIR": "/tmp",
            "XDG_CACHE_HOME": f"{PLACE}/cache",
        }
        variables = [f"{name}={value}" for name, value in environment.items()]
        done = subprocess.run(
            ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--propagation=private", "--pid",
             "--fork", "--kill-child=KILL", *_other_namespaces(), "sh", "-c", ENTER, "enter",
             str(self.root), str(self.suite.base), "env", *variables, "./inv", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds,
        )  # fmt: skip
        return Finished(done.returncode, done.stdout)


def _other_namespaces() -> list[str]:
    """The further namespaces that this kernel makes."""
    return [
        option
        for option in ("--ipc", "--uts", "--cgroup")
        if subprocess.run(["unshare", option, "true"], check=False).returncode == 0
    ]
