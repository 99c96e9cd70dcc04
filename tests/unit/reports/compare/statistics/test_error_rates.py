"""The error rates that docs/compare.md claims, by simulation.

`pytest -m lengthy -s` on this file simulates PAIRS pairs of each truth and prints the table.
"""

from __future__ import annotations

import numpy as np
import pytest

from bench.model.statistics import summarize
from reports.compare.changes import compare_metrics
from reports.compare.limits import Limits
from reports.compare.statistics.multiple_tests import SIGNIFICANT
from reports.compare.statistics.sample_tests import compare_samples
from tests.support.samples.compared_pairs import (
    MIXED,
    RESHAPED,
    SHIFTED,
    TRUTHS,
    UNCHANGED,
    Outcome,
    Truth,
    at_most,
    sampled_change,
    simulate,
)
from tests.unit.reports.support.compared_runs import RUNIT, find_change, run_with_figures

PAIRS, FEW_PAIRS = 2000, 300
# Samples of a full and of a quick run.
FULL, QUICK = 30, 6
# Percent: limits of a gate, and by how much restarts became slower.
LIMITS, GROWTHS = (5, 10, 25), (0, 5, 10, 15, 20, 30, 50)
FEW_TRUTHS = [
    UNCHANGED[0],
    UNCHANGED[2],
    UNCHANGED[3],
    SHIFTED[0],
    SHIFTED[2],
    MIXED[0],
    RESHAPED[1],
]
_COLUMNS = ("right word", "wrong word", "differs in shape", "gate of 10 % fails", "interval misses")


def check_claims(truth: Truth, outcome: Outcome, size: int, pairs: int) -> None:
    """Assert what holds for every truth: no more errors than claimed."""
    claimed = at_most(SIGNIFICANT, pairs)
    if truth.is_unchanged:
        assert outcome.differs <= claimed, truth.name
        assert outcome.failed <= at_most(SIGNIFICANT / 2, pairs // 2), truth.name
    elif truth.direction:
        assert outcome.wrong <= at_most(0.01, pairs), truth.name
    else:
        assert outcome.wrong <= claimed, truth.name
    if truth.ratio is not None:
        assert outcome.missed is not None and outcome.missed <= claimed, truth.name
        if truth.ratio <= 1.1:
            assert outcome.failed <= claimed, truth.name


def check_power(truth: Truth, outcome: Outcome) -> None:
    """Assert what FULL samples find."""
    if truth.name in ("shifted by 20 %", "shifted by 50 %"):
        assert outcome.right > 0.9, truth.name
    if truth.name == "shifted by 50 %":
        assert outcome.failed > 0.95, truth.name
    if truth in RESHAPED:
        assert outcome.shape > 0.5, truth.name
    if truth in MIXED:
        assert outcome.differs > 0.25, truth.name


@pytest.mark.parametrize("size", [FULL, QUICK])
@pytest.mark.parametrize("truth", FEW_TRUTHS, ids=lambda truth: truth.name)
def test_few_pairs_keep_the_claims(truth: Truth, size: int) -> None:
    outcome = simulate(truth, FEW_PAIRS, size)
    check_claims(truth, outcome, size, FEW_PAIRS)
    if size == FULL:
        check_power(truth, outcome)


@pytest.mark.lengthy
@pytest.mark.parametrize("size", [FULL, QUICK])
def test_many_pairs_keep_the_claims(size: int, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"| {size} trials | {' | '.join(_COLUMNS)} |", "|---" * (len(_COLUMNS) + 1) + "|"]
    outcomes = [(truth, simulate(truth, PAIRS, size)) for truth in TRUTHS]
    rows += [_row(truth, outcome) for truth, outcome in outcomes]
    with capsys.disabled():
        print("\n" + "\n".join(rows))
    for truth, outcome in outcomes:
        check_claims(truth, outcome, size, PAIRS)
        if size == FULL:
            check_power(truth, outcome)


def _row(truth: Truth, outcome: Outcome) -> str:
    right = _percent(outcome.right) if truth.direction else ""
    missed = "" if outcome.missed is None else _percent(outcome.missed)
    rates = (_percent(rate) for rate in (outcome.wrong, outcome.shape, outcome.failed))
    return f"| {' | '.join((truth.name, right, *rates, missed))} |"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


@pytest.mark.lengthy
@pytest.mark.parametrize("spread", [0.05, 0.15])
def test_a_gate_by_its_limit(spread: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Print how often a gate fails, and how often one would that took the estimate alone."""
    rows = [f"| spread {100 * spread:g} % | {' | '.join(f'{limit} %' for limit in LIMITS)} |"]
    for growth in GROWTHS:
        rates = gate_rates(spread, growth)
        cells = [f"{_percent(whole)} ({_percent(estimate)})" for whole, estimate in rates]
        rows.append(f"| {growth} % | {' | '.join(cells)} |")
        for limit, (whole, _) in zip(LIMITS, rates, strict=True):
            assert growth > limit or whole <= at_most(SIGNIFICANT / 2, PAIRS), rows[-1]
    with capsys.disabled():
        print("\n" + "\n".join(rows))


def gate_rates(spread: float, growth: float) -> list[tuple[float, float]]:
    """Return for each of LIMITS how often the gate fails, by its rule and by the estimate alone."""
    generator = np.random.default_rng([int(100 * spread), int(growth)])
    changes = []
    for _ in range(PAIRS):
        before, after = generator.lognormal(0, spread, (2, FULL))
        pair = (before.tolist(), (after * (1 + growth / 100)).tolist())
        changes.append(sampled_change(pair, compare_samples([pair])[0]))
    return [
        (
            sum(one.is_regression(Limits(limit)) for one in changes) / PAIRS,
            sum(one.is_significant and one.percent > limit for one in changes) / PAIRS,
        )
        for limit in LIMITS
    ]


@pytest.mark.lengthy
@pytest.mark.parametrize("size", [FULL, QUICK])
def test_twenty_unchanged_figures_rarely_differ(
    size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    comparisons, figures = 400, 20
    generator = np.random.default_rng(size)
    differ = 0
    for _ in range(comparisons):
        samples = generator.lognormal(0, 0.15, (figures, 2, size)).tolist()
        changes = compare_samples([(before, after) for before, after in samples])
        differ += any(item.interval.excludes_zero or item.differs_in_shape for item in changes)
    with capsys.disabled():
        print(f"\n{figures} unchanged figures of {size} trials: {differ} of {comparisons} differ")
    assert differ / comparisons <= at_most(SIGNIFICANT, comparisons)


@pytest.mark.lengthy
@pytest.mark.parametrize("size", [FULL, QUICK])
def test_intervals_of_medians_rarely_part_by_chance(
    size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = np.random.default_rng(size)
    differ = 0
    for _ in range(PAIRS):
        latencies = generator.lognormal(0, 0.15, (2, size)).tolist()
        figures = [summarize("scale_x", "ms", values) for values in latencies]
        runs = [run_with_figures(figure, scenario="scale") for figure in figures]
        change = find_change(compare_metrics(*runs), RUNIT, "scale_x")
        differ += change.is_significant
    with capsys.disabled():
        print(f"\nintervals of medians, {size} trials: {differ} of {PAIRS} differ")
    assert differ / PAIRS <= at_most(0.01, PAIRS)
