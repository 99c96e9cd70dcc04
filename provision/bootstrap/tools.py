"""Runs the tools that build a root, so that nothing of them stays behind when they fail."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import IO

from provision.cache import cache_folder, remove_tree
from provision.errors import Problem

# A command prefix. The namespaces end with the tool, and so do its mounts, devices and agents,
# also when the tool or the suite is killed.
ISOLATED = ("setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--mount-proc",
            "--fork", "--kill-child=KILL", "--")  # fmt: skip
# A root's folders and files get the modes that their distribution means, whatever the caller's.
_UMASK = 0o022
# Of a failed tool's output, the last lines are shown. A line that names every package is cut short.
_SHOWN_LINES, _SHOWN_COLUMNS = 30, 300


def run_tool(
    command: list[str],
    stdin: IO[bytes] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    name: str = "",
) -> None:
    """Run a tool. Raises Problem with the end of its output where it fails.

    log: a file that tells more than the tool's standard output. name: the tool's name in messages,
    where it is not the command's first word.
    """
    try:
        subprocess.run(command, stdin=stdin, cwd=cwd, capture_output=True, check=True, umask=_UMASK)
    except FileNotFoundError as failure:
        raise Problem(
            f"{command[0]} is not installed, and guests need it.",
            advice="./inv doctor shows what this host needs.",
        ) from failure
    except subprocess.CalledProcessError as failure:
        output = failure.stderr + (log.read_bytes() if log and log.exists() else failure.stdout)
        raise Problem(
            f"{name or command[0]} failed with exit code {failure.returncode}.",
            known=f"{_last_lines(output.decode(errors='replace'))}\n"
            f"{shutil.disk_usage(cache_folder()).free >> 20} MiB are free in {cache_folder()}.",
            advice="Run the same command again once the cause is gone: downloads are kept.",
        ) from failure


def _last_lines(output: str) -> str:
    lines = output.strip().splitlines()[-_SHOWN_LINES:]
    return "\n".join(line[:_SHOWN_COLUMNS] for line in lines)


def pack_root(root: Path, archive: Path) -> None:
    """Pack a root with its owners and extended attributes, without device files; remove it."""
    run_tool(["tar", "-c", "--numeric-owner", "--xattrs", "--xattrs-include=*",
              "--exclude=./dev/*", "-C", str(root), "-f", str(archive), "."])  # fmt: skip
    remove_tree(root)
