"""What `./inv bench-self` is asked for."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from bench.engine.request.options import whole_number
from provision.errors import Problem

MOST_TURNS, MOST_GUESTS = 100, 60


@dataclass(frozen=True)
class OwnCostRequest:
    """against: the other revision. command: of ./inv, measured in turns. guests: to be booted."""

    against: str
    command: str
    turns: int
    guests: int


def parse_own_cost(against: str, command: str, turns: str, guests: str) -> OwnCostRequest:
    """Validate the options. Raises Problem."""
    if not against:
        raise Problem(
            "bench-self needs another revision to compare with.",
            advice="./inv bench-self --against=HEAD~10",
            usage=True,
        )
    _check_command(command)
    return OwnCostRequest(
        against,
        command,
        whole_number("turns", turns, least=1, most=MOST_TURNS),
        whole_number("guests", guests, least=0, most=MOST_GUESTS),
    )


def _check_command(command: str) -> None:
    """Raise Problem where that is no command line: it is run after minutes."""
    try:
        words = shlex.split(command)
    except ValueError as failure:
        raise Problem(
            f"--command={command} is no command line: {failure}.",
            advice="Close every quote in it.",
            usage=True,
        ) from failure
    if not words:
        raise Problem(
            "--command names no command of ./inv.",
            advice="Name one with its options, or leave --command out: bench --quick.",
            usage=True,
        )
