"""A full disk is an error that says where space lacks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.integration.guests.failures.ends import OPTIONS, check_end
from tests.support.suite import Suite


def with_small_disk(folder: Path, size: str, saved: Path) -> tuple[str, ...]:
    """The prefix of a command that has a small file system there; saved: a copy of its content."""
    folder.mkdir(parents=True, exist_ok=True)
    script = (
        f"mount -t tmpfs -o size={size} tmpfs '{folder}' || exit 99\n"
        f"\"$@\"\ncode=$?\ncp -a '{folder}' '{saved}'\nexit $code"
    )
    return ("unshare", "--mount", "sh", "-c", script, "sh")


@pytest.mark.slow
@pytest.mark.parametrize("size", ["8k", "16k", "24k"])
def test_a_full_disk_under_the_results_is_an_error(suite: Suite, size: str) -> None:
    saved = suite.base / "saved"
    done = suite.bench(
        OPTIONS[0], OPTIONS[2], "--trials=30", before=with_small_disk(suite.results, size, saved)
    )
    check_end(done, 1)
    assert "cannot be written: No space left on device" in done.output
    assert "Free some space" in done.output
    assert suite.guests() == []
    for path in saved.glob("*/run.json"):
        json.loads(path.read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "size", "message"),
    [
        ("guests", "32k", "0 MiB are free where it writes"),
        ("guests", "8k", "cannot be written: No space left on device"),
        ("layers", "64k", "cannot be written: No space left on device"),
    ],
)
def test_a_full_disk_under_the_guests_is_an_error(
    suite: Suite, folder: str, size: str, message: str
) -> None:
    """It is too small for a guest's first files, for its lock, or for the files of all guests."""
    check_end(suite.bench(*OPTIONS), 0)  # makes the floor's layer
    done = suite.bench(
        *OPTIONS, before=with_small_disk(suite.cache / folder, size, suite.base / "saved")
    )
    check_end(done, 1)
    assert message in " ".join(done.output.split())


@pytest.mark.slow
@pytest.mark.parametrize("size", ["4k", "30m", "300m"])
def test_a_full_disk_under_the_cache_at_first_run_is_an_error(bare_suite: Suite, size: str) -> None:
    """It is too small for the daemon, for apt's lists, or for the packages."""
    done = bare_suite.bench(
        *OPTIONS, before=with_small_disk(bare_suite.cache, size, bare_suite.base / "saved")
    )
    check_end(done, 1)
    assert re.search("does not compile|failed with exit code|cannot make a", done.output)
    assert re.search(rf"\b\d+ MiB are free in {bare_suite.cache}", done.output)
    assert not list((bare_suite.base / "saved" / "images").glob("build-*"))
