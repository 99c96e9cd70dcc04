"""Paths as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.model.selection.overlays import parse_overlays
from bench.recording.results_folder import VARIABLE, results_folder, use_results_folder
from provision.errors import Problem
from provision.systems import SYSTEMS
from provision.user_paths import parse_path


@pytest.mark.probe("request")
def test_an_empty_path_is_refused_and_is_not_the_current_folder() -> None:
    with pytest.raises(Problem, match="--overlay=runit= names no folder or file") as raised:
        parse_overlays(["runit="], SYSTEMS["debian"])
    assert raised.value.code == 2


@pytest.mark.probe("request")
def test_the_home_of_an_unknown_user_is_a_sentence() -> None:
    with pytest.raises(Problem, match="there is no home folder for ~no-such-user") as raised:
        parse_path("--keyring=", "~no-such-user/keys")
    assert raised.value.code == 2


def test_a_home_folder_amid_a_word_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shells leave --output=~/runs as it is: it named a folder `~` below the current one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(VARIABLE, "")
    use_results_folder("~/runs")
    assert results_folder() == tmp_path / "runs"
