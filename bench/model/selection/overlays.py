"""Which supervisor each `--overlay` brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from provision.errors import Problem
from provision.sources.overlay import Overlay, missing_program_error
from provision.systems import System, unknown_name_error
from provision.user_paths import parse_path
from supervisors import supervisors


def parse_overlays(values: Sequence[str], system: System) -> dict[str, Overlay]:
    """Read `NAME=DIR` or `DIR` options, by supervisor.

    A bare DIR is for every supervisor whose program it holds. Raises Problem for an unknown name,
    an unusable folder, and a second overlay for a supervisor.
    """
    overlays: dict[str, Overlay] = {}
    for value in values:
        name, _, folder = value.rpartition("=")
        if name and name not in _programs():
            raise unknown_name_error("supervisor", name, list(_programs()))
        option = f"--overlay={name}=" if name else "--overlay="
        overlay = Overlay.load(parse_path(option, folder), system)
        if name:
            _check_holds_program(name, overlay, system)
        for supervisor in [name] if name else _supervisors_in(overlay, system):
            if supervisor in overlays:
                raise _two_overlays(supervisor, overlays[supervisor], overlay)
            overlays[supervisor] = overlay
    return overlays


def overlays_of_run(run: Mapping[str, Any], system: System) -> dict[str, Overlay]:
    """Read the overlays of an earlier run, by supervisor. Raises Problem if one has changed."""
    overlays: dict[str, Overlay] = {}
    for contender in run["contenders"]:
        source = contender.get("source", {})
        if source.get("kind") != Overlay.kind:
            continue
        overlay = Overlay.load(Path(source["folder"]), system)
        overlays[contender["supervisor"]] = overlay
        if overlay.digest != source["sha256"]:
            raise Problem(
                f"{overlay.folder} holds another build than {contender['name']} was measured with.",
                known=f"Then {source['sha256'][:12]}, now {overlay.digest[:12]}.",
                advice="Put that build back, or start a new run: "
                f"./inv bench --overlay={contender['supervisor']}={overlay.folder}",
                usage=True,
            )
    return overlays


def _programs() -> dict[str, str]:
    """The program that shows a supervisor to be installed, by supervisor."""
    return {
        supervisor.name: supervisor.program_path
        for supervisor in supervisors().values()
        if supervisor.program_path
    }


def _check_holds_program(name: str, overlay: Overlay, system: System) -> None:
    program = _programs()[name]
    if not overlay.holds(program, system):
        raise missing_program_error(name, overlay.folder, program, system)


def _supervisors_in(overlay: Overlay, system: System) -> list[str]:
    programs = _programs()
    names = [name for name, program in programs.items() if overlay.holds(program, system)]
    if names:
        return names
    raise Problem(
        f"--overlay={overlay.folder} holds none of the supervisors' programs.",
        known="Looked for: "
        + ", ".join(f"{system.real_path(program)} ({name})" for name, program in programs.items()),
        advice="Name a folder that holds one of them.",
        usage=True,
    )


def _two_overlays(supervisor: str, first: Overlay, second: Overlay) -> Problem:
    return Problem(
        f"There are two overlays for {supervisor}: {first.folder}, {second.folder}.",
        advice="Name one, or a supervisor before the folder: --overlay=NAME=DIR.",
        usage=True,
    )
