"""The loop with guests that are none: what is on disk whenever it ends, and what is loaded."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from bench import kit, run
from bench.options import Options
from bench.plan import Done, Job, Plan, plan
from bench.record import Record, read_run
from bench.run import _Loop, _Stay
from bench.scenario import Depth, Event, Scenario, Share, Turn
from bench.selection import Entry
from bench.spread import _Silent
from bench.stats import Metric, single
from provision.errors import Problem
from provision.guest import Guest
from provision.packages import Present
from provision.provider import Provider
from provision.systems import SYSTEMS
from supervisors import supervisors
from supervisors.contract import Contender
from tests.reports.made import run as made_run

ROOT = Path(__file__).parents[2]
FLOOR = supervisors()["floor"]
ENTRY = Entry(FLOOR, FLOOR.contenders[0], Present())
DEPTH = Depth(1, 1.0, None, 4, 1)


class Fake(Scenario):
    """Its shares go to guests of their own where there are several, or where it is the last.

    act: what is done in a share, before two samples come of it.
    """

    title: ClassVar[str] = "made up"

    def __init__(self, name: str, act: Callable[[], None] = lambda: None, shares: int = 1) -> None:
        self.name = name  # type: ignore[misc]
        self.act = act
        self.count = shares

    def shares(self, contender: Contender, depth: Depth) -> list[Share]:
        apart = self.name == "last"
        return [Share(self.name, 1.0, 1, fresh=apart, loud=apart)] * self.count

    def perform(self, turn: Turn, share: Share) -> list[Event]:
        self.act()
        return [{"event": "said", "number": number} for number in range(2)]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return [single("count", "", len(samples))]


class FakeGuest:
    """It is there, and goes away."""

    def __init__(self, name: str) -> None:
        self.name = name

    def destroy(self) -> None: ...


class FakeProvider:
    parallel = 4

    def crowd(self, init: str) -> int:
        return self.parallel


def ready(loop: _Loop, job: Job, stay: _Stay) -> Guest:
    guest = cast(Guest, FakeGuest(f"{job.replica}-{job.lost}"))
    stay.guest = loop.guests[guest.name] = guest
    loop.progress[job.entry.name].version = "1"
    return guest


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setattr(_Loop, "_ready", ready)
    monkeypatch.setattr(kit, "files", lambda machine: [])
    head = {key: value for key, value in made_run().items() if key not in ("schema", "id")}
    return Record.create("x", head, tmp_path)


def loop(record: Record, *chosen: Scenario) -> _Loop:
    provider = cast(Provider, FakeProvider())
    return _Loop(Options(), SYSTEMS["debian"], provider, list(chosen), record, _Silent())


def measure(record: Record, *chosen: Scenario, done: dict[str, Done] | None = None) -> None:
    loop(record, *chosen).run(plan([ENTRY], list(chosen), DEPTH, 4, done or {}), [ENTRY])


def on_disk(record: Record) -> dict[str, Any]:
    (found,) = read_run(record.folder)["contenders"]
    return dict(found)


def statuses(found: dict[str, Any]) -> dict[str, str]:
    return {name: part["status"] for name, part in found["scenarios"].items()}


def pairs(record: Record) -> list[tuple[str, int, int]]:
    return [(each["scenario"], each["replica"], each["number"]) for each in record.samples()]


def broken() -> None:
    raise Problem("no")


def interrupted() -> None:
    raise KeyboardInterrupt


def test_a_share_that_fails_leaves_the_rest_to_a_further_guest(record: Record) -> None:
    measure(record, Fake("a"), Fake("b", broken), Fake("c"))
    found = on_disk(record)
    assert (found["status"], found["reason"]) == ("failed", "in phase measure b: no")
    assert statuses(found) == {"a": "measured", "b": "failed", "c": "measured"}
    assert (record.folder / found["log"]).read_text() == "in phase measure b: no"
    assert pairs(record) == [("a", 0, 0), ("a", 0, 1), ("c", 0, 0), ("c", 0, 1)]


def test_who_waits_for_quiet_to_leave_does_nothing_more_once_the_run_is_ended(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its guest is cleared away meanwhile: a stop would wait for it to let somebody in."""
    stopped: list[object] = []
    monkeypatch.setattr(type(FLOOR), "stop", lambda *_: stopped.append(1))
    it = loop(record, Fake("a"))
    (job,) = plan([ENTRY], [Fake("a")], DEPTH, 4, {}).jobs
    stay = _Stay(job, _Silent(), guest=cast(Guest, FakeGuest("0-0")))
    leaving = threading.Thread(target=it._leave, args=(job, stay))
    with it.quiet.hold():
        leaving.start()
        while not it.quiet._waiting:
            time.sleep(0.001)
        it.stopping = True
    leaving.join()
    assert stopped == []


