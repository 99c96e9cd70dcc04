"""How often a bisection names a wrong version, by simulation, as docs/compare.md claims.

`pytest -m lengthy -s` on this file simulates BISECTIONS of each truth and prints the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from bench.cli.commands.bisect import bisect, most_comparisons
from reports.compare.statistics.multiple_tests import SIGNIFICANT
from reports.compare.statistics.sample_tests import compare_samples
from tests.support.samples.compared_pairs import Array, at_most

BISECTIONS, FEW_BISECTIONS = 2000, 150
SPREAD = 0.15


@dataclass(frozen=True)
class Truth:
    """Versions of which each one from the changed one on is slower.

    changed: its number; that of no version where nothing changed. growth: 0.2 for 20 %.
    """

    versions: int
    changed: int
    growth: float

    def draw(self, generator: np.random.Generator, version: int, size: int) -> Array:
        latencies = generator.lognormal(0, SPREAD, size)
        return latencies * (1 + self.growth) if version >= self.changed else latencies


@dataclass(frozen=True)
class Outcome:
    """Shares of all bisections: right: names the version that changed. wrong: names another one, or
    says of one before it that the change was there already. The rest says less, but nothing wrong.
    """

    right: float
    wrong: float


@dataclass(frozen=True)
class Difference:
    is_significant: bool


def compare(before: Array, after: Array, comparisons: int) -> Difference:
    (change,) = compare_samples([(before.tolist(), after.tolist())], comparisons)
    return Difference(change.interval.excludes_zero)


def simulate(truth: Truth, size: int, count: int, *, corrected: bool = True) -> Outcome:
    versions = [str(number) for number in range(truth.versions)]
    test = partial(compare, comparisons=most_comparisons(versions) if corrected else 1)
    generator = np.random.default_rng([truth.versions, truth.changed, size])
    right = wrong = 0
    for _ in range(count):
        runs = {name: truth.draw(generator, int(name), size) for name in versions}
        found, difference = bisect(versions, runs.__getitem__, test, lambda _: None)
        if not found.found:
            continue
        is_named, is_it = difference.is_significant, int(found.after) == truth.changed
        right += is_named and is_it
        wrong += not is_it if is_named else int(found.after) < truth.changed
    return Outcome(right / count, wrong / count)


UNCHANGED = Truth(versions=33, changed=33, growth=0)
LAST = Truth(versions=33, changed=32, growth=0.3)
TRUTHS = [
    Truth(versions, changed, growth)
    for versions in (2, 9, 33)
    for growth in (0.1, 0.2, 0.3)
    for changed in sorted({1, versions // 2, versions - 1})
]


@pytest.mark.parametrize("truth", [UNCHANGED, LAST, Truth(9, 4, 0.3)], ids=str)
def test_few_bisections_keep_the_claim(truth: Truth) -> None:
    outcome = simulate(truth, size=30, count=FEW_BISECTIONS)
    assert outcome.wrong <= at_most(SIGNIFICANT, FEW_BISECTIONS)
    assert outcome.right > 0.9 or truth is UNCHANGED


def test_without_a_correction_it_is_wrong_more_often() -> None:
    corrected, plain = (
        simulate(LAST, size=30, count=FEW_BISECTIONS, corrected=corrected)
        for corrected in (True, False)
    )
    assert corrected.wrong < plain.wrong


@pytest.mark.lengthy
@pytest.mark.parametrize("size", [12, 30])
def test_many_bisections_keep_the_claim(size: int, capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for truth in [UNCHANGED, *TRUTHS]:
        outcome, plain = (
            simulate(truth, size, BISECTIONS, corrected=corrected) for corrected in (True, False)
        )
        cells = (f"{100 * share:.1f} %" for share in (outcome.right, outcome.wrong, plain.wrong))
        rows.append(
            f"| {size} | {truth.versions} | {truth.changed + 1} | {truth.growth:.0%}"
            f" | {' | '.join(cells)} |"
        )
        assert outcome.wrong <= at_most(SIGNIFICANT, BISECTIONS), rows[-1]
    with capsys.disabled():
        print("\n" + "\n".join(rows))
