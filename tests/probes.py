"""Probes: tests that do harm, and count what it led to.

`@pytest.mark.probe(KIND)` marks a test whose every case is one harmful act of that kind. The counts
come from the cases that ran, and are printed at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

# By kind: what a case is, what it is where the test passes, and where it fails.
KINDS = {
    "hostile": ("hostile acts", "contained", "not contained"),
    "kill": ("kills", "without a residue", "residues"),
    "damage": ("damaged inputs", "sentences", "tracebacks or wrong answers"),
    "request": ("nonsensical requests", "sentences", "tracebacks or wrong answers"),
}
_PROPERTY = "probe"


def note_kind(item: pytest.Item) -> None:
    """Keep the kind of a probe with its reports, which workers send as text."""
    marker = item.get_closest_marker("probe")
    if marker is None:
        return
    if len(marker.args) != 1 or marker.args[0] not in KINDS:
        raise pytest.UsageError(f"{item.nodeid}: probe takes one of {', '.join(KINDS)}.")
    item.user_properties.append((_PROPERTY, marker.args[0]))


def count_lines(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Yield a line for each kind of probe of which a case ran."""
    passed: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for report in reports:
        for name, kind in report.user_properties:
            if name != _PROPERTY:
                continue
            passed[str(kind)] += report.when == "call" and report.passed
            failed[str(kind)] += report.failed
    for kind, (acts, good, bad) in KINDS.items():
        if count := passed[kind] + failed[kind]:
            yield f"{count} {acts}: {passed[kind]} {good}, {failed[kind]} {bad}"
