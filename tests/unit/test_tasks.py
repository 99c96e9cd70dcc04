"""What a command says when it ends otherwise than it should."""

from __future__ import annotations

import pytest
from invoke.exceptions import Exit

from bench.cli.errors import INTERRUPTED, handle_errors


@pytest.mark.parametrize(
    ("stopped", "words"),
    [
        (KeyboardInterrupt(), INTERRUPTED),
        (KeyboardInterrupt("Workers go on."), "Workers go on."),
    ],
)
def test_ctrl_c_ends_with_130_and_its_own_words(stopped: KeyboardInterrupt, words: str) -> None:
    @handle_errors
    def stop() -> int:
        raise stopped

    with pytest.raises(Exit) as ended:
        stop()
    assert (ended.value.code, ended.value.message) == (130, words)
