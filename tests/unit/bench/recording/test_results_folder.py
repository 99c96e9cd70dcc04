"""The folder of runs: what of it the suite has written, and where it cannot be made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.recording.results_folder import make_results_folder, written_entries
from bench.recording.store import Record
from provision.cache import give_to_sudo_caller, make_folder_for_caller
from provision.errors import Problem

CALLER = (65534, 65534)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Be root that was called by sudo; returns the paths that the caller is given."""
    paths: list[str] = []
    monkeypatch.setattr("provision.cache.sudo_caller", lambda: CALLER)
    monkeypatch.setattr(os, "lchown", lambda path, *_: paths.append(str(path)))
    return paths


def test_only_runs_and_links_to_the_latest_are_the_suites(tmp_path: Path) -> None:
    """The caller may name any folder, such as /etc."""
    record = Record.create("debian-lxc", {}, tmp_path)
    renamed = tmp_path / "before the upgrade"
    record.folder.rename(renamed)
    killed = tmp_path / "20261130-120000-debian-lxc"
    (killed / "logs").mkdir(parents=True)
    (tmp_path / ".latest-12").symlink_to("gone")
    for foreign in ("ssh", "20261130-120000-backup"):
        (tmp_path / foreign).mkdir()
    (tmp_path / "passwd").touch()
    (tmp_path / "link").symlink_to(renamed.name)
    assert {path.name for path in written_entries(tmp_path)} == {
        renamed.name, killed.name, "latest", ".latest-12"
    }  # fmt: skip
    assert list(written_entries(tmp_path / "missing")) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="a file of root's is needed")
def test_a_link_is_given_and_not_what_it_names(tmp_path: Path, given: list[str]) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/file").touch()
    (tmp_path / "latest").symlink_to("foreign")
    give_to_sudo_caller(tmp_path / "latest")
    assert given == [str(tmp_path / "latest")]


@pytest.mark.skipif(os.geteuid() != 0, reason="a file of root's is needed")
def test_a_single_file_is_given(tmp_path: Path, given: list[str]) -> None:
    (tmp_path / "file").touch()
    give_to_sudo_caller(tmp_path / "file")
    assert given == [str(tmp_path / "file")]


def test_the_caller_is_given_the_folders_that_are_made_and_no_others(
    tmp_path: Path, given: list[str]
) -> None:
    make_folder_for_caller(tmp_path / "a" / "b")
    assert set(given) == {str(tmp_path / "a"), str(tmp_path / "a" / "b")}
    given.clear()
    make_folder_for_caller(tmp_path / "a" / "b")
    assert given == []


def test_a_new_run_gives_nothing_beside_it(tmp_path: Path, given: list[str]) -> None:
    (tmp_path / "foreign").mkdir()
    Record.create("debian-lxc", {}, tmp_path)
    assert given == []


@pytest.mark.parametrize("below", ["", "runs"])
def test_a_link_to_nothing_is_a_wrong_request(tmp_path: Path, below: str) -> None:
    link = tmp_path / "link"
    link.symlink_to("missing")
    with pytest.raises(Problem, match=r"cannot be made") as raised:
        Record.create("debian-lxc", {}, link / below)
    assert raised.value.code == 2


def test_a_folder_that_no_file_system_has_is_a_wrong_request() -> None:
    with pytest.raises(Problem, match=r"/proc/runs cannot be made: No such file") as raised:
        make_results_folder(Path("/proc/runs"))
    assert raised.value.code == 2
