"""The loop with guests that are none: what is on disk whenever it ends, and what is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from bench.distributed.dask import _Silent
from bench.engine import measurement, run
from bench.engine.plan import Job, KeptResults, Plan, make_plan
from bench.engine.run import WAIT, _Loop, _Stay, bench
from bench.model.request import BenchRequest
from bench.model.scenario import Event, SamplingEffort, Scenario, ScenarioContext, WorkUnit
from bench.model.selection import SelectedContender
from bench.model.statistics import Metric, single
from bench.recording import store as records
from bench.recording.aggregate import Progress
from bench.recording.store import Record, nothing, read_run
from provision.errors import Problem
from provision.guest import Guest
from provision.provider import Provider
from provision.sources.overlay import Overlay
from provision.sources.packages import Present
from provision.systems import SYSTEMS
from supervisors import supervisors
from supervisors.contender import Contender
from tests.support.sample_runs import run as made_run

ROOT = Path(__file__).parents[4]
FLOOR = supervisors()["floor"]
ENTRY = SelectedContender(FLOOR, FLOOR.contenders[0], Present())
DEPTH = SamplingEffort(1, 1.0, None, 4, 1)


class Fake(Scenario):
    """Its shares go to guests of their own where there are several, or where it is the last.

    act: what is done in a share, before two samples come of it.
    """

    title: ClassVar[str] = "made up"

    def __init__(self, name: str, act: Callable[[], None] = lambda: None, shares: int = 1) -> None:
        self.name = name  # type: ignore[misc]
        self.act = act
        self.count = shares

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        apart = self.name == "last"
        return [WorkUnit(self.name, 1.0, 1, own_guest=apart, cpu_heavy=apart)] * self.count

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
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
    name = "lxc"
    parallel = 4
    shares_kernel = True

    def leftovers(self) -> list[str]:
        return []

    def prepare(self, system: object, note: object) -> None: ...

    def max_parallel(self, init: str) -> int:
        return self.parallel


def ready(loop: _Loop, job: Job, stay: _Stay) -> Guest:
    guest = cast(Guest, FakeGuest(f"{job.replica}-{job.attempt}"))
    stay.guest = loop.guests[guest.name] = guest
    loop.progress[job.selected.name].version = "1"
    return guest


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setattr(_Loop, "_ready", ready)
    monkeypatch.setattr(measurement, "payload_files", lambda machine: [])
    head = {key: value for key, value in made_run().items() if key not in ("schema", "id")}
    return Record.create("x", head, tmp_path)


def loop(record: Record, *chosen: Scenario) -> _Loop:
    provider = cast(Provider, FakeProvider())
    return _Loop(BenchRequest(), SYSTEMS["debian"], provider, list(chosen), record, _Silent())


def measure(record: Record, *chosen: Scenario, done: dict[str, KeptResults] | None = None) -> None:
    loop(record, *chosen).run(make_plan([ENTRY], list(chosen), DEPTH, 4, done or {}), [ENTRY])


def on_disk(record: Record) -> dict[str, Any]:
    (found,) = read_run(record.folder)["contenders"]
    return dict(found)


def statuses(found: dict[str, Any]) -> dict[str, str]:
    return {name: part["status"] for name, part in found["scenarios"].items()}


def pairs(record: Record) -> list[tuple[str, int, int]]:
    return [(each["scenario"], each["replica"], each["number"]) for each in record.samples()]


def one_guest(record: Record, *, quiet: bool = False) -> tuple[_Loop, Job, _Stay]:
    """A loop with one guest's job and stay, of a scenario that wants quiet or does not."""
    fake = Fake("a")
    fake.quiet = quiet  # type: ignore[misc]
    it = loop(record, fake)
    (job,) = make_plan([ENTRY], [fake], DEPTH, 4, {}).jobs
    it.progress[ENTRY.name] = Progress(ENTRY)
    return it, job, _Stay(job, _Silent())


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
    it, job, stay = one_guest(record)
    stay.guest = cast(Guest, FakeGuest("0-0"))
    leaving = threading.Thread(target=it._leave, args=(job, stay))
    with it.quiet.measuring():
        leaving.start()
        while not it.quiet._waiting:
            time.sleep(0.001)
        it.stopping = True
    leaving.join()
    assert stopped == []


