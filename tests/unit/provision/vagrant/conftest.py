"""A scripted `vagrant`, and a cache folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stand_ins.scripted_vagrant import ScriptedVagrant, installed


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedVagrant]:
    with installed(tmp_path, monkeypatch) as program:
        yield program
