"""What the host's pip fetches for guests: pinned, once, and only in the suite's own cache."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from provision.errors import Problem
from provision.guests.commands import Output
from provision.sources.archives import ArchiveRejected, checksum
from provision.sources.packages import Apt, Present
from provision.sources.wheels import Wheels
from tests.unit.provision.sources.test_host_fetched import Unpacking

GUEST_PYTHON = Output("3.11 2.36 x86_64\n", "", 0)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_changed_lock_is_another_installation(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("tool==1.0 --hash=sha256:00\n")
    source = Wheels("tool", lock, needs=Present())
    before = source.key
    assert str(tmp_path) not in before
    lock.write_text("tool==1.0 --hash=sha256:11\n")
    assert source.key != before
    assert source.at("1.1").key != source.key


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel that pip finds; pip sees no other."""
    path = tmp_path / "links" / "tool-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with ZipFile(path, "w") as archive:
        archive.writestr("tool.py", "")
        metadata = "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n"
        archive.writestr("tool-1.0.dist-info/METADATA", metadata)
        archive.writestr("tool-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tool-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return path


def _wheels(tmp_path: Path, sha256: str) -> Wheels:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"tool==1.0 --hash=sha256:{sha256}\n")
    return Wheels("tool", lock, needs=Apt(("python3-venv",)))


def test_wheels_are_fetched_once_and_installed_without_a_network(
    tmp_path: Path, wheel: Path
) -> None:
    source = _wheels(tmp_path, checksum(wheel))
    for _ in range(2):
        guest = Unpacking({"version_info": GUEST_PYTHON})
        source.install(guest)
        assert guest.unpacked == [f"./{wheel.name}"]
        assert "/opt/tool/bin/pip install --quiet --no-index" in guest.commands[-1]
        assert not [command for command in guest.online if "pip" in command]
        wheel.unlink(missing_ok=True)


def test_another_version_is_what_the_index_has(tmp_path: Path, wheel: Path) -> None:
    source = _wheels(tmp_path, "0" * 64)
    guest = Unpacking({"version_info": GUEST_PYTHON})
    source.at("1.0").install(guest)
    assert guest.unpacked == [f"./{wheel.name}"]
    with pytest.raises(Problem, match=r"pip cannot fetch tool 9: .*tool==9"):
        source.at("9").install(guest)


def test_a_wheel_with_a_bad_checksum_is_refused(tmp_path: Path, wheel: Path) -> None:
    guest = Unpacking({"version_info": GUEST_PYTHON})
    with pytest.raises(ArchiveRejected, match=r"bad checksum: pip: tool 1.0 .*requirements.lock"):
        _wheels(tmp_path, "0" * 64).install(guest)
    assert not guest.unpacked
