"""Text from a run, made safe to show: a name or a note may hold anything."""

from __future__ import annotations

import unicodedata
from typing import Any

_KEPT = "\n\t"
LONGEST = 2000
_NAME = 60


def clean(value: Any) -> Any:
    """The same value, whatever its depth, with every string in it safe to show.

    Control characters become their pictures, what reorders or hides text goes, and what is longer
    than LONGEST characters is cut.
    """
    if isinstance(value, str):
        return _cut("".join(_shown(letter) for letter in value[: LONGEST + 1]), LONGEST)
    if isinstance(value, dict):
        return {clean(key): clean(each) for key, each in value.items()}
    if isinstance(value, list):
        return [clean(each) for each in value]
    return value


def brief(text: str) -> str:
    """A name in one short line."""
    return _cut(" ".join(text.split()), _NAME)


def _shown(letter: str) -> str:
    if letter in _KEPT or unicodedata.category(letter)[0] != "C":
        return letter
    code = ord(letter)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
