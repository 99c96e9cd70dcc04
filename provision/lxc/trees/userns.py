"""The user namespace of embedded guests: root in a guest is an unprivileged user of the host."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from provision.bootstrap.tools import run_tool
from provision.lxc.programs import guest_root

# The host's number of the guests' root: far above the ranges that /etc/subuid gives to people.
SHIFT = 1_100_000_000
RANGE = 65_536
# A command prefix: run the command as root of such a namespace.
AS_GUEST_ROOT = (
    *(sys.executable, "-I", "-S", "-B", guest_root.__file__),
    *(str(SHIFT), str(RANGE)),
)


def make_shifted_folder(path: Path) -> None:
    """Make a folder that belongs to the guests' root, such as that root's tree."""
    path.mkdir()
    path.chmod(0o755)
    os.chown(path, SHIFT, SHIFT)


def unpack_shifted(archive: Path, root: Path, *options: str) -> None:
    """Unpack a tar archive with shifted owners, without device files; options: more of tar's."""
    # tar runs inside the folder: the shifted root may not be allowed to walk down to it.
    with archive.open("rb") as stream:
        run_tool(
            [*AS_GUEST_ROOT, "tar", "-x", "--numeric-owner", "--xattrs", "--xattrs-include=*",
             "--exclude=./dev/*", *options, "-f", "-"],
            stdin=stream,
            cwd=root,
        )  # fmt: skip
