"""The contenders of a run: their order, and how tables name them."""

from __future__ import annotations

from bench.model.run_file import ContenderResult, Run
from reports.model.text import shorten


def sort_contenders(run: Run) -> list[ContenderResult]:
    """Return every contender in the article's order: runner, default and hosted come first."""
    return sorted(
        run["contenders"],
        key=lambda contender: (
            contender["rank"],
            contender["supervisor"],
            contender["role"] != "runner",
            contender["profile"] != "default",
            contender["pid1"],
        ),
    )


def contender_label(contender: ContenderResult) -> str:
    """Return the title of a contender, and what distinguishes it from others of its supervisor."""
    words = [contender["title"]]
    if len(contender["roles"]) > 1:
        words.append(contender["role"])
    if contender["profile"] != "default":
        words.append(contender["profile"])
    if contender["pid1"] and not contender["needs_pid1"]:
        words.append("as PID 1")
    return shorten(" ".join(words))


def has_measurements(contender: ContenderResult) -> bool:
    """Tell whether any scenario was measured; a failed contender may have some."""
    return any(result["status"] == "measured" for result in contender["scenarios"].values())


def verified_mode(contender: ContenderResult) -> str:
    """Return a sentence on the mode that a contender chose by itself, after a space; or nothing."""
    mode = contender["verified"].get("mode")
    return f" Verified here: {mode}." if mode else ""