def test_a_guest_that_never_gets_ready_fails_all_its_shares(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Loop, "_ready", lambda *_: broken())
    measure(record, Fake("a"), Fake("b"))
    assert statuses(on_disk(record)) == {"a": "failed", "b": "failed"}
    assert record.samples() == []


def test_an_interrupt_keeps_what_is_complete_and_it_is_gone_on_with(record: Record) -> None:
    chosen = (Fake("a"), Fake("b"), Fake("both", shares=2))
    with pytest.raises(KeyboardInterrupt):
        measure(record, *chosen, Fake("last", interrupted))
    before, kept = on_disk(record), pairs(record)
    assert before["status"] == "unfinished"
    complete = {"a": "measured", "b": "measured", "both": "measured"}
    assert statuses(before) == complete | {"last": "unfinished"}
    assert len(kept) == len(set(kept)) == 2 + 2 + 4

    again = Record.load(record.folder)
    again.forget(again.complete())
    done = {ENTRY.name: Done(frozenset(complete), 2)}
    measure(again, *chosen, Fake("last"), done=done)
    after = on_disk(again)
    assert statuses(after) == complete | {"last": "measured"}
    assert {name: after["scenarios"][name] for name in complete} == {
        name: before["scenarios"][name] for name in complete
    }
    assert pairs(again) == [*kept, ("last", 2, 0), ("last", 2, 1)]
    assert [each["replica"] for each in after["guests"]] == [0, 1, 2]


def test_what_was_under_way_elsewhere_is_not_complete(record: Record) -> None:
    acts: Iterator[Callable[[], None]] = iter([lambda: None, lambda: torn()])
    chosen = (Fake("a"), Fake("both", lambda: next(acts)(), shares=2))
    made = loop(record, *chosen)

    def torn() -> None:
        """Once the other guest is done, this one is destroyed by whoever ends the run."""
        while not made.progress[ENTRY.name].guests:
            time.sleep(0.01)
        made.stopping = True
        broken()

    made.run(plan([ENTRY], list(chosen), DEPTH, 4), [ENTRY])
    found = on_disk(record)
    assert (found["status"], statuses(found)["both"]) == ("unfinished", "unfinished")
    assert {scenario for scenario, _, _ in pairs(record)} == {"a"}


def test_what_is_complete_is_on_disk_before_the_contender_is_done(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SAVE", 0.0)
    seen: list[dict[str, str]] = []
    measure(record, Fake("a"), Fake("last", lambda: seen.append(statuses(on_disk(record)))))
    assert seen == [{"a": "measured", "last": "unfinished"}]
    assert on_disk(record)["status"] == "measured"
    assert pairs(record) == [("a", 0, 0), ("a", 0, 1), ("last", 1, 0), ("last", 1, 1)]


def test_a_run_that_is_complete_waits_for_no_library_of_figures() -> None:
    code = (
        "import sys, bench.live, bench.options, bench.run, reports.terminal;"
        "bench.options.Options(scenarios=('restart',));"
        "print(*sorted({'numpy', 'scipy', 'vl_convert', 'distributed'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_a_contender_of_which_nothing_can_be_measured_is_in_the_run(record: Record) -> None:
    slow = Plan((), {(ENTRY.name, "a"): ("not measured", "period 120 s")}, 4)
    loop(record, Fake("a")).run(slow, [ENTRY])
    found = on_disk(record)
    assert found["status"] == "measured"
    assert statuses(found) == {"a": "not measured"}
    assert record.complete() == {(ENTRY.name, "a")}
