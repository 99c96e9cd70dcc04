"""Whether run.json is what reports/schema.json and run_rules.py say that it is."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

import msgspec

from bench.model.run_file import Action, Distribution, Run, TraceAgreement
from bench.recording.validity.run_rules import find_fault

_MAX_REASON = 300


def run_fault(run: object) -> str:
    """Return the place and the kind of a fault of a run; empty where there is none."""
    if _is_sound(run):
        return ""
    reason = _schema_fault(run) or find_fault(run)  # type: ignore[arg-type]
    return textwrap.shorten(reason, _MAX_REASON)


def _is_sound(run: object) -> bool:
    """Tell whether a run has no fault; False may also mean that the schema has to decide.

    The types say so in a fiftieth of the time that the schema takes, which is made of them.
    """
    try:
        msgspec.convert(run, Run)
    except msgspec.ValidationError:
        return False
    checked: Run = run  # type: ignore[assignment]
    return _keeps_schema_rules(checked) and not find_fault(checked)


def _keeps_schema_rules(run: Run) -> bool:
    """Tell whether a run of the right types keeps what only schema.py's _RULES say."""
    guests = (guest for contender in run["contenders"] for guest in contender["guests"])
    return (
        ("mixed" in run or "hosts" not in run)
        and all("phases" in guest or "least" not in guest for guest in guests)
        and all(map(_has_known_keys, _distributions(run)))
        and all(map(_is_one_action, _actions(run)))
    )


def _has_known_keys(distribution: Distribution | None) -> bool:
    return distribution is None or distribution.keys() <= Distribution.__annotations__.keys()


def _is_one_action(action: Action) -> bool:
    is_file = {"file", "content", "mode"} <= action.keys()
    return is_file + ("command" in action) + ("boot" in action) == 1


def _actions(run: Run) -> Iterator[Action]:
    for supervisor in run["supervisors"].values():
        for example in supervisor["usage"]:
            for step in example["steps"]:
                yield from step["actions"]


def _distributions(run: Run) -> Iterator[Distribution | None]:
    traces: list[TraceAgreement | None] = [run.get("trace")]
    if calibration := run.get("calibration"):
        yield calibration.get("marker_us")
        yield from (histogram["late_us"] for histogram in calibration["noise"].values())
        traces.append(calibration.get("witness"))
    for trace in filter(None, traces):
        yield trace["kill_us"]
        yield from trace.get("exec_us", {}).values()
        yield from trace.get("spawn_us", {}).values()


def _schema_fault(run: object) -> str:
    # Slow to import, and a sound run does not need it.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    from bench.recording.validity.schema import SCHEMA_FILE

    validator = Draft202012Validator(json.loads(SCHEMA_FILE.read_text()))
    error = best_match(validator.iter_errors(run))
    return "" if error is None else f"{error.json_path}: {error.message}"
