"""Text of guests, files and programs is made safe to show."""

from __future__ import annotations

import pytest

from provision.errors import Problem
from provision.errors.text import count_words, replace_controls

HOSTILE = "\x1b]0;title\x07\x1b[2J\x9b31m\x7f\u202egnp.exe\udcff"


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("an ordinary line, äöü 漢", "an ordinary line, äöü 漢"),
        ("\x1b[31mred\x07", "␛[31mred␇"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("of Windows\r\n", "of Windows\n"),
        ("overwrites\rthis", "overwrites␍this"),
        ("\x7f\x9b31m", "␡�31m"),
        ("reordered \u202egnp", "reordered �gnp"),
        ("not UTF-8: \udcff", "not UTF-8: �"),
    ],
)
def test_characters_that_steer_a_terminal_are_replaced(raw: str, safe: str) -> None:
    assert replace_controls(raw) == safe


def test_safe_text_stays_as_it_is() -> None:
    assert replace_controls(replace_controls(HOSTILE)) == replace_controls(HOSTILE)


def test_every_part_of_a_problem_is_safe() -> None:
    problem = Problem(HOSTILE, known=HOSTILE, advice=HOSTILE)
    texts = (problem.what, problem.known, problem.advice, str(problem), *problem.args)
    for text in texts:
        assert text.replace("\n", "").isprintable()
        assert "␛]0;title␇" in text


def test_a_number_and_its_noun_agree() -> None:
    assert [count_words(count, "start") for count in (0, 1, 2, 1234)] == [
        "0 starts", "1 start", "2 starts", "1,234 starts"
    ]  # fmt: skip
    assert [count_words(count, "process", "processes") for count in (1, 2)] == [
        "1 process", "2 processes"
    ]  # fmt: skip
