"""Text of guests, files and programs, made safe to show, and numbers with their nouns."""

from __future__ import annotations

import unicodedata

_ALLOWED_CONTROLS = "\n\t"


def replace_controls(text: str) -> str:
    """Return the text without characters that steer a terminal.

    Replaces control characters by their pictures, and characters that reorder or hide text or that
    no terminal can encode by the replacement character. Lines and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(map(_safe_character, text.replace("\r\n", "\n")))


def _safe_character(character: str) -> str:
    if character in _ALLOWED_CONTROLS or unicodedata.category(character)[0] != "C":
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def count_words(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 signal", "2 signals", "1,234 processes".

    plural: where it is not the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def escape_surrogates(name: str) -> str | None:
    """Return a file's name with its bytes that are not UTF-8 escaped; None if it has none.

    Neither a record nor a report can hold such a name.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return None


def name_of_build(digest: str) -> str:
    """Return the name by which readers tell builds apart, from the digest of their content."""
    return f"build {digest[:8]}"
