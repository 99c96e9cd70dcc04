"""A port that a daemon's child inherited: whether the daemon's successor gets it."""

from __future__ import annotations

from bench.model.events.program import Snapshot
from bench.model.observation.evidence import Numbered
from bench.model.observation.processes import CHILD, daemons, live_processes
from bench.model.observation.timing import format_elapsed
from bench.model.scenario import Verdict

_PORT = 4711
# testd listens on the port, and so does its child, as long as it lives.
PORT_MODE = f"--port {_PORT} --children 1"


def judge_port(
    behaviour: str, begin_ns: int, before: Numbered[Snapshot], after: Numbered[Snapshot]
) -> Verdict:
    """Judge whether the port was free for the successor of a daemon that ended after `begin_ns`.

    before: while the daemon listened. after: when its successor should.
    """
    evidence = (before.number, after.number)
    old = {child["pid"] for child in live_processes(before.event, CHILD)}
    if not daemons(before.event) or not old:
        sentence = "No daemon with a child listened on the port: nothing to judge."
        return Verdict(behaviour, "not measured", sentence, evidence)
    later = format_elapsed(begin_ns, after.event["ns"])
    count = _starts(after.event) - _starts(before.event)
    starts = "1 start" if count == 1 else f"{count} starts"
    if old & {child["pid"] for child in live_processes(after.event, CHILD)}:
        sentence = f"A child held the port {later} later, and {starts} failed."
        return Verdict(behaviour, "no", sentence, evidence)
    if not daemons(after.event):
        sentence = f"The child was gone {later} later, but no daemon ran after {starts}."
        return Verdict(behaviour, "no", sentence, evidence)
    sentence = f"The child was gone {later} later, and the successor listened after {starts}."
    return Verdict(behaviour, "yes", sentence, evidence)


def _starts(snapshot: Snapshot) -> int:
    return sum(record["starts"] for record in snapshot["services"])
