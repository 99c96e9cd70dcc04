"""Who may import whom: the contracts in pyproject.toml, checked by import-linter."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).parent / "lint-imports"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a checkout."""
    return subprocess.run(
        [str(LINTER), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_every_package_keeps_to_its_layer() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "forbidden", "contract"),
    [
        ("bench/model/statistics.py", "bench.engine.plan", "The bench's layers"),
        ("provision/lxc/guest.py", "provision.vagrant.provider", "Providers are independent"),
        ("provision/lxc/programs/keeper.py", "provision.errors", "Programs that run alone"),
        ("reports/model/metrics.py", "bench.engine.run", "Reports read a run's files"),
        ("bench/recording/store.py", "reports.model.metrics", "Nothing but the command line"),
    ],
)
def test_an_import_against_the_layers_breaks_a_contract(
    tmp_path: Path, module: str, forbidden: str, contract: str
) -> None:
    for folder in ("bench", "provision", "supervisors", "inits", "reports", "daemon"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a") as source:
        source.write(f"\nimport {forbidden}\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract}" in result.stdout
    assert f"{module.removesuffix('.py').replace('/', '.')} -> " in result.stdout
