"""Standard output may take no more at any time: every command then ends without a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.samples.sample_runs import copy_published

ROOT = Path(__file__).parents[5]
RUN = "--run=reports/published"
COMMANDS = [
    ["--list"],
    ["--help", "bench"],
    ["list"],
    ["check", "runit"],
    ["report", RUN],
    ["report", RUN, "--why=runit/crashloop"],
    *(["report", RUN, f"--format={name}"] for name in ("csv", "json", "pyperf")),
    ["compare", RUN, "--run=SECOND"],
]


def run_invoke(words: Sequence[str], close: Callable[[], None], out: int | None = None) -> str:
    """Run a command with that standard output; check its exit status, return standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=close,
        check=False,
    )
    assert done.returncode == 141, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_reader_that_has_ended_ends_a_command_silently(words: list[str], tmp_path: Path) -> None:
    """As in `./inv list | head -1`."""
    second = copy_published(tmp_path / "second")
    words = [word.replace("SECOND", str(second)) for word in words]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert run_invoke(words, lambda: None, writer) == ""
    finally:
        os.close(writer)


@pytest.mark.parametrize("words", [["--list"], ["usage", "runit"]], ids=" ".join)
def test_a_closed_standard_output_is_one_line(words: list[str]) -> None:
    errors = run_invoke(words, lambda: os.close(1))
    assert errors.startswith("Standard output takes no more (Bad file descriptor)")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("words", [["--list"], ["usage", "runit"]], ids=" ".join)
def test_a_full_disk_under_standard_output_is_one_line(words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        errors = run_invoke(words, lambda: None, full.fileno())
    assert errors.startswith("Standard output takes no more (No space left on device)")
    assert errors.count("\n") == 1


def test_all_streams_may_be_closed() -> None:
    run_invoke(["list"], lambda: os.closerange(0, 2))
