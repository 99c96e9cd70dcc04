"""The documents: their examples keep the contract, their commands exist, their links lead on."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from invoke import Collection

import tasks
from bench.cli.commands import checks
from bench.recording.store import read_run
from reports.compare.limits import parse_fail_on
from reports.model.excerpt import find_excerpt
from supervisors.base import Supervisor
from supervisors.contract import violations

ROOT = Path(__file__).parents[2]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
GATE = ROOT / "docs/examples/supervisor-gate.yml"
DOCUMENTS = [
    ROOT / "README.md",
    CONTRIBUTING,
    ROOT / "CHANGELOG.md",
    ROOT / "daemon/README.md",
    ROOT / "findings/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "supervisors").glob("*/idea.md")),
    *sorted((ROOT / "inits").glob("*/idea.md")),
]
WIDTH = 100

each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def own_text(document: Path) -> str:
    """Return a document without the table that `./inv publish` makes."""
    return re.sub(r"<!-- table:.*?<!-- /table -->", "", document.read_text(), flags=re.S)


@each_document
def test_lines_are_at_most_100_columns_wide_but_for_tables(document: Path) -> None:
    lines = own_text(document).splitlines()
    assert [line for line in lines if len(line) > WIDTH and not line.startswith("|")] == []


@each_document
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    relative = [link for link in links if "://" not in link]
    assert [link for link in relative if not (document.parent / link).exists()] == []


@pytest.mark.parametrize(
    "document", [CONTRIBUTING, ROOT / "docs/architecture.md"], ids=lambda path: path.name
)
def test_paths_of_the_tree_exist(document: Path) -> None:
    tree = r"(?:bench|provision|supervisors|reports|daemon|tests|docs)"
    paths = set(re.findall(rf"(?<![\w/]){tree}/[\w/]*(?:\.\w+)?", document.read_text()))
    # The worked example, and names that a reader replaces.
    named = {path for path in paths if not re.search(r"busybox|NAME|reports/published", path)}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", [*DOCUMENTS, GATE], ids=lambda path: path.name)
def test_commands_and_their_options_exist(document: Path) -> None:
    known = Collection.from_module(tasks)
    for line in re.findall(r"\./inv (\w[^`#\n|]*)", own_text(document)):
        name, *words = shlex.split(line.replace("$(", "").replace('")', ""), posix=False)
        assert name in known, line
        flags = {flag for arg in known[name].get_arguments() for flag in _flags(arg.names)}
        options = [word.split("=")[0] for word in words if word.startswith("--")]
        assert [option for option in options if option not in flags] == [], line


def _flags(names: tuple[str, ...]) -> list[str]:
    return [f"--{name.strip('_').replace('_', '-')}" for name in names]


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of that language in CONTRIBUTING.md."""
    text = CONTRIBUTING.read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.S | re.M)


def test_the_worked_example_keeps_the_contract(tmp_path: Path) -> None:
    (code,), (inittab,), (idea,) = blocks("python"), blocks("jinja"), blocks("text")
    folder = tmp_path / "mybusybox"
    (folder / "files/etc").mkdir(parents=True)
    (folder / "__init__.py").write_text(code)
    (folder / "files/etc/inittab").write_text(inittab)
    (folder / "idea.md").write_text(idea)
    spec = importlib.util.spec_from_file_location("worked_example", folder / "__init__.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["worked_example"] = module
    try:
        spec.loader.exec_module(module)
        supervisor: Supervisor = module.SUPERVISOR
        assert list(violations(supervisor)) == []
    finally:
        del sys.modules["worked_example"]


def test_the_gate_is_a_workflow_that_measures_twice_and_compares() -> None:
    workflow: dict[Any, Any] = yaml.safe_load(GATE.read_text())
    # YAML 1.1 reads the key `on` as true.
    assert set(workflow) == {"name", True, "jobs"}
    (job,) = workflow["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert all(("run" in step) != ("uses" in step) for step in job["steps"])
    assert sum("./inv bench $SELECT" in command for command in commands) == 2
    assert any("./inv compare" in one and "$GATE --format=md" in one for one in commands)


def test_the_gate_of_the_workflow_is_one_that_the_published_run_has() -> None:
    workflow: dict[Any, Any] = yaml.safe_load(GATE.read_text())
    options = dict(word.split("=") for word in workflow["jobs"]["measure"]["env"]["GATE"].split())
    assert parse_fail_on(options["--fail-on"])
    published = read_run(ROOT / "reports" / "published")
    assert len(find_excerpt([published], metric=[options["--metric"]]).metrics) >= 3


def test_pre_commit_runs_what_inv_test_runs_before_the_tests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> Any:
        ran.append(command)
        return type("Done", (), {"returncode": 0})()

    monkeypatch.setattr(checks, "install_missing_tools", lambda *groups: None)
    monkeypatch.setattr("bench.cli.commands.checks.subprocess.run", run)
    checks.check(everything=False)
    before_tests = [" ".join(command[1:]) for command in ran if "pytest" not in command]
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repository,) = config["repos"]
    assert repository["repo"] == "local"
    entries = [hook["entry"] for hook in repository["hooks"]]
    assert entries == [f".venv/bin/python {words}" for words in before_tests]


def test_the_license_is_mit_by_the_authors() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n\nCopyright (c) 2026 the process-supervision authors\n")
