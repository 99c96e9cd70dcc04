"""A run that has every part that a rule of reports/schema.json is about."""

from __future__ import annotations

import json
from typing import Any

from tests.support.samples import sample_runs


def detailed_run() -> Any:
    """Return such a run, as it is read from a file."""
    contender = sample_runs.contender("s6/runner/default/hosted", [1.0])
    contender["source"] = {"kind": "apt", "text": "apt: s6"}
    contender["limit"] = (5, 10.0)
    contender["doubts"] = [{"kind": "few", "text": "Too few."}]
    contender["guests"] = [{"replica": 0, "phases": {"up": 0.1}, "least": 1.0}]
    contender["scenarios"]["restart"]["verdicts"] = [
        {"behaviour": "comes back", "answer": "yes", "sentence": "It does.", "evidence": [0]}
    ]
    run: Any = sample_runs.run(contender, calibration=sample_runs.calibration())
    run["hosts"] = {"one": run["host"]}
    run["mixed"] = False
    run["noise"] = [{"host": "one", "spread": 1.5, "company": None}]
    run["absent"] = [{"supervisor": "god", "title": "god", "reason": "No package."}]
    run["alone"] = sample_runs.single_metric("restart_alone", "ms", 1.0)
    run["trace"] = _trace()
    run["calibration"]["witness"] = _trace()
    run["calibration"]["marker_us"] = _distribution()
    return json.loads(json.dumps(run))


def _trace() -> dict[str, Any]:
    counts = {"restarts": 1, "missing": 0, "invented": 0, "lost_events": 0}
    by_contender = {"s6/runner/default/hosted": _distribution()}
    return {**counts, "kill_us": None, "exec_us": by_contender, "spawn_us": by_contender}


def _distribution() -> dict[str, Any]:
    return {"n": 100, "median": 60.0, "p99": 300.0, "min": 8.0, "max": 900.0}
