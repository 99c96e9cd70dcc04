"""Words that invoke does not understand: one sentence, what there is, and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.errors import handle_errors

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("bnech", "There is no task named 'bnech'."),
        ("list bnech", "Did you mean 'bench'?"),
        ("report --run=a b", "'b' is one word too many for report."),
        ("bench runit", "'runit' is one word too many for bench."),
        ("status --nosuch", "status has no options, and --nosuch was given."),
        ("report --fromat=md", "Did you mean '--format'?"),
        ("report --format", "--format needs a value."),
        ("bench --os", "--os needs a value."),
        ("compare --fail-on", "--fail-on needs a value."),
        ("report --format=", "--format of report has an empty value."),
        ("compare --fail-on=", "--fail-on of compare has an empty value."),
        ("usage", "usage needs a name: ./inv usage NAME"),
        ("box", "box needs a system: ./inv box SYSTEM"),
    ],
)
def test_it_is_a_sentence(words: str, sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "invoke", *words.split()],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr and "_ " not in done.stderr


@pytest.mark.parametrize("words", ["try --help", "bisect -h", "report --help"])
def test_help_may_follow_the_task(words: str) -> None:
    """Also a task that needs a name, for which invoke alone takes the option."""
    done = subprocess.run(
        [sys.executable, "-m", "invoke", *words.split()],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert f" {words.split()[0]} [--options]" in done.stdout


def test_a_cache_folder_that_cannot_be_made_is_a_sentence_also_by_sudo(tmp_path: Path) -> None:
    (tmp_path / "process-supervision").touch()
    sudo = {
        "SUDO_UID": str(os.getuid()),
        "SUDO_GID": str(os.getgid()),
        "XDG_CACHE_HOME": str(tmp_path),
        "PROCESS_SUPERVISION_RESULTS": str(tmp_path / "results"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "status"],
        cwd=ROOT, env={**os.environ, **sudo}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"{tmp_path}/process-supervision cannot be used: Not a directory." in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_sudo_gives_its_caller_no_file_that_the_suite_did_not_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "etc"
    (results / "ssh").mkdir(parents=True)
    run = results / "20261130-120000-debian-lxc"
    run.mkdir()
    (run / "run.json").touch()
    monkeypatch.setenv("PROCESS_SUPERVISION_RESULTS", str(results))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for variable in ("SUDO_UID", "SUDO_GID"):
        monkeypatch.setenv(variable, "65534")
    handle_errors(lambda: 0)()
    owners = {path: path.stat().st_uid for path in (results, *results.iterdir())}
    assert owners == {results: 0, results / "ssh": 0, run: 65534}
    assert (run / "run.json").stat().st_uid == 65534
