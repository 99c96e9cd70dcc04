"""What machines start from: the pinned public boxes, or a box that the user names."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provision.errors import Problem
from provision.systems import System
from provision.user_paths import parse_path
from provision.vagrant.environment import ROOT

# Relative to the checkout, and to the folder of every machine, which holds a copy.
BOX_TABLE = Path("provision", "vagrant", "boxes.json")


@dataclass(frozen=True)
class Box:
    """What a machine starts from: a public name with its version, or a file on this host."""

    name: str
    version: str | None = None
    file: Path | None = None


def pinned_box(system: System, hypervisor: str) -> Box | None:
    """Return the pinned public box of that system; None where no public box is known."""
    table: dict[str, dict[str, Any]] = json.loads((ROOT / BOX_TABLE).read_text())
    row = table.get(system.name, {}).get(hypervisor)
    return Box(row["box"], row["version"]) if row else None


def named_box(name: str) -> Box:
    """Return the box that --box names: a file or a public box. Raises Problem."""
    file = parse_path("--box=", name).absolute()
    if file.is_file():
        # A file that changes becomes another box: Vagrant keeps a copy of each by its name.
        stamp = f"{file.resolve()} {file.stat().st_size} {file.stat().st_mtime_ns}"
        return Box(f"file-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}", file=file)
    if name.endswith(".box") or name.count("/") != 1:
        raise Problem(
            f"There is no box file {name}.",
            known="A box is a file on this host, or a public name of the form OWNER/NAME.",
            advice="./inv box debian builds a box and prints its path.",
            usage=True,
        )
    return Box(name)
