"""What makes two runs hard to compare."""

from __future__ import annotations

from typing import Any

import pytest

from reports.compare.changes import compare_metrics
from reports.compare.runs import (
    RunWithSamples,
    comparison_cautions,
    contenders_of_both,
    contenders_only_in,
)
from reports.model.samples import samples_from
from tests.support.samples import sample_runs
from tests.support.samples.sample_runs import steady_latencies
from tests.unit.reports.support.compared_runs import (
    changed,
    comparison_output,
    find_change,
    run_with_medians,
)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"quick": True}, "Different depths: full, then quick, few trials."),
        ({"system": {"name": "arch", "title": "Arch"}}, "Different systems: debian, then arch."),
        ({"provider": {"name": "libvirt", "reason": ""}}, "Different providers"),
        ({"warnings": ["too noisy for a ranking"]}, "too noisy for a ranking"),
        ({"ended": None}, "has not ended"),
    ],
)
def test_a_difference_gives_a_caution(other: dict[str, Any], words: str) -> None:
    runs = [run_with_medians(4, 1000), run_with_medians(4, 1000, **other)]
    assert any(words in caution for caution in comparison_cautions(*runs))
    assert "CAUTION" in comparison_output(runs)[1]


@pytest.mark.parametrize("key", ["kernel", "processor", "memory_mib", "system", "name"])
def test_another_machine_gives_a_caution(key: str) -> None:
    one = run_with_medians(4, 1000)
    host = {**one.run["host"], key: 1 if key == "memory_mib" else "another"}
    assert comparison_cautions(one, changed(one, host=host))


def test_the_same_conditions_give_none() -> None:
    assert not comparison_cautions(run_with_medians(4, 1000), run_with_medians(4, 1000))


def test_another_instrument_gives_a_caution_and_an_unknown_one_is_another() -> None:
    one, other, unknown = (
        run_with_medians(4, 1000, instrument=name) for name in ("one", "other", None)
    )
    assert comparison_cautions(one, one) == []
    assert comparison_cautions(one, other) == ["Different instruments: one, then other."]
    assert comparison_cautions(one, unknown) == ["Different instruments: one, then unknown."]
    assert comparison_cautions(unknown, unknown) == [
        "Different instruments: unknown, then unknown."
    ]


def test_two_profiles_of_today_are_two_contenders() -> None:
    one, other = (
        RunWithSamples(
            sample_runs.run(
                sample_runs.contender(f"s6/runner/{profile}/hosted", steady_latencies(4.0))
            ),
            samples_from([]),
        )
        for profile in ("fast", "strict")
    )
    assert list(contenders_of_both(one, other)) == []
    (left,), (right,) = contenders_only_in(one, other), contenders_only_in(other, one)
    assert (left["profile"], right["profile"]) == ("fast", "strict")


def test_an_older_run_calls_every_profile_but_the_default_tuned() -> None:
    fast, tuned = (f"s6/runner/{profile}/hosted" for profile in ("fast", "tuned"))
    older, newer = (
        RunWithSamples(
            sample_runs.run(sample_runs.contender(name, steady_latencies(4.0))),
            samples_from(sample_runs.restart_samples({name: steady_latencies(4.0)})),
        )
        for name in (tuned, fast)
    )
    ((old, new),) = contenders_of_both(older, newer)
    assert (old["name"], new["name"]) == (tuned, fast)
    assert contenders_only_in(older, newer) == contenders_only_in(newer, older) == []
    changes = compare_metrics(older, newer)
    assert find_change(changes, fast).sampled is not None