def test_what_waits_within_a_scenario_measures_no_more_once_the_run_is_ended(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storm waits for those of others; its guest is gone when its turn comes."""
    measured: list[object] = []
    monkeypatch.setattr(measurement, "run_measurement", lambda *_, **__: measured.append(1))
    monkeypatch.setattr(Fake, "perform", lambda _, turn, share: [turn.measure([], 1)][:0])
    it, job, stay = one_guest(record)
    guest = cast(Guest, FakeGuest("0-0"))
    assert it._share(job, job.units[0], guest, stay) == []
    it.stopping = True
    with pytest.raises(Problem):
        it._share(job, job.units[0], guest, stay)
    assert measured == [1]


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
    again.forget({(ENTRY.name, "last")})
    done = {ENTRY.name: KeptResults(frozenset(complete), 2)}
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

    made.run(make_plan([ENTRY], list(chosen), DEPTH, 4), [ENTRY])
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
        "import sys, bench.cli.progress_display, bench.engine.run, reports.formats.terminal;"
        "import bench.model.request;"
        "bench.model.request.BenchRequest(scenarios=('restart',));"
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


def reached(ask: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not ask():
        assert time.monotonic() < until
        time.sleep(0.001)


def waits(it: _Loop, stay: _Stay, act: Callable[[], object]) -> None:
    """The guest waits, as long as another one is quiet, and says so."""
    acting = threading.Thread(target=act)
    with it.quiet.measuring():
        stay.enter("measure a")
        acting.start()
        reached(lambda: bool(it.quiet._waiting))
        assert stay.phase == WAIT
    acting.join()
    assert stay.phase != WAIT
    assert WAIT in stay.phases


def test_waiting_to_be_noisy_is_a_phase_of_its_own(record: Record) -> None:
    it, job, stay = one_guest(record)
    waits(it, stay, lambda: it._stay(job, stay))
    it, job, stay = one_guest(record)
    stay.guest = cast(Guest, FakeGuest("0-0"))
    waits(it, stay, lambda: it._leave(job, stay))


def test_waiting_for_quiet_is_none_of_the_measuring(record: Record) -> None:
    it, job, stay = one_guest(record, quiet=True)
    measured = threading.Event()
    it.scenarios["a"].act = measured.set  # type: ignore[attr-defined]
    staying = threading.Thread(target=it._stay, args=(job, stay))
    with it.quiet.disturbing():
        staying.start()
        reached(lambda: bool(stay.begun) and stay.phase == WAIT)
        assert not measured.is_set()
    staying.join()
    assert measured.is_set()
    assert set(stay.phases) >= {WAIT, "measure a"}


def test_the_floor_alone_is_hosted_where_it_can_be(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "run_measurement", lambda *_, **__: [])
    both = [SelectedContender(FLOOR, each, Present()) for each in FLOOR.contenders]
    both.sort(key=lambda entry: not entry.contender.pid1)
    assert [entry.contender.pid1 for entry in both] == [True, False]
    for asked in (both, both[:1]):
        fake = Fake("restart")
        loop(record, fake).run(make_plan(asked, [fake], DEPTH, 4), asked)
        assert record.run["alone"]["pid1"] is (len(asked) == 1)


RUNIT = "runit/runner/default/hosted"
DISTURBED = [{"kind": "neighbour", "text": "as the test says"}]


@pytest.fixture
def asked(record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BenchRequest:
    """What a whole bench is asked for, in which the guests and the scenarios alone are made up."""
    chosen = {name: Fake(name) for name in ("restart", "b")}
    monkeypatch.setattr(measurement, "run_measurement", lambda *_, **__: [])
    monkeypatch.setattr(run, "scenarios", lambda: chosen)
    monkeypatch.setattr(run, "choose", lambda *_: (FakeProvider(), "as the test says"))
    monkeypatch.setattr(run, "exclusive_run_lock", nullcontext)
    monkeypatch.setattr(records, "RESULTS", tmp_path / "results")
    return BenchRequest(only=(RUNIT,), scenarios=tuple(chosen))


def changed(made: Record, change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The run with that change, on disk."""
    found = read_run(made.folder)
    change(found)
    (made.folder / "run.json").write_text(json.dumps(found))
    return found


def disturb(found: dict[str, Any]) -> None:
    """Runit is to be measured again, and so is what of the floor failed."""
    for each in found["contenders"]:
        if each["name"] == RUNIT:
            each["doubts"] = DISTURBED
        else:
            each["scenarios"]["b"] = nothing("failed", "as the test says")


@pytest.mark.parametrize("how", [{"resume": True}, {"redo": "unstable"}])
@pytest.mark.parametrize(
    ("place", "key", "word"),
    [
        ("provider", "name", "provider: then else, now lxc"),
        ("host", "machine_id", "machine_id: then else"),
        ("host", "processor", "processor: then else"),
        ("host", "kernel", "kernel: then else"),
        ("", "instrument", "instrument: then else"),
        ("", "", "instrument: then unknown"),
    ],
)
def test_a_run_is_gone_on_with_by_the_same_means_alone(
    asked: BenchRequest, how: dict[str, Any], place: str, key: str, word: str
) -> None:
    def elsewhere(found: dict[str, Any]) -> None:
        disturb(found)
        if key:
            (found[place] if place else found)[key] = "else"
        else:
            del found["instrument"]

    made = bench(asked, _Silent())
    before, samples = changed(made, elsewhere), made.samples()
    with pytest.raises(Problem, match="was measured by other means") as caught:
        bench(replace(asked, **how) if "resume" in how else BenchRequest(**how), _Silent())
    assert caught.value.usage
    (line,) = caught.value.known.splitlines()
    assert word in line
    assert (read_run(made.folder), made.samples()) == (before, samples)


def test_a_merged_run_is_not_gone_on_with(asked: BenchRequest) -> None:
    made = bench(asked, _Silent())
    changed(made, disturb)
    before = changed(made, lambda found: found.update(merged=["x", "y"]))
    for options in (replace(asked, resume=True), BenchRequest(redo="unstable")):
        with pytest.raises(Problem, match="was merged of several runs") as caught:
            bench(options, _Silent())
        assert caught.value.usage
        assert f"./inv merge {before['id']} RUN" in caught.value.advice
    assert read_run(made.folder) == before


def test_only_what_is_measured_again_is_forgotten(
    asked: BenchRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(asked, _Silent())
    before = changed(made, disturb)
    first = {each["replica"] for each in made.samples() if each["contender"] == RUNIT}
    bench(BenchRequest(redo="unstable"), _Silent())
    after = Record.load(made.folder)
    assert not after.contenders()[RUNIT]["doubts"]
    for scenario, again in (("restart", True), ("b", False)):
        mine = [each for each in after.samples()
                if (each["contender"], each["scenario"]) == (RUNIT, scenario)]  # fmt: skip
        assert {each["replica"] not in first for each in mine} == {again}
    (other,) = [each for each in before["contenders"] if each["name"] != RUNIT]
    assert after.contenders()[other["name"]]["scenarios"] == other["scenarios"]
    assert len(after.samples()) == len(made.samples()) == 2 * 2 * 2

    # Once more, what failed beside it fails still, and its log is there.
    def failed_beside(found: dict[str, Any]) -> None:
        for each in found["contenders"]:
            if each["name"] == RUNIT:
                log = made.log(RUNIT, "why it failed").relative_to(made.folder)
                each.update(doubts=DISTURBED, status="failed", reason="no", log=str(log))
                each["scenarios"]["b"] = nothing("failed", "no")

    changed(made, failed_beside)
    bench(BenchRequest(redo="unstable"), _Silent())
    still = Record.load(made.folder).contenders()[RUNIT]
    assert (still["status"], still["reason"]) == ("failed", "no")
    assert statuses(still) == {"restart": "measured", "b": "failed"}
    assert (made.folder / still["log"]).read_text() == "why it failed"

    # And where that fails, too, the log tells of both.
    def break_down(*_: Any) -> list[Event]:
        raise Problem("broken down")

    changed(made, failed_beside)
    with monkeypatch.context() as broken:
        broken.setattr(Fake, "perform", break_down)
        bench(BenchRequest(redo="unstable"), _Silent())
    both = Record.load(made.folder).contenders()[RUNIT]
    log = (made.folder / both["log"]).read_text()
    assert "why it failed" in log
    assert "broken down" in log

    # Resumed, what failed is measured; what nobody can measure any more stays.
    gone = other | {"name": "floor/runner/tuned/hosted"}
    changed(made, lambda found: found["contenders"].append(gone))
    bench(replace(asked, resume=True), _Silent())
    last = Record.load(made.folder).contenders()
    assert last[gone["name"]] == gone
    assert statuses(last[other["name"]]) == {"restart": "measured", "b": "measured"}


def test_where_nothing_is_to_be_measured_again_that_is_said(asked: BenchRequest) -> None:
    made, said = bench(asked, _Silent()), list[str]()

    class Told(_Silent):
        def note(self, sentence: str) -> None:
            said.append(sentence)

    for options in (replace(asked, resume=True), BenchRequest(redo="unstable")):
        assert bench(options, Told()).run == made.run
        assert said.pop() == f"{made.run['id']}: nothing in it is to be measured again"


@pytest.mark.parametrize(
    "change", [lambda options: options.pop("mirror"), lambda options: options.update(colour="red")]
)
def test_a_run_of_other_options_is_not_redone(
    asked: BenchRequest, change: Callable[[dict[str, Any]], object]
) -> None:
    made = bench(asked, _Silent())
    changed(made, disturb)
    changed(made, lambda found: change(found["options"]))
    with pytest.raises(Problem, match="was made with other options than there are now") as caught:
        bench(BenchRequest(redo="unstable"), _Silent())
    assert caught.value.usage


def test_an_overlay_is_laid_over_again_and_must_be_the_same(
    asked: BenchRequest, tmp_path: Path
) -> None:
    program = tmp_path / "overlay" / "usr" / "bin" / "runsvdir"
    program.parent.mkdir(parents=True)
    program.write_text("one build")
    overlay = Overlay.of(tmp_path / "overlay", SYSTEMS["debian"])
    made = bench(replace(asked, overlays={"runit": overlay}), _Silent())
    changed(made, disturb)
    bench(BenchRequest(redo="unstable"), _Silent())
    source = Record.load(made.folder).contenders()[RUNIT]["source"]
    assert (source["kind"], source["sha256"]) == ("overlay", overlay.digest)

    before = changed(made, disturb)
    program.write_text("another build")
    with pytest.raises(Problem, match="holds another build") as caught:
        bench(BenchRequest(redo="unstable"), _Silent())
    assert caught.value.usage
    assert read_run(made.folder) == before
