"""What a request needs is installed on this host, but not before it makes sense."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import cast

import pytest

from bench.engine.request import resolve
from bench.engine.request.options import (
    RunOptions,
    SelectionOptions,
    SystemOptions,
    parse_options,
)
from provision.errors import Problem
from provision.provider import Provider


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The provider and the box of each installation; the request itself is not resolved."""
    calls: list[tuple[str, str]] = []
    monkeypatch.setattr(
        resolve, "install_guest_tools", lambda _, provider, box: calls.append((provider, box))
    )
    monkeypatch.setattr(resolve, "resolve_request", lambda options: options)
    return calls


@pytest.mark.parametrize("only", ["nosuch", "runit/monitor", "upstart"])
def test_a_request_that_makes_no_sense_installs_nothing(
    installed: list[tuple[str, str]], only: str
) -> None:
    options = parse_options(selection=SelectionOptions(only=(only,)))
    with pytest.raises(Problem):
        resolve.resolve_with_tools(options)
    assert installed == []


def test_a_request_that_makes_sense_installs_what_its_guests_need(
    installed: list[tuple[str, str]],
) -> None:
    resolve.resolve_with_tools(parse_options(SystemOptions(provider="lxc")))
    assert installed == [("lxc", "")]


@pytest.mark.parametrize(
    ("shares_kernel", "is_limited"),
    [(True, True), (False, False)],  # where not, each guest is a machine that boots for long
)
def test_quiet_trials_are_dealt_to_guests_that_cost_little(
    shares_kernel: bool, is_limited: bool
) -> None:
    provider = cast(Provider, SimpleNamespace(shares_kernel=shares_kernel, max_guests=128))
    for quick in (True, False):
        effort = resolve.sampling_effort(RunOptions(quick=quick), provider)
        assert math.isfinite(effort.quiet_seconds) == is_limited
