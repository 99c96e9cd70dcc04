"""Lists of names on the command line: repeated options, and values separated by commas."""

from __future__ import annotations

from collections.abc import Sequence

from provision.errors import Problem


def split_names(option: str, values: Sequence[str]) -> tuple[str, ...]:
    """Split the values of an option at commas.

    Raises Problem for one that names nothing, which would mean everything.
    """
    for value in values:
        if not value.strip(" ,"):
            raise Problem(
                f"--{option}={value} names nothing.",
                advice=f"Give a name, or leave --{option} out for all.",
                usage=True,
            )
    return tuple(part for value in values for part in value.split(",") if part)
