"""Which supervisor each `--overlay` brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from provision.errors import Problem
from provision.sources.overlay import Overlay, missing_program
from provision.systems import System, unknown
from supervisors import supervisors


def overlays(values: Sequence[str], system: System) -> dict[str, Overlay]:
    """By supervisor, what `NAME=DIR` or `DIR` says; a bare DIR is for all whose program it holds.

    Raises Problem for an unknown name, an unusable folder, and a second one for a supervisor.
    """
    found: dict[str, Overlay] = {}
    for value in values:
        name, _, folder = value.rpartition("=")
        if name and name not in _programs():
            raise unknown("supervisor", name, list(_programs()))
        overlay = Overlay.of(Path(folder).expanduser(), system)
        for each in [_named(name, overlay, system)] if name else _held(overlay, system):
            if each in found:
                raise Problem(
                    f"There are two overlays for {each}: {found[each].folder}, {overlay.folder}.",
                    advice="Name one, or a supervisor before the folder: --overlay=NAME=DIR.",
                    usage=True,
                )
            found[each] = overlay
    return found


def overlays_of_run(run: Mapping[str, Any], system: System) -> dict[str, Overlay]:
    """By supervisor, the overlays that a run was made with. Raises Problem for a changed one."""
    found: dict[str, Overlay] = {}
    for each in run["contenders"]:
        source = each.get("source", {})
        if source.get("kind") != Overlay.kind:
            continue
        found[each["supervisor"]] = overlay = Overlay.of(Path(source["folder"]), system)
        if overlay.digest != source["sha256"]:
            raise Problem(
                f"{overlay.folder} holds another build than {each['name']} was measured with.",
                known=f"Then {source['sha256'][:12]}, now {overlay.digest[:12]}.",
                advice="Put that build back, or measure anew: "
                f"./inv bench --overlay={each['supervisor']}={overlay.folder}",
                usage=True,
            )
    return found


def _programs() -> dict[str, str]:
    return {each.name: each.program_path for each in supervisors().values() if each.program_path}


def _named(name: str, overlay: Overlay, system: System) -> str:
    program = _programs()[name]
    if not overlay.holds(program, system):
        raise missing_program(name, overlay.folder, program, system)
    return name


def _held(overlay: Overlay, system: System) -> list[str]:
    programs = _programs()
    held = [name for name, program in programs.items() if overlay.holds(program, system)]
    if held:
        return held
    raise Problem(
        f"--overlay={overlay.folder} holds none of the supervisors' programs.",
        known="Looked for: "
        + ", ".join(f"{system.real(program)} ({name})" for name, program in programs.items()),
        advice="Name a folder that holds one of them.",
        usage=True,
    )
