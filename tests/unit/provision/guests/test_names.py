"""Nothing reads, removes or signals by a name that could stand for more than one guest."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.cache import cache_folder
from provision.errors import Problem
from provision.guests.names import check_guest_name
from provision.lxc.programs import keeper, traces
from provision.lxc.provider import Lxc

NOT_ONE_GUEST = [
    "",
    ".",
    "..",
    "../images",
    "/nowhere/x",
    "a/b",
    "*",
    "a*",
    "[ab]",
    "-P",
    " ",
    "a\n",
    ".x",
]


@pytest.fixture
def neighbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A guest's folder that no other name may reach."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    home = cache_folder() / "guests" / "neighbour-1"
    (home / "upper").mkdir(parents=True)
    return home


@pytest.mark.parametrize("name", ["debian-1a2b", "s6-runner-default-pid1-0-17", "story_1", "7"])
def test_the_names_in_use_are_accepted(name: str) -> None:
    assert check_guest_name(name) == name


@pytest.mark.parametrize("name", NOT_ONE_GUEST)
def test_other_names_are_refused_by_name(name: str) -> None:
    with pytest.raises(Problem, match="cannot be the name of a guest"):
        check_guest_name(name)


@pytest.mark.parametrize("name", NOT_ONE_GUEST)
def test_lxc_removes_no_guest_by_such_a_name(neighbour: Path, name: str) -> None:
    with pytest.raises(Problem, match="cannot be the name of a guest"):
        Lxc().remove(name)
    assert (neighbour / "upper").exists()


@pytest.mark.parametrize("name", NOT_ONE_GUEST)
def test_lxcs_keeper_takes_no_such_name(neighbour: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a guest"):
        keeper.Keeper(cache_folder(), name)


@pytest.mark.parametrize("name", NOT_ONE_GUEST)
def test_lxcs_keeper_removes_no_folder_of_such_a_name(neighbour: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not the folder of one guest"):
        traces.remove_traces(cache_folder() / "guests" / name)
    assert (neighbour / "upper").exists()


def test_a_control_group_without_a_guests_name_is_no_leftover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its leftover would be named "", which is the folder of all guests."""
    monkeypatch.setattr(traces, "CGROUPS", tmp_path)
    for name in ("process-supervision.", "process-supervision..monitor"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    assert traces.orphaned_names() == []
