"""A killed suite leaves no guest behind, and no image that is built in part."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.integration.guests.leftovers.unchanged import (
    OPTIONS,
    reach,
    remove_layers,
    unchanged,
)
from tests.support.suite import Running, Suite, eventually


@pytest.mark.parametrize(
    "phase",
    [
        "measure restart",
        *(pytest.param(phase, marks=pytest.mark.slow) for phase in ("install", "start")),
    ],
)
@pytest.mark.probe("kill")
def test_a_killed_suite_leaves_the_host_unchanged_and_the_next_run_works(
    suite: Suite, phase: str
) -> None:
    if phase == "install":
        remove_layers(suite)
    with unchanged(suite):
        running = suite.start("bench", *OPTIONS)
        reach(running, phase)
        running.kill()
        assert running.end().code == -signal.SIGKILL
    with unchanged(suite):
        done = suite.bench(*OPTIONS)
    assert done.code == 0, done.output


def start_image_build(suite: Suite, part: str) -> Running:
    """Start a bench, and wait until its image is half built.

    part: the unfinished folder, `debian` of mmdebstrap or `root` of the guests.
    """
    running = suite.start("bench", *OPTIONS)
    running.wait_for("Building the image")
    eventually(
        lambda: (
            any((suite.cache / "images").glob(f"build-*/{part}/usr/bin"))
            or running.process.poll() is not None
        ),
        f"a half-built image; the suite has printed:\n{running.output}",
    )
    return running


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "code"), [(Running.interrupt, 130), (Running.kill, -signal.SIGKILL)]
)
@pytest.mark.probe("kill")
def test_a_half_built_image_is_never_used(
    bare_suite: Suite, end: Callable[[Running], None], code: int
) -> None:
    """After an interrupt or a kill during the build, the next run builds the image again."""
    images = bare_suite.cache / "images"
    for part in ("debian", "root"):
        with unchanged(bare_suite):
            running = start_image_build(bare_suite, part)
            end(running)
            done = running.end()
        assert done.code == code, done.output
        assert "Traceback" not in done.output
        assert not [path for path in images.glob("debian-*") if path.is_dir()]
    running = start_image_build(bare_suite, "debian")
    running.interrupt()
    assert running.end().code == 130, running.output
    assert not [path for path in images.iterdir() if path.is_dir()]


# A suite that is killed when its guest's folder exists, with nothing in it yet.
KILLED_AT_ONCE = """
import os, signal
from provision.lxc.guest import LxcGuest
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS

LxcGuest._make_folders = lambda guest: os.kill(os.getpid(), signal.SIGKILL)
Lxc().up(f"first-{os.getpid()}", SYSTEMS["debian"])
"""


@pytest.mark.probe("kill")
def test_a_suite_killed_right_after_the_claim_leaves_no_folder(suite: Suite) -> None:
    (suite.checkout / "killed.py").write_text(KILLED_AT_ONCE)
    with unchanged(suite):
        done = suite.run(program=suite.checkout / "killed.py")
        assert done.code == -signal.SIGKILL, done.output
        eventually(lambda: not suite.guests(), "the keeper's removal of the guest")
