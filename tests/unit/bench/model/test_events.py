"""The types of events against recorded samples."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from bench.model import events
from bench.model.events import UP, Event, EventKind, events_of_kind
from reports.publish import FOLDER as PUBLISHED
from tests.support.samples.recorded import recorded_files, samples
from tests.support.samples.sample_runs import OLDER_RUN


def kinds() -> dict[str, EventKind[Any]]:
    every = [kind for kind in vars(events).values() if isinstance(kind, EventKind)]
    assert len({kind.name for kind in every}) == len(every)
    return {kind.name: kind for kind in every}


def undeclared_keys(every: Iterator[Event]) -> set[str]:
    """Return the keys, as KIND.KEY, that the type of their kind does not declare."""
    declared = {name: set(get_type_hints(kind.type)) for name, kind in kinds().items()}
    return {
        f"{event['event']}.{key}"
        for event in every
        for key in set(event) - declared.get(event["event"], set())
    }


@pytest.mark.parametrize("name", recorded_files())
def test_recorded_events_have_declared_keys(name: str) -> None:
    assert undeclared_keys(iter(samples(name))) == set()


@pytest.mark.parametrize("folder", [OLDER_RUN, PUBLISHED], ids=["older", "published"])
def test_events_of_a_whole_run_have_declared_keys(folder: Path) -> None:
    with gzip.open(folder / "samples.jsonl.gz", "rt") as lines:
        assert undeclared_keys(map(json.loads, lines)) == set()


def test_events_of_a_kind_keep_their_order_and_stay_the_same_objects() -> None:
    every: list[Event] = [{"event": "up"}, {"event": "down"}, {"event": "up"}]
    first, second = events_of_kind(every, UP)
    assert first is every[0] and second is every[2]
