"""From samples to figures, and what a reader is warned of."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bench.model.events import Event
from bench.model.events.parts import ProcessUsage
from bench.model.events.program import CpuMarked, Restart
from bench.model.scenario import Scenario
from bench.model.selection import SelectedContender
from bench.recording.aggregate import (
    HARM,
    NOISY,
    Progress,
    company,
    compare_with_floor,
    conclude,
    result,
    spread,
    warnings,
)
from bench.recording.store import CUT, nothing
from bench.scenarios import scenarios
from provision.sources.packages import Present
from supervisors import supervisors

RUNIT = supervisors()["runit"]
ENTRY = SelectedContender(RUNIT, RUNIT.contenders[0], Present())
RESTART = {"restart": scenarios()["restart"]}
BOTH = {name: scenarios()[name] for name in ("restart", "stop")}


def trial(latency_ms: float | None, group: str = "long", *, warmup: bool = False) -> Restart:
    return {
        "scenario": "restart",
        "event": "sample",
        "group": group,
        "warmup": warmup,
        "censored": latency_ms is None,
        "kill_ns": 5_000_000_000,
        "main_ns": None if latency_ms is None else 5_000_000_000 + int(latency_ms * 1e6),
        "ready_ns": None,
    }


def concluded(known: Progress, chosen: dict[str, Scenario]) -> dict[str, Any]:
    conclude(known, chosen)
    return result(known, chosen)


def metrics(samples: list[Event]) -> dict[str, dict[str, Any]]:
    made = concluded(Progress(ENTRY, version="2.1.2", samples=samples), RESTART)
    return {each["metric"]: each for each in made["scenarios"]["restart"]["metrics"]}


def test_latency_is_main_minus_kill_in_milliseconds() -> None:
    found = metrics([trial(4.0), trial(6.0), trial(1000.0, "short")])
    assert found["restart_long"]["median"] == pytest.approx(5.0)
    assert found["restart_long"]["n"] == 2
    assert found["restart_short"]["median"] == pytest.approx(1000.0)


def test_warm_up_is_kept_out_of_the_figures() -> None:
    assert metrics([trial(900.0, warmup=True), trial(4.0)])["restart_long"]["max"] == 4.0


def test_censored_trials_count() -> None:
    found = metrics([trial(4.0), trial(None), trial(None)])["restart_long"]
    assert (found["n"], found["censored"], found["median"], found["max"]) == (3, 2, None, None)


def test_never_restarted() -> None:
    found = metrics([trial(None), trial(None)])
    assert found["restart_long"]["censored"] == 2
    assert found["cpu_per_restart"]["status"] == "not measured"


def test_no_trial_at_all_is_said() -> None:
    assert metrics([])["restart_long"]["status"] == "not measured"


def test_samples_of_another_scenario_do_not_count() -> None:
    other: Restart = {**trial(4.0), "scenario": "crashloop"}
    assert metrics([other])["restart_long"]["n"] == 0


def test_skipped_with_its_reason() -> None:
    skipped = nothing("not measured", "period 120 s")
    made = concluded(Progress(ENTRY, found={"restart": skipped}), RESTART)
    assert made["scenarios"]["restart"] == skipped
    assert made["status"] == "measured"


def test_failures_are_told() -> None:
    made = result(Progress(ENTRY, failures=["in phase start: no", "second"]), {})
    assert (made["status"], made["reason"]) == ("failed", "in phase start: no")


def test_what_failed_is_told_of_its_scenario_alone() -> None:
    known = Progress(ENTRY, samples=[trial(4.0)], failures=["in phase measure stop: no"],
                     broken={"stop": "in phase measure stop: no"})  # fmt: skip
    made = concluded(known, BOTH)
    assert made["status"] == "failed"
    assert made["scenarios"]["restart"]["status"] == "measured"
    assert made["scenarios"]["restart"]["metrics"]
    assert made["scenarios"]["stop"] == {
        "status": "failed", "note": "in phase measure stop: no", "metrics": [], "verdicts": []
    }  # fmt: skip


def test_what_is_complete_is_concluded_once_and_the_rest_left() -> None:
    stops: list[Event] = [
        {"scenario": "stop", "event": "acted", "replica": number} for number in range(2)
    ]
    known = Progress(ENTRY, Counter(stop=1), samples=[stops[0], trial(4.0), stops[1], trial(6.0)])
    assert conclude(known, BOTH) == [trial(4.0), trial(6.0)]
    made = result(known, BOTH)
    assert (made["status"], made["reason"]) == ("unfinished", CUT)
    assert made["scenarios"]["restart"]["status"] == "measured"
    assert made["scenarios"]["stop"] == nothing("unfinished", CUT)
    assert [each["kind"] for each in made["doubts"]] == ["few"]

    assert conclude(known, BOTH) == []
    known.due["stop"], known.broken["stop"] = 0, "in phase measure stop: no"
    known.failures.append("in phase measure stop: no")
    assert conclude(known, BOTH) == stops
    last = result(known, BOTH)
    assert last["status"] == "failed"
    assert last["scenarios"]["restart"] == made["scenarios"]["restart"]
    assert last["scenarios"]["stop"]["status"] == "failed"
    assert last["doubts"] == made["doubts"]


def test_a_part_that_failed_and_is_due_is_told_of() -> None:
    known = Progress(ENTRY, Counter(stop=1), failures=["no"], broken={"stop": "no"})
    assert concluded(known, {"stop": BOTH["stop"]})["scenarios"]["stop"] == nothing("failed", "no")


def test_what_was_kept_is_gone_on_with() -> None:
    guest = {"replica": 0, "load": {"restart": {}}}
    first = Progress(ENTRY, Counter(stop=1), "2.1.2", {"pid1": "init"}, [trial(4.0)], [guest])
    before = concluded(first, BOTH)
    known = Progress.after(ENTRY, before)
    known.due["stop"] = 1
    assert conclude(known, BOTH) == []
    assert result(known, BOTH) == before
    known.due["stop"] = 0
    known.guests.append({"replica": 1, "load": {"stop": {}}})
    after = concluded(known, BOTH)
    assert (after["status"], after["reason"]) == ("measured", "")
    assert after["scenarios"]["restart"] == before["scenarios"]["restart"]
    assert after["scenarios"]["stop"]["status"] == "measured"
    assert [each["replica"] for each in after["guests"]] == [0, 1]
    assert after["doubts"] == before["doubts"]
    assert len(before["guests"]) == 1


def test_nothing_kept_begins_anew() -> None:
    assert Progress.after(ENTRY, None) == Progress(ENTRY)


def test_what_failed_before_fails_still_where_other_things_are_measured_again() -> None:
    chosen = {**RESTART, "stop": scenarios()["stop"]}
    known = Progress(ENTRY, Counter(stop=1), failures=["no"], broken={"stop": "no"})
    before = concluded(known, chosen)
    again = Progress.after(ENTRY, {**before, "scenarios": {"stop": before["scenarios"]["stop"]}})
    again.samples = [trial(4.0)]
    made = concluded(again, chosen)
    assert (made["status"], made["reason"]) == ("failed", "no")
    assert made["scenarios"]["restart"]["status"] == "measured"


def test_cpu_time_per_restart() -> None:
    # Of the second process a thread has ended: its ticks have what it took along.
    one: ProcessUsage = {"pid": 1, "starttime": 1}
    two: ProcessUsage = {"pid": 2, "starttime": 1}
    marks: list[CpuMarked] = [
        {
            "scenario": "restart",
            "event": "cpu_mark",
            "processes": [
                {**one, "threads": ["1"], "cpu_ns": spent, "ticks_ns": 0},
                {**two, "threads": threads, "cpu_ns": left, "ticks_ns": spent},
            ],
        }
        for spent, threads, left in ((1_000_000, ["2", "3"], 900_000), (3_000_000, ["2"], 100_000))
    ]
    found = metrics([marks[0], trial(4.0), trial(4.0), marks[1]])
    assert found["cpu_per_restart"]["median"] == 2000.0  # us


def contender(
    name: str, median: float | None, p90: float | None = None, short: float | None = None
) -> dict[str, Any]:
    metrics = [
        {"metric": "restart_long", "median": median, "p90": p90, "floor_ratio": None},
        {"metric": "restart_short", "median": short, "p90": None, "floor_ratio": None},
    ]
    return {
        "name": name,
        "supervisor": name.split("/")[0],
        "pid1": name.endswith("pid1"),
        "status": "measured",
        "scenarios": {"restart": {"metrics": metrics}},
    }


def ratio(run: dict[str, Any], index: int) -> float | None:
    found: float | None = run["contenders"][index]["scenarios"]["restart"]["metrics"][0][
        "floor_ratio"
    ]
    return found


def test_compared_with_the_floor_in_the_same_place() -> None:
    run = {
        "contenders": [
            contender("floor/runner/default/hosted", 2.0),
            contender("floor/runner/default/pid1", 1.0),
            contender("runit/runner/default/hosted", 8.0),
            contender("runit/runner/default/pid1", 8.0),
            contender("god/monitor/default/hosted", None),
        ]
    }
    compare_with_floor(run)
    assert [ratio(run, index) for index in range(5)] == [1.0, 1.0, 4.0, 8.0, None]


def test_no_floor_no_ratio() -> None:
    run = {"contenders": [contender("runit/runner/default/pid1", 8.0)]}
    compare_with_floor(run)
    assert ratio(run, 0) is None


def test_a_noisy_host_is_said_with_the_figure() -> None:
    run = {"contenders": [contender("floor/runner/default/pid1", 1.0, NOISY + 1)]}
    assert spread(run) == NOISY + 1
    assert f"{NOISY + 1:.1f} times" in warnings(run)[0]


def test_noise_is_that_of_the_noisiest_run_that_was_merged() -> None:
    run = {"contenders": [contender("floor/runner/default/pid1", 1.0, 1.0)]}
    noisy = [{"spread": 1.0, "company": None}, {"spread": NOISY + 1, "company": HARM + 1}]
    said = warnings({**run, "noise": noisy})
    assert f"{NOISY + 1:.1f} times" in said[0]
    assert f"{HARM + 1:.2f} times as long" in said[1]
    assert warnings({**run, "noise": noisy[:1]}) == []


def test_what_the_kernel_holds_against_the_samples_is_said() -> None:
    trace = {"restarts": 9, "missing": 3, "invented": 0, "unattributed": 2}
    (said,) = warnings({"contenders": [], "trace": trace})
    assert "3 restarts are missing, 2 daemons are of a guest that is not known (bound 0)" in said
    assert warnings({"contenders": [], "trace": {"restarts": 9, "missing": 0}}) == []


def test_a_quiet_host() -> None:
    run = {"contenders": [contender("floor/runner/default/pid1", 1.0, NOISY)]}
    assert warnings(run) == []


def test_harm_by_company_is_said() -> None:
    floor = contender("floor/runner/default/hosted", 3.0, 3.0, short=3.0)
    run = {"contenders": [floor], "alone": {"median": 1.0, "pid1": False}}
    assert "3.00 times as long" in warnings(run)[0]
    assert warnings({**run, "alone": {"median": 3.0 / HARM, "pid1": False}}) == []


def test_harm_is_judged_in_the_same_place_and_at_the_same_uptime() -> None:
    floors = [
        contender("floor/runner/default/hosted", 9.0, 9.0, short=1.0),
        contender("floor/runner/default/pid1", 9.0, 9.0, short=2.0),
    ]
    run = {"contenders": floors, "alone": {"median": 1.0, "pid1": False}}
    assert company(run) == 1.0
    assert company({**run, "alone": {"median": 1.0, "pid1": True}}) == 2.0
    # Of an older run nobody knows where it was measured.
    assert company({**run, "alone": {"median": 1.0}}) is None
    assert company({**run, "alone": None}) is None


def test_no_floor_no_word() -> None:
    assert spread({"contenders": []}) is None
    assert warnings({"contenders": []}) == []


def test_emulated_guests_are_said() -> None:
    guests = [{"acceleration": "none: emulated by QEMU"}]
    known = {**contender("runit/runner/default/pid1", 8.0), "guests": guests}
    assert "emulated" in warnings({"host": {}, "contenders": [known]})[0]


def test_what_was_cut_short_is_said_with_the_next_step() -> None:
    done, cut = (contender(f"{name}/runner/default/pid1", 8.0) for name in ("runit", "s6"))
    (said,) = warnings({"contenders": [done, {**cut, "status": "unfinished"}]})
    assert said.startswith("1 of 2 contenders are unfinished (s6/runner/default/pid1).")
    assert said.endswith("./inv bench --resume")


def test_a_merged_run_is_not_advised_what_it_would_refuse() -> None:
    cut = contender("s6/runner/default/hosted@a", 8.0) | {"status": "unfinished"}
    disturbed = contender("runit/runner/default/hosted@a", 8.0)
    disturbed["doubts"] = [{"kind": "neighbour", "text": "so"}]
    said = warnings({"contenders": [cut, disturbed], "merged": ["x", "y"], "id": "z"})
    for each, name in zip(said, ("s6", "runit"), strict=True):
        assert f"--only={name}/runner/default/hosted; then: ./inv merge z RUN" in each
        assert "--redo" not in each and "--resume" not in each
