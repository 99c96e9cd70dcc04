"""Text from a run, made safe to show: a name or a note may hold anything."""

from __future__ import annotations

import unicodedata
from typing import TypeVar

_ALLOWED_CONTROLS = "\n\t"
MAX_LENGTH = 2000
_MAX_NAME_LENGTH = 60

T = TypeVar("T")


def sanitize(value: T) -> T:
    """Return the value with every string in it safe to show, at any depth.

    Replaces control characters by their pictures and characters that reorder or hide text by the
    replacement character, and cuts a string after MAX_LENGTH characters.
    """
    return _sanitize(value)  # type: ignore[return-value]


def _sanitize(value: object) -> object:
    if isinstance(value, str):
        return _truncate("".join(map(_safe_character, value[: MAX_LENGTH + 1])), MAX_LENGTH)
    if isinstance(value, dict):
        return {_sanitize(key): _sanitize(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sanitize(item) for item in value]
    return value


def shorten(text: str) -> str:
    """Return a name in one short line."""
    return _truncate(" ".join(text.split()), _MAX_NAME_LENGTH)


def _safe_character(character: str) -> str:
    if character in _ALLOWED_CONTROLS or unicodedata.category(character)[0] != "C":
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def _truncate(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
