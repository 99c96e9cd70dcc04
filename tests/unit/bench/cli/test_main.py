"""The program behind `./inv`: the caller's folder counts, the caller's settings do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.option_help import OUTPUT_HELP
from tests.support.samples.sample_runs import copy_published, write_ordinary_run

ROOT = Path(__file__).parents[4]
PUBLISHED = ROOT / "reports" / "published"


def run_main(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a task in that folder, which is the caller's home as well."""
    return subprocess.run(
        [sys.executable, "-I", "-B", str(ROOT / "bench" / "cli" / "main.py"), *words],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_compiled_modules_lie_where_python_is_told_and_not_in_the_checkout(tmp_path: Path) -> None:
    beside = ROOT / "bench" / "cli" / "__pycache__"
    before = set(beside.glob("usage.*"))
    program = [str(ROOT / "bench" / "cli" / "main.py"), "usage", "runit"]
    command = [sys.executable, "-I", "-X", f"pycache_prefix={tmp_path}", *program]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert list(tmp_path.rglob("usage.*.pyc"))
    assert set(beside.glob("usage.*")) == before


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A caller's folder with a run in it."""
    copy_published(tmp_path / "mine")
    return tmp_path


@pytest.mark.parametrize("name", [".invoke.yaml", ".invoke.py", "invoke.yaml"])
def test_a_broken_file_of_settings_is_not_read(folder: Path, name: str) -> None:
    (folder / name).write_text("]: no settings")
    done = run_main(folder, "usage", "runit")
    assert (done.returncode, done.stderr) == (0, "")


def test_variables_of_invoke_are_not_read(folder: Path) -> None:
    done = run_main(folder, "usage", "runit", INVOKE_RUN_ECHO="no truth", INVOKE_DEBUG="")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_module_in_the_callers_folder_is_not_imported(folder: Path) -> None:
    for name in ("tasks.py", "bench.py", "json.py"):
        (folder / name).write_text("raise SystemExit('the wrong module')")
    done = run_main(folder, "usage", "runit", PYTHONPATH=str(folder))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("run", ["mine", "../{}/mine"])
def test_a_run_is_found_from_the_callers_folder(folder: Path, run: str) -> None:
    run = run.format(folder.name)
    done = run_main(folder, "report", f"--run={run}", "--format=csv")
    assert done.returncode == 0, done.stderr
    assert "restart_long" in done.stdout
    compared = run_main(folder, "compare", f"--run={run}", f"--run={PUBLISHED}")
    assert compared.returncode == 0, compared.stderr


def test_an_article_is_written_beside_the_callers_run(folder: Path) -> None:
    done = run_main(folder, "report", "--run=mine", "--format=md")
    assert done.returncode == 0, done.stderr
    assert (folder / "mine" / "article.md").exists()


def test_an_overlay_is_found_from_the_callers_folder(folder: Path) -> None:
    (folder / "build").mkdir()
    found = run_main(folder, "bench", "--only=runit", "--overlay=runit=build")
    assert found.returncode == 2
    assert f"{folder}/build does not hold runit" in found.stderr
    missing = run_main(folder, "bench", "--only=runit", "--overlay=runit=other")
    assert missing.returncode == 2
    assert "other" in missing.stderr


def test_an_archive_of_runs_is_chosen_by_a_variable(folder: Path) -> None:
    variable = {"PROCESS_SUPERVISION_RESULTS": str(folder)}
    done = run_main(folder, "report", "--run=mine", "--format=csv", **variable)
    assert done.returncode == 0, done.stderr
    lost = run_main(folder, "report", "--run=none", **variable)
    assert lost.returncode == 2
    assert f"There is no run at {folder / 'none'}." in lost.stderr
    assert "Runs: mine." in lost.stderr


# What every command that makes runs needs besides.
MAKERS_OF_RUNS = {
    "bench": ["--only=runit"],
    "merge": ["--run=mine", "--run=mine"],
    "bisect": ["supervisord", "--from=4.2.4", "--to=4.3.0"],
}


@pytest.mark.parametrize("task", MAKERS_OF_RUNS)
def test_an_output_that_is_a_file_is_refused(folder: Path, task: str) -> None:
    (folder / "file").touch()
    done = run_main(folder, task, *MAKERS_OF_RUNS[task], "--output=file")
    assert (done.returncode, "--output=file is a file." in done.stderr) == (2, True)


@pytest.mark.parametrize("task", MAKERS_OF_RUNS)
def test_output_means_the_same_for_every_command_that_makes_runs(folder: Path, task: str) -> None:
    shown = " ".join(run_main(folder, "--help", task).stdout.split())
    assert f"--output=STRING {OUTPUT_HELP['output']}" in shown


def test_a_merged_run_is_kept_below_the_chosen_folder(folder: Path) -> None:
    for name in ("one", "two"):
        write_ordinary_run(folder / name)
    done = run_main(folder, "merge", "--run=./one", "--run=./two", "--output=runs/of/today")
    assert done.returncode == 0, done.stderr
    merged = (folder / "runs/of/today/latest").resolve()
    assert merged.parent == folder / "runs/of/today"
    assert json.loads((merged / "run.json").read_text())["merged"]
