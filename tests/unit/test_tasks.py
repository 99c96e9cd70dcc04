"""What a command says when it ends otherwise than it should."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from invoke.exceptions import Exit

from bench.cli.errors import handle_errors
from bench.engine.interrupt import KEPT, Cause, Interrupted

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("stopped", "words"),
    [
        (KeyboardInterrupt(), f"Interrupted: {KEPT}"),
        (KeyboardInterrupt("workers go on."), "Interrupted: workers go on."),
        (Interrupted(Cause("Interrupted", 130), "workers go on."), "Interrupted: workers go on."),
    ],
)
def test_ctrl_c_ends_with_130_and_its_own_words(stopped: KeyboardInterrupt, words: str) -> None:
    @handle_errors
    def stop() -> int:
        raise stopped

    with pytest.raises(Exit) as ended:
        stop()
    assert (ended.value.code, ended.value.message) == (130, words)


@pytest.mark.parametrize(
    "number",
    [
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.EFBIG),
        *(errno.ELOOP, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG),
    ],
)
def test_an_error_of_the_operating_system_ends_in_a_sentence(number: int) -> None:
    @handle_errors
    def fail() -> int:
        raise OSError(number, os.strerror(number), "/some/file")

    with pytest.raises(Exit) as ended:
        fail()
    assert ended.value.code == 1
    assert str(ended.value.message).startswith("/some/file cannot be ")
    assert os.strerror(number) in str(ended.value.message)


def test_an_error_that_nobody_can_mend_is_not_hidden() -> None:
    @handle_errors
    def fail() -> int:
        raise OSError(errno.EBADF, "a fault of ours")

    with pytest.raises(OSError, match="a fault of ours"):
        fail()


@pytest.mark.probe("damage")
def test_something_nested_too_deeply_ends_in_a_sentence() -> None:
    @handle_errors
    def fail() -> int:
        return len(json.loads("[" * 100_000))

    with pytest.raises(Exit, match="nested too deeply"):
        fail()
