"""Which contenders other load on the host disturbed, by the doubts that a run keeps of them."""

from __future__ import annotations

from bench.model.run_file import Run

# The kinds of issues that other load on the host causes.
_DISTURBANCES = frozenset({"neighbour", "outliers"})


def disturbed_contenders(run: Run) -> set[str]:
    """Return the contenders that other load on the host disturbed.

    A repetition may help.
    """
    return {
        contender["name"]
        for contender in run["contenders"]
        if any(issue["kind"] in _DISTURBANCES for issue in contender.get("doubts", []))
    }
