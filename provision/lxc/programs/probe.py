"""Tries one thing that a guest's start needs: `python -I -S -B probe.py FIRST COUNT FOLDER WHAT`.

It enters namespaces as a guest does, with COUNT users from the host's user FIRST. FOLDER belongs to
that user, and is in the cache. WHAT is one of

    users      enter the user namespace, and new ones of all other kinds
    overlay    mount an overlay in FOLDER, and execute a file that is written into it
    kernel     mount /proc and /sys

Prints nothing where it works, or the number of the error and a space and what failed.
"""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provision.lxc.programs import namespaces
else:
    if not __package__:  # with -I, the folder is not on the path
        sys.path.append(str(Path(__file__).parent))
    namespaces = importlib.import_module(
        f"{__package__}.namespaces" if __package__ else "namespaces"
    )

# As LXC mounts a guest's root.
_OVERLAY = "lowerdir=lower,upperdir=upper,workdir=work,userxattr"
_SCRIPT = "#!/bin/sh\nexit 0\n"


def mount_overlay() -> None:
    """Mount an overlay in the working folder, and execute a file in it. Raises OSError."""
    # Relative paths: this user may not walk down to the folder.
    for folder in ("lower", "upper", "work", "root"):
        os.mkdir(folder)  # noqa: PTH102
    namespaces.mount("overlay", "root", "overlay", _OVERLAY)
    script = Path("root/script")
    script.write_text(_SCRIPT)
    script.chmod(0o755)
    subprocess.run([f"./{script}"], check=True)


def mount_kernel() -> None:
    """Mount what shows the kernel, in namespaces of all kinds. Raises OSError."""
    namespaces.unshare(namespaces.OF_GUEST)
    child = os.fork()  # the first process of the new namespace
    if child == 0:
        os._exit(_try(lambda: namespaces.mount("proc", "/proc", "proc"), "/proc")
                 or _try(lambda: namespaces.mount("sysfs", "/sys", "sysfs"), "/sys"))  # fmt: skip
    if os.waitpid(child, 0)[1]:
        sys.exit(1)


STEPS: dict[str, Callable[[], None]] = {
    "users": lambda: namespaces.unshare(namespaces.OF_GUEST),
    "overlay": mount_overlay,
    "kernel": mount_kernel,
}


def main() -> int:
    """Enter the namespaces and try."""
    first, count, folder, what = sys.argv[1:]
    os.umask(0o022)
    os.chdir(folder)
    mapping = f"0 {first} {count}"
    if _try(lambda: namespaces.enter_user_namespace(mapping, namespaces.CLONE_NEWNS), "users"):
        return 1
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    return _try(STEPS[what], what)


def _try(step: Callable[[], None], name: str) -> int:
    """Do the step; print an error and return 1 where it fails."""
    try:
        step()
    except (OSError, subprocess.SubprocessError) as failure:
        print(getattr(failure, "errno", 0) or 0, name, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
