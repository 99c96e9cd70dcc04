"""Lines from a guest that were rejected: counted by reason, the first ones kept for the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

# A guest may send any number of false lines: the log keeps so many, each cut to so many characters.
MAX_KEPT_LINES = 20
MAX_KEPT_LENGTH = 500
# What explains a rejection that shows no falsehood.
CUT_SHORT = "a line cut short by the end of the measuring program, which the scenario killed"


@dataclass(frozen=True)
class Rejection:
    """One rejected line. reason: in words, the same for every line of its kind."""

    reason: str
    detail: str
    line: str
    is_trial: bool = False


class Rejections:
    """The rejected lines of a guest in one scenario, or of several guests together."""

    def __init__(self) -> None:
        # By reason: trials, and other lines.
        self.trials: Counter[str] = Counter()
        self.lines: Counter[str] = Counter()
        # Reasons that show no falsehood, as part of what the scenario itself did.
        self.explained: Counter[str] = Counter()
        # The first ones, as the log shows them.
        self.kept: list[str] = []

    def add(self, rejection: Rejection, count: int = 1) -> None:
        """Count a rejection, and keep it for the log unless there are many."""
        counter = self.trials if rejection.is_trial else self.lines
        counter[rejection.reason] += count
        if len(self.kept) < MAX_KEPT_LINES:
            detail, line = visible(rejection.detail), visible(rejection.line)
            self.kept.append(f"rejected, {rejection.reason} ({detail}): {line}")

    def update(self, other: Rejections) -> None:
        """Add the rejections of another guest."""
        self.trials.update(other.trials)
        self.lines.update(other.lines)
        self.explained.update(other.explained)
        self.kept += other.kept[: MAX_KEPT_LINES - len(self.kept)]

    def explain_cut_line(self, reason: str) -> None:
        """Count the latest rejection as explained: the scenario killed what wrote the line."""
        self.lines[reason] -= 1
        self.lines += Counter()  # drops the zero
        self.explained[CUT_SHORT] += 1

    @property
    def unexplained(self) -> int:
        """The number of rejections that only false lines explain."""
        return self.trials.total() + self.lines.total()

    def by_reason(self) -> dict[str, int]:
        """Return the number of rejections by reason, explained ones included."""
        return dict(self.trials + self.lines + self.explained)

    def summary(self) -> str:
        """Return the unexplained rejections in words: counts and reasons."""
        parts = [
            describe_rejections(noun, counter)
            for noun, counter in (("trial", self.trials), ("line", self.lines))
            if counter
        ]
        return "; ".join(parts)

    def log_text(self) -> str:
        """Return the rejected lines for a log, in ASCII without control characters."""
        more = self.unexplained + self.explained.total() - len(self.kept)
        return "\n".join([*self.kept, *([f"and {more} more"] if more > 0 else [])])


def describe_rejections(noun: str, counts: Mapping[str, int]) -> str:
    """Return such a text: 3 trials rejected: a start before its kill (2), a trial twice (1)."""
    total = sum(counts.values())
    reasons = ", ".join(f"{reason} ({count})" for reason, count in sorted(counts.items()))
    return f"{total} {noun}{'' if total == 1 else 's'} rejected: {reasons}"


def visible(text: str) -> str:
    """Return a text in ASCII without control characters, cut to MAX_KEPT_LENGTH."""
    cut = text[:MAX_KEPT_LENGTH]
    ascii_text = cut.encode("unicode_escape").decode("ascii")
    return f"{ascii_text} ... ({len(text)} characters)" if len(text) > len(cut) else ascii_text
