"""--redo=unstable repeats disturbed contenders, and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.support.suite import Suite

pytestmark = pytest.mark.slow

RUNIT = "runit/runner/default/hosted"
FLOOR = "floor/runner/default/hosted"


def kills(suite: Suite) -> dict[str, set[int]]:
    """The stamps of the kills of each contender's service, in ns."""
    stamps: dict[str, set[int]] = {}
    for sample in suite.samples():
        if sample["event"] == "sample":
            stamps.setdefault(sample["contender"], set()).add(sample["kill_ns"])
    return stamps


def test_redo_measures_only_disturbed_contenders(suite: Suite) -> None:
    done = suite.bench("--scenario=restart", "--trials=2", f"--only={RUNIT}")
    assert done.code == 0, done.output
    path = suite.results / "latest" / "run.json"
    run = json.loads(path.read_text())
    for contender in run["contenders"]:
        kind = "neighbour" if contender["name"] == RUNIT else "modes"
        contender["doubts"] = [{"kind": kind, "text": "as the test says"}]
    path.write_text(json.dumps(run))
    before = kills(suite)

    again = suite.bench("--redo=unstable")
    assert again.code == 0, again.output
    after, record = kills(suite), suite.record()
    assert record["id"] == run["id"]
    assert set(after) == set(before)
    assert not after[RUNIT] & before[RUNIT]
    assert all(after[name] == before[name] for name in before if name != RUNIT)
    assert len(record["contenders"]) == len(run["contenders"])


def test_redo_refuses_other_options(suite: Suite) -> None:
    unknown = suite.bench("--redo=everything")
    assert unknown.code == 2 and "unstable" in unknown.output
    both = suite.bench("--redo=unstable", "--resume")
    assert both.code == 2 and "contradict" in both.output
    otherwise = suite.bench("--redo=unstable", f"--only={RUNIT}", "--quick")
    assert otherwise.code == 2 and "--redo and --only, --quick contradict" in otherwise.output
    nothing = suite.bench("--redo=unstable")
    assert nothing.code == 2 and "no run" in nothing.output


def test_a_refused_redo_drops_no_results(suite: Suite) -> None:
    assert suite.bench("--scenario=restart", "--trials=1", f"--only={FLOOR}").code == 0
    path = suite.results / "latest" / "run.json"
    run = json.loads(path.read_text())
    run["contenders"][0]["doubts"] = [{"kind": "neighbour", "text": "as the test says"}]
    run["options"]["provider"] = "nowhere"
    path.write_text(json.dumps(run))
    before = suite.samples()
    refused = suite.bench("--redo=unstable")
    assert refused.code == 2 and "nowhere" in refused.output
    assert (suite.record(), suite.samples()) == (run, before)
