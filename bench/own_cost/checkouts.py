"""Another revision of the suite, in a folder of its own beside this one."""

from __future__ import annotations

import filecmp
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provision.errors import Problem

ROOT = Path(__file__).parents[2]


@contextmanager
def checkout_of(revision: str) -> Iterator[Path]:
    """Check that revision out for the time of the block. Raises Problem where git cannot.

    It uses this checkout's .venv if its requirements are the same; otherwise its ./inv makes one.
    """
    with tempfile.TemporaryDirectory(prefix="process-supervision-") as parent:
        folder = Path(parent) / "checkout"
        _git("worktree", "add", "--quiet", "--detach", str(folder), f"{revision}^{{commit}}")
        try:
            own_lock, lock = ROOT / "requirements.lock", folder / "requirements.lock"
            if lock.exists() and filecmp.cmp(own_lock, lock, shallow=False):
                (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder))


def short_name(folder: Path) -> str:
    """Return the short name of the commit that is checked out there; "+": and more changes."""
    named = _git("describe", "--always", "--exclude=*", "--dirty=+", folder=folder)
    return named.strip()


def _git(*words: str, folder: Path = ROOT) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(
            f"git {words[0]} failed: {done.stderr.strip()[-500:]}",
            advice="Name a commit of this repository: ./inv bench-self --against=HEAD~10",
            usage=True,
        )
    return done.stdout
