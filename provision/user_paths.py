"""Paths as a person types them in options."""

from __future__ import annotations

from pathlib import Path

from provision.errors import Problem


def parse_path(option: str, text: str) -> Path:
    """Return the path that an option names, with ~ and ~USER replaced.

    Shells leave ~ as it is amid a word, such as --output=~/runs. Raises Problem for an empty path,
    which would be the current folder, and for a user without a home.
    """
    if not text:
        raise Problem(
            f"{option} names no folder or file.", advice=f"Name one: {option}/PATH.", usage=True
        )
    try:
        return Path(text).expanduser()
    except RuntimeError as failure:
        user = text.partition("/")[0]
        raise Problem(
            f"{option}{text} cannot be used: there is no home folder for {user}.",
            advice="Write the full path.",
            usage=True,
        ) from failure
