"""Runs that were measured apart become one, in which hosts stay apart."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from bench.distributed.dask import merge_results
from bench.distributed.merge import merge, merge_parts
from bench.distributed.part import RunPart
from provision.errors import Problem
from reports.model.run_summary import ranking_obstacle
from tests.support.samples import sample_runs


def contender(name: str, median: float, status: str = "measured", **more: Any) -> Any:
    metric = {"metric": "restart_long", "median": median, "p90": median, "floor_ratio": median / 2}
    return {
        "name": name, "supervisor": name.split("/")[0], "title": name.split("/")[0],
        "status": status, "reason": "", "pid1": False, "guests": [],
        "scenarios": {"restart": {"status": "measured", "metrics": [metric]}}, **more,
    }  # fmt: skip


def part(
    host: str,
    *contenders: Any,
    system: str = "debian",
    provider: str = "lxc",
    alone: dict[str, Any] | None = None,
    instrument: str | None = None,
    **host_more: str,
) -> RunPart:
    run: Any = {
        "schema": 1, "id": f"run-{host}", "started": "2020-01-01T00:00:00+00:00",
        "ended": "2020-01-01T00:10:00+00:00", "seconds": 600.0, "options": {"trials": 0},
        "quick": False, "system": {"name": system}, "provider": {"name": provider},
        "host": {"name": host, "processor": "p", "cores": 2, "kernel": "6", **host_more},
        "bound": 400.0, "calibration": {"made": host}, "instrument": instrument,
        "plan": {"lines": [], "seconds": 1.0}, "absent": [], "alone": alone, "warnings": ["w"],
        "supervisors": {}, "contenders": list(contenders),
    }  # fmt: skip
    samples: list[Any] = [
        {"contender": result["name"], "scenario": "restart", "event": "sample"}
        for result in contenders
    ]
    return RunPart(run, samples, {})


def test_parts_of_one_host_become_one_run(tmp_path: Path) -> None:
    record = merge_parts(
        [part("a", contender("floor/x", 1), contender("runit/x", 4)),
         part("a", contender("floor/x", 2), contender("s6/x", 5))],
        results=tmp_path,
    )  # fmt: skip
    assert [result["name"] for result in record.run["contenders"]] == ["floor/x", "runit/x", "s6/x"]
    assert {result["host"] for result in record.run["contenders"]} == {"a"}
    assert len(record.read_samples()) == 3
    assert not ranking_obstacle(record.run)


def test_failed_contenders_are_a_problem_after_the_others_are_kept(tmp_path: Path) -> None:
    parts = [part("a", contender("floor/x", 1), contender("runit/x", 4))]
    assert len(merge_results(parts, {}, tmp_path).run["contenders"]) == 2
    with pytest.raises(Problem, match="1 of 2 contenders were measured by no worker") as caught:
        merge_results(parts, {"s6/x": "it was lost"}, tmp_path / "lost")
    assert "s6/x: it was lost" in caught.value.known
    kept = (tmp_path / "lost" / "latest").readlink()
    assert str(kept) in caught.value.advice
    with pytest.raises(Problem, match="No worker measured any contender"):
        merge_results([], {"s6/x": "it was lost"}, tmp_path)


def test_parts_of_each_provider_become_a_run_of_their_own(tmp_path: Path) -> None:
    parts = [
        part("a", contender("floor/x", 1), contender("runit/x", 4)),
        part("b", contender("floor/x", 1), contender("s6/x", 5), provider="libvirt"),
        part("a", contender("floor/x", 1), contender("perp/x", 6)),
    ]
    with pytest.raises(Problem, match="cannot be one run") as caught:
        merge_results(parts, {}, tmp_path)
    assert not caught.value.usage
    kept = [json.loads(path.read_text()) for path in tmp_path.glob("2*/run.json")]
    assert all(run["id"] in caught.value.advice for run in kept)
    names = {
        run["provider"]["name"]: [result["name"] for result in run["contenders"]] for run in kept
    }
    assert names == {"lxc": ["floor/x", "runit/x", "perp/x"], "libvirt": ["floor/x", "s6/x"]}

    with pytest.raises(Problem, match="1 of 4 contenders were measured by no worker") as caught:
        merge_results(parts, {"monit/x": "it was lost"}, tmp_path / "lost")
    assert "there are 2 runs" in caught.value.known
    assert caught.value.advice.count("./inv report") == 2


def test_hosts_are_named_and_not_ranked_merge_results(tmp_path: Path) -> None:
    parts = [part("a", contender("runit/x", 4)), part("b", contender("runit/x", 8))]
    record = merge_parts(parts, results=tmp_path)
    names = [result["name"] for result in record.run["contenders"]]
    assert names == ["runit/x@a", "runit/x@b"]
    assert [result["title"] for result in record.run["contenders"]] == ["runit on a", "runit on b"]
    assert [sample["contender"] for sample in record.read_samples()] == names
    assert ranking_obstacle(record.run)
    # Each ratio is still the one to the floor of its own host.
    ratios = [
        result["scenarios"]["restart"]["metrics"][0]["floor_ratio"]
        for result in record.run["contenders"]
    ]
    assert ratios == [2, 4]
    assert any("2 hosts (a, b)" in warning for warning in record.run["warnings"])
    assert not ranking_obstacle(merge_parts(parts, mixed=True, results=tmp_path / "mixed").run)


def test_machines_of_one_name_get_different_labels(tmp_path: Path) -> None:
    parts = [
        part("ci", contender("runit/x", 4), machine_id="1"),
        part("ci", contender("s6/x", 5), machine_id="2"),
    ]
    assert list(merge_parts(parts, results=tmp_path).run["hosts"]) == ["ci", "ci-2"]


def test_the_options_of_every_part_are_kept(tmp_path: Path) -> None:
    one, two, three = (part(host, contender("runit/x", 4)) for host in "abc")
    two.run["options"] = {"trials": 7}
    first = merge_parts([one, two], results=tmp_path)
    merged = RunPart(first.run, first.read_samples(), {})
    again = merge_parts([merged, three], results=tmp_path / "again")
    assert [(one["id"], one["options"]["trials"]) for one in again.run["parts"]] == [
        ("run-a", 0), ("run-b", 7), ("run-c", 0)
    ]  # fmt: skip


def test_of_two_measurements_the_later_counts(tmp_path: Path) -> None:
    parts = [part("a", contender("runit/x", 4)), part("a", contender("runit/x", 8))]
    record = merge_parts(parts, results=tmp_path)
    (only,) = record.run["contenders"]
    assert only["scenarios"]["restart"]["metrics"][0]["median"] == 8
    assert len(record.read_samples()) == 1


def test_scenarios_of_two_runs_become_those_of_one_contender(tmp_path: Path) -> None:
    """Their guests and samples are counted on, so that no two guests have one number."""
    first = part("a", contender("runit/x", 4, guests=[{"replica": 0}, {"replica": 1}]))
    second = part("a", contender("runit/x", 8, guests=[{"replica": 0, "load": {"stop": {}}}]))
    second.run["contenders"][0]["scenarios"] = {
        "stop": {"status": "measured", "note": "", "metrics": []}
    }
    second.samples[0].update({"scenario": "stop", "replica": 0})
    record = merge_parts([first, second], results=tmp_path)
    (only,) = record.run["contenders"]
    assert set(only["scenarios"]) == {"restart", "stop"}
    assert [guest["replica"] for guest in only["guests"]] == [0, 1, 2]
    assert [sample.get("replica") for sample in record.read_samples()] == [None, 2]


def stop_only(name: str, **more: Any) -> Any:
    only = contender(name, 8, **more)
    only["scenarios"] = {"stop": {"status": "measured", "note": "", "metrics": []}}
    return only


def test_scenarios_of_two_builds_are_not_united(tmp_path: Path) -> None:
    """One row would say that both were measured with the later build."""
    parts = [
        part("a", contender("runit/x", 4, version="2.1")),
        part("a", stop_only("runit/x", version="2.3")),
    ]
    (only,) = merge_parts(parts, results=tmp_path).run["contenders"]
    assert set(only["scenarios"]) == {"stop"}


def test_what_failed_in_the_earlier_run_stays_failed(tmp_path: Path) -> None:
    failed = contender("runit/x", 4, "failed", reason="no guest")
    failed["scenarios"]["restart"]["status"] = "failed"
    parts = [part("a", failed), part("a", stop_only("runit/x"))]
    (only,) = merge_parts(parts, results=tmp_path).run["contenders"]
    assert (only["status"], only["reason"]) == ("failed", "no guest")
    assert set(only["scenarios"]) == {"restart", "stop"}


def test_why_a_scenario_does_not_apply_is_taken_from_an_unfinished_run(tmp_path: Path) -> None:
    later = stop_only("runit/x", status="unfinished")
    later["scenarios"]["pidfile"] = {"status": "not applicable", "note": "parent", "metrics": []}
    later["scenarios"]["scale"] = {"status": "unfinished", "note": "", "metrics": []}
    (only,) = merge_parts(
        [part("a", contender("runit/x", 4)), part("a", later)], results=tmp_path
    ).run["contenders"]
    assert set(only["scenarios"]) == {"restart", "stop", "pidfile"}
    assert only["scenarios"]["pidfile"]["note"] == "parent"


def test_what_a_failed_run_has_measured_is_taken(tmp_path: Path) -> None:
    later = stop_only("runit/x", status="failed")
    later["scenarios"]["restart"] = {"status": "failed", "note": "", "metrics": []}
    (only,) = merge_parts(
        [part("a", contender("runit/x", 4)), part("a", later)], results=tmp_path
    ).run["contenders"]
    assert only["status"] == "measured"
    assert only["scenarios"]["restart"]["status"] == "measured"
    assert set(only["scenarios"]) == {"restart", "stop"}


def test_a_measured_floor_gains_scenarios_and_keeps_its_own(tmp_path: Path) -> None:
    first, second = part("a", contender("floor/x", 1)), part("a", contender("floor/x", 2))
    second.run["contenders"][0]["scenarios"]["stop"] = {
        "status": "measured",
        "note": "",
        "metrics": [],
    }
    (floor,) = merge_parts([first, second], results=tmp_path).run["contenders"]
    assert floor["scenarios"]["restart"]["metrics"][0]["median"] == 1
    assert set(floor["scenarios"]) == {"restart", "stop"}


def test_a_failure_does_not_replace_a_figure(tmp_path: Path) -> None:
    parts = [part("a", contender("runit/x", 4)), part("a", contender("runit/x", 8, "failed"))]
    (only,) = merge_parts(parts, results=tmp_path).run["contenders"]
    assert only["status"] == "measured"


def test_a_run_whose_scenarios_do_not_apply_replaces_nothing(tmp_path: Path) -> None:
    """An init has no crash loop: in a run of that alone no guest tells its version."""
    later = contender("runit/x", 8, version="")
    later["scenarios"] = {"crashloop": {"status": "not applicable", "note": "", "metrics": []}}
    parts = [part("a", contender("runit/x", 4, version="2.1")), part("a", later)]
    (only,) = merge_parts(parts, results=tmp_path).run["contenders"]
    assert (only["status"], only["version"]) == ("measured", "2.1")
    assert set(only["scenarios"]) == {"restart", "crashloop"}


def test_a_floor_that_failed_gives_way_to_one_that_was_measured(tmp_path: Path) -> None:
    alone = [{"metric": "restart_alone", "median": median, "pid1": False} for median in (1, 2, 3)]
    parts = [
        part("a", contender("floor/x", 1, "failed"), contender("runit/x", 4), alone=alone[0]),
        part("a", contender("floor/x", 2), contender("s6/x", 5), alone=alone[1]),
        part("a", contender("floor/x", 3), contender("perp/x", 6), alone=alone[2]),
    ]
    run = merge_parts(parts, results=tmp_path).run
    (floor,) = [result for result in run["contenders"] if result["supervisor"] == "floor"]
    assert floor["scenarios"]["restart"]["metrics"][0]["median"] == 2
    # It is compared with what that very floor took by itself.
    assert run["alone"] == run["hosts"]["a"]["alone"] == alone[1]


def test_runs_of_different_systems_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="the systems differ"):
        merge_parts([part("a"), part("a", system="arch")], results=tmp_path)
    with pytest.raises(Problem, match="two runs"):
        merge(["latest"], mixed=False)


def of_systems(*names: str) -> RunPart:
    """Return a part of that run of several systems, which are named by their releases here."""
    facts = [{"name": name, "title": name.capitalize(), "release": name} for name in names]
    one = part("a", contender(f"runit/x@{names[-1]}", 4), system=",".join(names))
    one.run["systems"] = cast(Any, facts)
    return one


@pytest.mark.parametrize("turn", [1, -1])
def test_a_run_of_some_systems_becomes_part_of_one_of_all(tmp_path: Path, turn: int) -> None:
    parts = [of_systems("debian", "trixie"), of_systems("bullseye", "debian", "trixie", "sid")]
    record = merge_parts(parts[::turn], results=tmp_path)
    names = [system["name"] for system in record.run["systems"]]
    assert names == ["bullseye", "debian", "trixie", "sid"]
    assert record.run["system"]["name"] == "bullseye,debian,trixie,sid"
    assert "bullseye-debian-trixie-sid" in record.folder.name
    assert {one["name"] for one in record.run["contenders"]} == {"runit/x@trixie", "runit/x@sid"}


def test_a_supervisors_facts_are_those_of_most_systems(tmp_path: Path) -> None:
    many, few = of_systems("bullseye", "debian", "sid"), of_systems("debian", "sid")
    for one, finding in ((many, "Debian 11: so"), (few, "so")):
        one.run["supervisors"] = cast(Any, {"runit": {"findings": [finding]}})
    facts = merge_parts([many, few], results=tmp_path).run["supervisors"]["runit"]
    assert facts["findings"] == ["Debian 11: so"]


@pytest.mark.parametrize("other", [("trixie", "sid"), ("debian", "forky"), ("debian",)])
def test_runs_of_which_none_has_all_systems_are_refused(
    tmp_path: Path, other: tuple[str, ...]
) -> None:
    """Nor one whose floor is of another system, nor one of a single system."""
    other_part = of_systems(*other) if len(other) > 1 else part("a")
    with pytest.raises(Problem, match="the systems differ"):
        merge_parts([of_systems("debian", "trixie", "sid"), other_part], results=tmp_path)


def test_a_merge_of_a_merge_without_its_parts_names_none(tmp_path: Path) -> None:
    old, new = part("a", contender("runit/x", 4)), part("a", contender("s6/x", 5))
    old.run["merged"] = ["one", "two"]
    assert "parts" not in merge_parts([old, new], results=tmp_path).run


def test_runs_of_different_daemons_are_refused(tmp_path: Path) -> None:
    usual, own = part("a", contender("runit/x", 4)), part("a", contender("s6/x", 5))
    own.run["options"]["daemon"] = {"command": ["mine"], "ready": "port:80", "look_ms": 1.0}
    with pytest.raises(Problem, match="they measured other daemons") as caught:
        merge_parts([usual, own], results=tmp_path)
    assert "own program: mine" in caught.value.known


def test_durations_add_up_and_a_calibration_is_of_one_host(tmp_path: Path) -> None:
    here, there = part("a", contender("floor/x", 1)), part("b", contender("s6/x", 5))
    apart = merge_parts([here, there], results=tmp_path).run
    assert (apart["seconds"], apart["bound"], apart["calibration"]) == (1200.0, 800.0, None)
    assert merge_parts([here, here], results=tmp_path).run["calibration"] == here.run["calibration"]


DISTURBED = [{"kind": "neighbour", "text": "so"}]


def test_a_disturbed_contender_is_replaced_by_a_further_merge(tmp_path: Path) -> None:
    parts = [
        part("a", contender("floor/x", 1), contender("runit/x", 4, doubts=DISTURBED)),
        part("b", contender("floor/x", 2), contender("runit/x", 8)),
    ]
    first = merge_parts(parts, results=tmp_path)
    (warning,) = [text for text in first.run["warnings"] if "disturbed" in text]
    assert warning.startswith(
        "a: 1 of 2 contenders were disturbed by other load on the host (runit/x@a)."
    )
    assert warning.endswith(f"--only=runit/x; then: ./inv merge {first.run['id']} RUN")

    again = part("a", contender("floor/x", 1), contender("runit/x", 5))
    last = merge_parts(
        [RunPart(first.run, first.read_samples(), {}), again], results=tmp_path / "again"
    )
    medians = {
        result["name"]: result["scenarios"]["restart"]["metrics"][0]["median"]
        for result in last.run["contenders"]
    }
    assert medians == {"floor/x@a": 1, "floor/x@b": 2, "runit/x@a": 5, "runit/x@b": 8}
    assert {result["title"] for result in last.run["contenders"]} == {
        "floor on a", "floor on b", "runit on a", "runit on b"
    }  # fmt: skip
    assert sorted(sample["contender"] for sample in last.read_samples()) == sorted(medians)
    assert not any("disturbed" in text for text in last.run["warnings"])


def test_noise_and_traces_of_every_part_are_kept(tmp_path: Path) -> None:
    def restart(name: str, kill: int | None) -> Any:
        stamps = {"kill": kill, "death": 2, "awake": 3, "fork": 4, "exec": 50_000}
        return {"contender": name, "scenario": "restart", "event": "sample", "group": "long",
                "warmup": False, "kill_ns": 0, "main_ns": 90_000, "begun_ns": 80_000,
                "witness": stamps}  # fmt: skip

    noisy = contender("floor/x", 1)
    noisy["scenarios"]["restart"]["metrics"][0]["p90"] = 9
    parts = [part("a", contender("floor/x", 1), contender("runit/x", 4)),
             part("a", noisy, contender("s6/x", 5))]  # fmt: skip
    parts[0] = replace(parts[0], samples=[restart("runit/x", 10_000)])
    parts[1] = replace(parts[1], samples=[restart("s6/x", 30_000), restart("s6/x", None)])
    traces: list[Any] = [
        {"lost_events": 2, "unattributed": 0},
        {"lost_events": 0, "unattributed": 4},
    ]
    for run_part, trace, missing in zip(parts, traces, (1, 2), strict=True):
        run_part.run["trace"] = trace
        run_part.run["contenders"][1]["scenarios"]["restart"]["missing"] = missing
    first = merge_parts(parts, results=tmp_path)
    whole = RunPart(first.run, first.read_samples(), {})
    again = merge_parts([whole, part("b", contender("floor/x", 1))], results=tmp_path / "again")
    for record in (first, again):
        run: Any = record.run
        counts = {kind: run["trace"][kind] for kind in ("missing", "lost_events", "unattributed")}
        assert counts == {"missing": 3, "lost_events": 2, "unattributed": 4}
        assert (run["trace"]["restarts"], run["trace"]["unmatched_kills"]) == (3, 1)
        assert run["trace"]["kill_us"]["median"] == 20
        assert ranking_obstacle(run)
        (noise,) = [text for text in run["warnings"] if "9.0 times its median" in text]
        (disagreement,) = [
            text for text in run["warnings"] if "3 restarts are in no sample" in text
        ]
    # Measured again, its restarts are not missing any more.
    better = merge_parts([whole, part("a", contender("s6/x", 5))], results=tmp_path / "better")
    assert better.run["trace"] and better.run["trace"]["missing"] == 1
    assert {noise_facts["host"] for noise_facts in again.run["noise"]} == {"a", "b"}
    assert noise.startswith("a: ")
    assert not disagreement.startswith("a: ")


def test_an_instrument_is_kept_only_where_all_parts_have_it(tmp_path: Path) -> None:
    one, other = (part("a", contender(f"{name}/x", 1), instrument=name) for name in ("s6", "monit"))
    both = merge_parts([one, other], results=tmp_path).run
    assert both["instrument"] is None
    assert any("different daemons or measuring programs" in text for text in both["warnings"])
    same = merge_parts([one, one], results=tmp_path).run
    assert same["instrument"] == "s6"
    assert not any("measuring programs" in text for text in same["warnings"])


def test_a_part_reads_compressed_samples(tmp_path: Path) -> None:
    folder = sample_runs.write_ordinary_run(tmp_path / "published")
    plain = folder / "samples.jsonl"
    (folder / "samples.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    whole = RunPart.load(folder).samples
    plain.unlink()
    assert len(whole) == 150
    assert RunPart.load(folder).samples == whole


def of_two_scenarios() -> RunPart:
    """A run of restarts that is whole, and of stops that one contender has not ended."""
    stops = {"status": "unfinished", "note": "", "metrics": []}
    results = [contender("floor/x", 1), contender("runit/x", 4, status="unfinished", reason="cut")]
    for result in results:
        result["guests"] = [{"replica": 0, "load": {"restart": {}}},
                            {"replica": 1, "load": {"stop": {}}}]  # fmt: skip
        result["scenarios"]["stop"] = {"status": "measured", "note": "", "metrics": []}
    results[1]["scenarios"]["stop"] = stops
    run = part("a", *results, alone={"pid1": False})
    run.run["options"]["scenarios"] = ["restart", "stop"]
    run.run["trace"] = cast(Any, {"restarts": 2})
    run.run["noise"] = [cast(Any, {"spread": 1.0, "company": None})]
    stop: Any = {"contender": "runit/x", "scenario": "stop", "event": "sample"}
    return RunPart(run.run, [*run.samples, stop], {})


def test_a_part_may_be_some_scenarios_of_a_run() -> None:
    whole = of_two_scenarios()
    restarts = whole.with_scenarios(["restart"])
    assert [sample["scenario"] for sample in restarts.samples] == ["restart", "restart"]
    assert [set(one["scenarios"]) for one in restarts.run["contenders"]] == [{"restart"}] * 2
    # What one of them has not ended is not among its scenarios now.
    assert [one["status"] for one in restarts.run["contenders"]] == ["measured", "measured"]
    assert [guest["replica"] for guest in restarts.run["contenders"][1]["guests"]] == [0]
    assert restarts.run["options"]["scenarios"] == ["restart"]
    assert restarts.alone is not None


def test_what_is_known_of_restarts_stays_with_them() -> None:
    stops = of_two_scenarios().with_scenarios(["stop"])
    assert [one["status"] for one in stops.run["contenders"]] == ["measured", "unfinished"]
    assert (stops.alone, stops.run["trace"], stops.run["noise"]) == (None, None, [])


def test_of_a_merged_run_only_the_parts_with_the_scenarios_are_named() -> None:
    merged = of_two_scenarios()
    merged.run["parts"] = cast(
        Any,
        [{"id": "1", "options": {"scenarios": ["restart", "footprint"]}},
         {"id": "2", "options": {"scenarios": ["stop", "deaths"]}}],
    )  # fmt: skip
    assert merged.with_scenarios(["stop"]).run["parts"] == [
        {"id": "2", "options": {"scenarios": ["stop"]}}
    ]


def test_a_calibration_is_of_the_part_with_restarts(tmp_path: Path) -> None:
    """An earlier run may come first, to be overridden: its calibration is not of the restarts."""
    earlier, later = of_two_scenarios(), of_two_scenarios()
    later.run["calibration"] = cast(Any, {"made": "later"})
    later.run["trace"] = None
    parts = [earlier.with_scenarios(["stop"]), later]
    run: Any = merge_parts(parts, results=tmp_path).run
    assert run["calibration"] == {"made": "later"}
    assert run["alone"] == {"pid1": False}


def test_a_name_may_end_with_scenarios(tmp_path: Path) -> None:
    folder = sample_runs.write_ordinary_run(tmp_path / "12:30")
    whole = RunPart.named(str(folder))
    assert whole.samples == RunPart.named(f"{folder}:restart").samples
    with pytest.raises(Problem, match="has no scenario stopp") as caught:
        RunPart.named(f"{folder}:restart,stopp")
    assert "restart" in caught.value.known and caught.value.code == 2


def test_scenarios_of_every_part_keep_their_titles(tmp_path: Path) -> None:
    parts = [part("a", contender("runit/x", 4)), part("a", contender("s6/x", 5))]
    parts[0].run["scenario_titles"] = {"restart": "restart latency"}
    parts[1].run["scenario_titles"] = {"stop": "stop of a service"}
    assert merge_parts(parts, results=tmp_path).run.get("scenario_titles") == {
        "restart": "restart latency", "stop": "stop of a service",
    }  # fmt: skip


def test_options_that_differ_are_named(tmp_path: Path) -> None:
    parts = [part("a", contender("runit/x", 4)), part("a", contender("s6/x", 5))]
    parts[1].run["options"] |= {"seed": 2, "only": ["s6"]}
    warnings = merge_parts(parts, results=tmp_path).run["warnings"]
    assert any("had different options (seed): run.json" in text for text in warnings)
