"""Which contenders each `--config` is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.model.selection.bounded_rendering import rendering_failure
from bench.model.selection.profile_names import begins_with
from provision.errors import Problem
from provision.systems import unknown_name_error
from provision.user_paths import parse_path
from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.own_files import OwnFiles


def parse_configurations(values: Sequence[str]) -> dict[str, OwnFiles]:
    """Read `NAME=DIR` options, by the beginning of contenders' names.

    Raises Problem for an unknown name, an unusable folder, and two folders for one contender.
    """
    configurations: dict[str, OwnFiles] = {}
    for value in values:
        name, equals, folder = value.partition("=")
        if not (name and equals and folder):
            raise Problem(
                f"--config={value} is not NAME=DIR.",
                advice="Name a supervisor or a contender, and a folder: --config=runit=DIR.",
                usage=True,
            )
        mine = _contenders_of(name)
        for other in configurations:
            if shared := set(mine) & set(_contenders_of(other)):
                raise Problem(
                    f"There are two configurations for {min(shared)}: {other} and {name}.",
                    advice="Name one folder for each contender.",
                    usage=True,
                )
        configurations[name] = OwnFiles.load(parse_path(f"--config={name}=", folder))
    return configurations


def configurations_of_run(run: Mapping[str, Any]) -> dict[str, OwnFiles]:
    """Read the configurations of an earlier run. Raises Problem if one has changed."""
    configurations: dict[str, OwnFiles] = {}
    for contender in run["contenders"]:
        facts = contender.get("own_files")
        if not facts:
            continue
        name = contender["name"].partition("@")[0]
        own = configurations[name] = OwnFiles.load(Path(facts["folder"]))
        if own.digest != facts["sha256"]:
            raise Problem(
                f"{own.folder} holds other files than {name} was measured with.",
                known=f"Then {facts['sha256'][:12]}, now {own.digest[:12]}.",
                advice="Put them back, or start a new run: "
                f"./inv bench --config={name}={own.folder}",
                usage=True,
            )
    return configurations


def configure(contender: Contender, configurations: Mapping[str, OwnFiles]) -> Contender:
    """Return the contender with the files that are laid over its templates.

    Raises Problem where these cannot be rendered.
    """
    own = next(
        (own for name, own in configurations.items() if begins_with(contender.name, name)), None
    )
    if own is None:
        return contender
    setting = f"own files from {own.folder} ({own.digest[:12]}), laid over: {contender.setting}"
    configured = replace(contender, setting=setting, own_files=own)
    if failure := rendering_failure(configured):
        raise Problem(
            f"--config cannot take {own.folder}: a template of it cannot be rendered.",
            known=failure,
            advice="Write {% raw %} before and {% endraw %} behind text that has braces of its"
            " own; docs/systems.md says what templates know.",
            usage=True,
        )
    return configured


def _contenders_of(name: str) -> list[str]:
    """Return the names of all contenders that a name stands for. Raises Problem."""
    every = [
        contender.name
        for supervisor in supervisors().values()
        for contender in supervisor.contenders
    ]
    mine = [full_name for full_name in every if begins_with(full_name, name)]
    if not mine:
        raise unknown_name_error("supervisor or contender", name, [*supervisors(), *every])
    return mine
