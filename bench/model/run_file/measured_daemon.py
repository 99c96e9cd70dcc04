"""Which daemon a run measured, in words: the suite's own, or a person's program."""

from __future__ import annotations

import shlex

from bench.model.run_file import OwnDaemonFacts, Run

# What shows that a program is ready, by its kind; it follows "ready = ".
_READINESS = {
    "port": "first connect to port {}",
    "socket": "first connect to {}",
    "line": "first output of {!r}",
}


def is_of_own_daemon(run: Run) -> bool:
    """Tell whether a run measured a person's own program (--daemon)."""
    return _facts(run) is not None


def describe_daemon(run: Run) -> str:
    """Return which daemon a run measured: `the suite's`, or `own program: CMD, ready = ...`."""
    facts = _facts(run)
    if facts is None:
        return "the suite's"
    kind, _, value = facts["ready"].partition(":")
    ready = _READINESS[kind].format(value)
    files = facts.get("files")
    laid = f", files {files['sha256'][:8]}" if files else ""
    return f"own program: {shlex.join(facts['command'])}, ready = {ready}{laid}"


def _facts(run: Run) -> OwnDaemonFacts | None:
    """Return what the run keeps of the program; older runs, and parts of runs, keep nothing."""
    return run.get("options", {}).get("daemon")
