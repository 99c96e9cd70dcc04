"""The log of the witness, which a guest writes."""

from __future__ import annotations

import pytest

from bench.model.observation.witness import parse_notes
from provision.errors import Problem


def test_a_line_is_a_note() -> None:
    (note,) = parse_notes("group signal 15 1 123456789\n")
    assert note == {
        "event": "witnessed", "who": "group", "what": "signal",
        "number": 15, "sender": 1, "ns": 123456789,
    }  # fmt: skip


def test_an_empty_log_has_no_notes() -> None:
    assert parse_notes("") == []


@pytest.mark.parametrize(
    "text",
    ["stranger signal 1 1 1\n", "child leaps 1 1 1\n", "child signal -1 1 1\n", "child signal 1\n",
     "child signal 1 1 " + "9" * 40, "\x1b[2J"],
)  # fmt: skip
def test_what_the_witness_does_not_write_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(Problem, match=r"witness\.log is not what the witness writes") as refused:
        parse_notes(text)
    assert "\x1b" not in str(refused.value)
