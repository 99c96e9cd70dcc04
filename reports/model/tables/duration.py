"""How long a run took, against its lower bound, and where the rest of the time went."""

from __future__ import annotations

from bench.model.run_file import GuestFacts, Run
from reports.model.contenders import contender_label
from reports.model.quantities import format_quantity

_MEASURING = "measure "  # begins the names of phases that measure
_MAX_PHASES = 4
_MIN_SECONDS = 0.1


def describe_duration(run: Run) -> str:
    """Return the seconds that a run took, its lower bound, and what took the rest."""
    if not run.get("seconds"):
        return "The run has not ended."
    merged = bool(run.get("merged"))
    seconds, bound = run["seconds"], run.get("bound")
    text = f"{'Its parts took' if merged else 'Took'} {format_quantity(seconds, 's')}"
    # The bound is of the plan: it says nothing of a run that did not do all of it.
    if not bound or any(item["status"] != "measured" for item in run["contenders"]):
        return f"{text}."
    ratio = f"{seconds / bound:.2f} times {'their' if merged else 'its'} lower bound "
    ratio += f"{format_quantity(bound, 's')}."
    return f"{text}, {ratio} {_describe_rest(run)}".rstrip()


def _describe_rest(run: Run) -> str:
    """Return a sentence on what took time beside measuring, in the guest that took longest."""
    # Of a resumed run the time is that of its last part, so longer guests are of earlier parts.
    guests = [
        (sum(guest["phases"].values()), contender_label(contender), guest)
        for contender in run["contenders"]
        for guest in contender["guests"]
        if "least" in guest and sum(guest["phases"].values()) <= run["seconds"]
    ]
    if not guests or run.get("merged"):
        return ""
    total, label, guest = max(guests, key=lambda item: item[0])
    parts = sorted(_unmeasured_seconds(run, total, guest).items(), key=lambda part: -part[1])
    listed = ", ".join(
        f"{name} {seconds:.1f} s"
        for name, seconds in parts[:_MAX_PHASES]
        if seconds >= _MIN_SECONDS
    )
    return f"The rest, by its longest guest ({label}): {listed}." if listed else ""


def _unmeasured_seconds(run: Run, total: float, guest: GuestFacts) -> dict[str, float]:
    """Return the seconds of a guest that its trials do not need, by phase."""
    seconds = {
        phase: duration
        for phase, duration in guest["phases"].items()
        if not phase.startswith(_MEASURING)
    }
    seconds["longer trials"] = total - sum(seconds.values()) - guest["least"]
    seconds["before and after it"] = run["seconds"] - total
    return seconds
