"""Checks that a system's programs run on this host's kernel, and explains why they do not."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from provision.errors import Problem
from provision.systems import System

# glibc called the kernel at this fixed address until about 2.14, its static programs longer.
_VSYSCALL = "[vsyscall]"


def check_programs_run(system: System, root: Path, enter: Sequence[str]) -> None:
    """Run the system's own /bin/true and shell. Raises Problem with the probable reason.

    root: the folder of the system. enter: the command prefix that, run in the folder, enters it.
    """
    done = subprocess.run(
        [*enter, "/bin/sh", "-c", "/bin/true && exec /bin/date +%s"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    if done.returncode == 0 and done.stdout.strip().isdigit():
        return
    errors = done.stderr.decode(errors="replace")[-1000:]
    raise Problem(
        f"The programs of {system.title} do not run here: {_describe_exit(done.returncode)}.",
        known=f"{_explain(root, done.returncode)}\n{errors}".strip(),
        advice=f"Measure {system.name} in a virtual machine, which brings a kernel of its own:"
        f" ./inv bench --os={system.name} --provider=libvirt",
    )


def _describe_exit(code: int) -> str:
    # A shell gives 128 + N for a child that died by signal N.
    number = -code if code < 0 else code - 128
    if number in set(signal.Signals):
        return f"they die by {signal.Signals(number).name}"
    return f"exit code {code}"


def _explain(root: Path, code: int) -> str:
    libc = libc_version(root)
    library = f"Its C library is glibc {libc}." if libc else "Its C library is unknown."
    crashed = code in (-signal.SIGSEGV, 128 + signal.SIGSEGV)
    if crashed and not has_vsyscall_page():
        return (
            f"{library} This kernel has no vsyscall page, which glibc before 2.15 and static"
            " programs of its time call: boot the host with vsyscall=xonly, or vsyscall=emulate."
        )
    if code == 127:
        return (
            f"{library} A program, its loader or its library is missing, or of another processor."
        )
    return library


def has_vsyscall_page(maps: Path = Path("/proc/self/maps")) -> bool:
    """Tell whether this kernel has the page at a fixed address that old programs call."""
    return _VSYSCALL in maps.read_text()


def libc_version(root: Path) -> str:
    """The version of the system's glibc, e.g. 2.15; empty where none is found."""
    for path in [*root.glob("lib/*/libc.so.6"), *root.glob("usr/lib/libc.so.6"),
                 *root.glob("usr/lib/*/libc.so.6"), *root.glob("lib*/libc.so.6")]:  # fmt: skip
        real = path.parent / path.readlink() if path.is_symlink() else path
        if real.is_file():
            version = re.search(rb"GNU C Library[^\n]*version (\d+\.\d+)", real.read_bytes())
            if version:
                return version.group(1).decode()
    return ""
