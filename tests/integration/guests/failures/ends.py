"""How a failed command ends, and what its run says of the contenders."""

from __future__ import annotations

from typing import Any

from tests.support.suite import Finished, Suite, descendants, eventually

FLOOR = "floor/runner/default/hosted"
OPTIONS = (f"--only={FLOOR}", "--trials=3", "--scenario=restart")


def check_end(done: Finished, code: int) -> None:
    """Check the exit code, that no traceback is shown, and that nothing is left running."""
    assert done.code == code, done.output
    assert "Traceback" not in done.output
    eventually(lambda: not descendants(), "the end of all processes")


def rows_by_name(suite: Suite) -> dict[str, dict[str, Any]]:
    """The contenders of the latest run, by name."""
    return {row["name"]: row for row in suite.record()["contenders"]}
