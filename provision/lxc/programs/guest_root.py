"""Runs a command as a guest's root: `python -I -S -B guest_root.py FIRST COUNT COMMAND...`.

The command's user namespace is that of guests: COUNT users from 0, which are the host's from FIRST.
As lxc-usernsexec does, but by the kernel alone: newuidmap refuses a range that /etc/subuid does not
give to root. It runs in a mount namespace of its own, in the caller's folder.
"""

import importlib
import os
import sys
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


def main() -> None:
    """Enter the namespaces and become the command."""
    first, count, *command = sys.argv[1:]
    os.umask(0o022)
    try:
        namespaces.enter_user_namespace(f"0 {first} {count}", namespaces.CLONE_NEWNS)
    except OSError as failure:
        sys.exit(f"guests' user namespace: {failure}")
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
