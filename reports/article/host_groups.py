"""The pictures of a merged run: hosts that may not be compared have a picture each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from bench.model.run_file import Run
from reports.model.run_summary import has_separate_hosts
from reports.model.text import shorten


class MeasuredByHost(Protocol):
    """Something that a picture shows and that one host measured."""

    @property
    def host(self) -> str:
        """Name of the host; empty where the run has one host."""


Item = TypeVar("Item", bound=MeasuredByHost)


def group_by_host(run: Run, items: Sequence[Item]) -> list[list[Item]]:
    """Return the items of each picture: all in one, or one for each separate host."""
    if not has_separate_hosts(run):
        return [list(items)] if items else []
    groups = ([item for item in items if item.host == host] for host in run["hosts"])
    return [group for group in groups if group]


def host_suffix(run: Run, group: Sequence[MeasuredByHost]) -> str:
    """Return what a picture's title ends with where each host has its own; else nothing."""
    return f" on {shorten(group[0].host)}" if has_separate_hosts(run) else ""


def numbered_name(name: str, index: int) -> str:
    """Return the name of a picture's file; index: of its host, from 0."""
    return f"{name}-{index + 1}" if index else name
