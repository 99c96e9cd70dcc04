"""What is said of a failure, by who can mend it."""

from __future__ import annotations

import errno

import pytest

from provision.errors import Problem
from provision.errors.os_errors import describe_failure


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Problem("No guest.", advice="Try again."), "No guest.\nTry again."),
        (
            OSError(errno.ENOSPC, "No space left on device", "/cache/config"),
            "/cache/config cannot be written: No space left on device.\n"
            "Free some space, then run the same command again.",
        ),
        (OSError(errno.EINVAL, "Invalid argument"), "OSError: [Errno 22] Invalid argument"),
        (KeyError("pid"), "KeyError: 'pid'"),
    ],
)
def test_what_a_person_can_mend_comes_with_advice(failure: Exception, words: str) -> None:
    assert describe_failure(failure) == words
