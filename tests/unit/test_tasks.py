"""What a command says when it ends otherwise than it should."""

from __future__ import annotations

import pytest
from invoke.exceptions import Exit

from tasks import said


@pytest.mark.parametrize(
    ("stopped", "words"),
    [
        (KeyboardInterrupt(), "Interrupted: guests are gone, what was measured is kept."),
        (KeyboardInterrupt("Workers go on."), "Workers go on."),
    ],
)
def test_ctrl_c_says_what_is_so(stopped: KeyboardInterrupt, words: str) -> None:
    @said
    def stop() -> int:
        raise stopped

    with pytest.raises(Exit) as ended:
        stop()
    assert (ended.value.code, ended.value.message) == (130, words)
