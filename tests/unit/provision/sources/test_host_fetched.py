"""What the host's npm fetches for guests: pinned, once, and only in the suite's own cache."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import pytest

from provision.errors import Problem
from provision.guests.commands import Output
from provision.sources import archives
from provision.sources.host_fetched import HostFetched
from provision.sources.npm import Npm
from provision.sources.packages import Present
from provision.systems import SYSTEMS
from supervisors import supervisors
from tests.unit.provision.sources.test_packages import Recorder

FETCHED = [
    source
    for supervisor in supervisors().values()
    for source in supervisor.sources.values()
    if isinstance(source, HostFetched)
]


class Unpacking(Recorder):
    """A guest that keeps the names in each archive that it unpacks."""

    def __init__(self, answers: Mapping[str, Output] | None = None) -> None:
        super().__init__(SYSTEMS["debian"], answers)
        self.unpacked: list[str] = []

    def unpack(self, archive: IO[bytes], name: str, into: str = "/", strip: int = 0) -> None:
        super().unpack(archive, name, into, strip)
        with tarfile.open(fileobj=io.BytesIO(archive.read())) as tar:
            self.unpacked += [member.name for member in tar if member.isfile()]
            assert {member.mode for member in tar} <= {0o644, 0o755}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("source", FETCHED, ids=str)
def test_a_lock_pins_every_package_by_a_checksum_and_names_no_server(source: HostFetched) -> None:
    text = source.lock.read_text()
    assert "--hash=sha256:" in text or '"integrity": "sha512-' in text
    assert "resolved" not in text
    assert str(source) == f"{source.kind}: {source.project} {source.locked_version}"
    assert source.locked_version in source.by_hand
    if isinstance(source, Npm):
        packages = json.loads(text)["packages"]
        assert all(packages[name].get("integrity") for name in packages if name)


Stub = Callable[[str], None]


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Put a shell script in the place of npm."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def write(script: str) -> None:
        (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "npm").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    return write


def _npm(tmp_path: Path) -> Npm:
    (tmp_path / "package.json").write_text("{}")
    lock = tmp_path / "package-lock.json"
    lock.write_text('{"packages": {"node_modules/tool": {"version": "1.0.0"}}}')
    return Npm("tool", lock, needs=Present(), since="bookworm")


def test_packages_of_npm_are_fetched_once_and_run_nothing_on_the_host(
    tmp_path: Path, npm: Stub
) -> None:
    npm(
        f"echo $* >>{tmp_path}/calls\n"
        "test -e package.json -a -e package-lock.json || exit 1\n"
        "mkdir -p node_modules/tool; touch node_modules/tool/index.js"
    )
    source = _npm(tmp_path)
    for _ in range(2):
        guest = Unpacking()
        source.install(guest)
        assert "./node_modules/tool/index.js" in guest.unpacked
        assert guest.commands == ["unpack tool.tar /opt/tool 0"]
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert " ci --ignore-scripts " in call


def test_another_version_of_npm_is_what_the_registry_has(tmp_path: Path, npm: Stub) -> None:
    npm(
        "case $* in *' install '*tool@2.0.0) ;; *) exit 1;; esac\n"
        "test -e package.json || exit 1  # else npm installs into a folder above\n"
        "mkdir -p node_modules/tool; echo x >node_modules/tool/x"
    )
    guest = Unpacking()
    _npm(tmp_path).at("2.0.0").install(guest)
    assert "./node_modules/tool/x" in guest.unpacked


def test_an_npm_that_fetched_nothing_is_told_of_and_kept_from_the_cache(
    tmp_path: Path, npm: Stub
) -> None:
    npm("mkdir node_modules")
    for _ in range(2):
        with pytest.raises(Problem, match="npm fetched no tool"):
            _npm(tmp_path).install(Unpacking())


def test_a_fetcher_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FETCH_SECONDS", 0.05)
    with pytest.raises(Problem, match="sleep did not end within"):
        archives.run_fetcher(["sleep", "1000"])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("EINTEGRITY", "bad checksum: npm: tool 1.0.0 is not what package-lock.json pins"),
        ("ENOTFOUND", "npm cannot fetch tool 1.0.0: ENOTFOUND$"),
    ],
)
def test_why_npm_failed_is_said_without_an_address(
    tmp_path: Path, npm: Stub, code: str, expected: str
) -> None:
    npm(f"echo 'npm error code {code}' >&2; echo 'npm error https://host/tool' >&2; exit 1")
    with pytest.raises(Problem) as caught:
        _npm(tmp_path).install(Unpacking())
    assert re.search(expected, caught.value.what)
    assert "host/" not in f"{caught.value}{caught.value.known}{caught.value.advice}"


def test_versions_of_npm_are_listed_the_newest_first(tmp_path: Path, npm: Stub) -> None:
    npm("""echo '["1.0.0", "2.0.0"]'""")
    assert _npm(tmp_path).versions() == ["2.0.0", "1.0.0"]
    npm("""echo '"1.0.0"'""")
    assert _npm(tmp_path).versions() == ["1.0.0"]


def test_a_system_with_an_old_node_and_a_host_without_npm_say_so(
    tmp_path: Path, npm: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm("mkdir -p node_modules/tool")
    source = _npm(tmp_path)
    assert "bookworm was the first new enough" in source.why_unavailable(SYSTEMS["bullseye"])
    assert not source.why_unavailable(SYSTEMS["sid"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install npm" in source.why_unavailable(SYSTEMS["sid"])
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    source.install(Unpacking())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not source.why_unavailable(SYSTEMS["sid"])  # the cache has it
