"""Text from a run, made safe to show: a name or a note may hold anything."""

from __future__ import annotations

from typing import TypeVar

from provision.errors.text import replace_controls

MAX_LENGTH = 2000
_MAX_NAME_LENGTH = 60

T = TypeVar("T")


def sanitize(value: T) -> T:
    """Return the value with every string in it safe to show, at any depth.

    Replaces control characters (replace_controls) and cuts a string after MAX_LENGTH characters.
    """
    return _sanitize(value)  # type: ignore[return-value]


def _sanitize(value: object) -> object:
    if isinstance(value, str):
        return _truncate(replace_controls(value[: MAX_LENGTH + 1]), MAX_LENGTH)
    if isinstance(value, dict):
        return {_sanitize(key): _sanitize(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sanitize(item) for item in value]
    return value


def shorten(text: str) -> str:
    """Return a name in one short line."""
    return _truncate(" ".join(text.split()), _MAX_NAME_LENGTH)


def _truncate(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
