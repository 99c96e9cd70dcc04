"""The command by which a reader measures the same again."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bench.model.run_file import Run
from reports.article.sections.story.overview import repeat_command
from tests.support.samples import sample_runs

_DIGEST = "5d42f73aaec3"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"overlays": {"perp": _DIGEST}}, "--overlay=perp=DIR"),
        ({"configurations": {"runit": _DIGEST}}, "--config=runit=DIR"),
        (
            {"mirror": {"url": "file:///mine", "snapshot": "2024-05-31", "keyring": "/mine"}},
            "--mirror=URL --keyring=FILE --snapshot=2024-05-31",
        ),
        ({"mirror": {"url": "file:///mine", "aur": "file:///aur"}}, "--mirror=URL --aur=URL"),
        ({"provider": "libvirt"}, "--provider=libvirt"),
        ({"provider": "libvirt", "box": "generic/arch"}, "--provider=libvirt --box=generic/arch"),
        ({"provider": "auto", "box": "/mine/debian-libvirt.box"}, "--box=FILE"),
        ({"mirror": {"url": "", "expired": "accepted"}}, "--accept-expired"),
        ({"only": ["*/*/default", "s6"]}, "--only='*/*/default' --only=s6"),
        (
            {"only": [f"runit/{number}" for number in range(147)]},
            "--only=NAME (147 of them, `options` in run.json)",
        ),
    ],
)
def test_it_has_what_decided_which_files_the_guests_got(
    options: dict[str, Any], words: str
) -> None:
    run = sample_runs.run(sample_runs.contender("runit/runner/default/hosted", [1.0, 2.0]))
    asked = cast(Run, {**run, "options": {"system": "debian", "seed": 7, **options}})
    assert repeat_command(asked) == f"./inv bench --os=debian {words} --seed=7"
