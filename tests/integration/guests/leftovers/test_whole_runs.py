"""A run that ends by itself leaves the host unchanged, but for guests that are to be kept."""

from __future__ import annotations

import pytest

from tests.integration.guests.leftovers.unchanged import (
    OPTIONS,
    remove_layers,
    unchanged,
)
from tests.support.host import CoveredTrees
from tests.support.suite import Suite


def test_a_whole_bench_leaves_the_host_unchanged(suite: Suite) -> None:
    with unchanged(suite):
        done = suite.bench("--quick", "--only=runit")
        assert done.code == 0, done.output
    assert {contender["status"] for contender in suite.record()["contenders"]} == {"measured"}


@pytest.mark.slow
def test_nothing_is_written_outside_cache_and_results(suite: Suite) -> None:
    """An installation included: it brings neither packages' files nor settings to the host."""
    remove_layers(suite)
    covered = CoveredTrees(suite.base / "covers")
    with unchanged(suite):
        done = suite.bench(*OPTIONS, before=covered.command_prefix())
        assert done.code == 0, done.output
    assert covered.changed_paths() == []


@pytest.mark.slow
def test_kept_guests_exist_until_they_are_destroyed(suite: Suite) -> None:
    with unchanged(suite):
        done = suite.bench(*OPTIONS, "--keep")
        assert done.code == 0, done.output
        kept = suite.guests()
        assert len(kept) == 2
        again = suite.bench("--only=floor", "--trials=1", "--scenario=restart")
        assert again.code == 0, again.output
        assert suite.guests() == kept
        destroyed = suite.run("destroy")
        assert all(f"removed {name}" in destroyed.output for name in kept)
