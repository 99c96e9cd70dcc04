"""Every release of Debian boots, installs and measures; chosen versions can be compared."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from provision.bootstrap import debian
from provision.cache import cache_folder
from provision.errors import Problem
from provision.lxc.trees.image import ensure_image
from provision.systems import ALL_DEBIAN, Mirror, get_system, get_systems
from tests.support.stand_ins import standins
from tests.support.suite import Suite

pytestmark = pytest.mark.slow
# Testing and unstable expire in any copy that is not updated for a week.
RELEASES = get_systems(ALL_DEBIAN, Mirror(expired="accepted"))
CONTENDERS = ("sysvinit/runner/default/pid1", "runit/runner/default/hosted",
              "s6/runner/fast/pid1")  # fmt: skip


@pytest.fixture
def releases(suite: Suite) -> Suite:
    """A suite with the images of all releases, which the user's own cache keeps."""
    for system in RELEASES:
        root = ensure_image(system)
        copy = suite.cache / root.relative_to(cache_folder())
        if not copy.exists():
            subprocess.run(["cp", "-al", str(root), str(copy)], check=True)
    return suite


def measured_rows(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    for row in record["contenders"]:
        assert row["status"] == "measured", (row["name"], row["reason"])
    return {row["name"]: row for row in record["contenders"]}


def test_each_release_boots_installs_and_measures(releases: Suite) -> None:
    done = releases.start(
        "bench", f"--os={ALL_DEBIAN}", "--accept-expired", "--quick", "--trials=3",
        "--scenario=restart", f"--only={','.join(CONTENDERS)}",
    ).end()  # fmt: skip
    assert done.code == 0, done.output
    record = releases.record()
    assert [system["name"] for system in record["systems"]] == [
        release.name for release in RELEASES
    ]
    assert all(system["mirror"] == {"expired": "accepted"} for system in record["systems"])
    rows = measured_rows(record)
    names = {f"{name}@{system.release}" for name in CONTENDERS for system in RELEASES}
    floors = {"floor/runner/default/hosted", "floor/runner/default/pid1"}
    assert rows.keys() == names | floors
    assert {rows[name]["system"] for name in floors} == {"debian"}
    for name in names:
        (guest, *_) = rows[name]["guests"]
        assert guest["measurer"]["python"].startswith("3.")
        assert rows[name]["version"]
        assert guest["cgroups_mounted"] in ("none", "v1", "v2", "v1 and v2")
    # The same contender has other versions in other releases.
    for name in CONTENDERS:
        assert len({rows[f"{name}@{system.release}"]["version"] for system in RELEASES}) > 1
    changes = releases.start("changes").end()
    assert changes.code == 0, changes.output
    assert (
        "3 contenders over Debian 11, Debian 12, Debian 13, Debian forky, Debian sid: 12 steps"
        in changes.output
    )
    compared = releases.start("compare", "--run=latest@bookworm", "--run=latest@sid").end()
    assert compared.code == 0, compared.output
    assert "Different systems: debian, then sid." in compared.output


def test_an_expired_mirror_is_refused_with_the_option_that_takes_it(tmp_path: Path) -> None:
    """apt refuses a signed index of last year; with the option it complains of what is missing."""
    signer = standins.Signer(tmp_path / "gnupg")
    suite_folder = tmp_path / "mirror" / "dists" / "sid"
    packages = suite_folder / "main" / "binary-amd64" / "Packages"
    packages.parent.mkdir(parents=True)
    packages.touch()
    release = suite_folder / "Release"
    release.write_text(
        "Suite: unstable\nCodename: sid\nComponents: main\nArchitectures: amd64\n"
        "Date: Wed, 01 Jan 2025 00:00:00 UTC\nValid-Until: Wed, 08 Jan 2025 00:00:00 UTC\n"
        f"SHA256:\n {hashlib.sha256(b'').hexdigest()} 0 main/binary-amd64/Packages\n"
    )
    try:
        signer.sign(release, "--clearsign", "--output", str(suite_folder / "InRelease"))
    finally:
        signer.close()
    address, keyring = f"file://{tmp_path}/mirror", str(signer.public)
    refused = build_failure(tmp_path, Mirror(address, keyring=keyring))
    assert "The mirror of Debian sid is out of date" in refused.what, str(refused)
    assert "--accept-expired" in refused.advice
    accepted = build_failure(tmp_path, Mirror(address, keyring=keyring, expired="accepted"))
    assert "out of date" not in str(accepted)


def build_failure(folder: Path, mirror: Mirror) -> Problem:
    downloads = folder / "downloads"
    downloads.mkdir(exist_ok=True)
    with pytest.raises(Problem) as caught:
        debian.build(get_system("sid", mirror), folder / "root.tar", downloads)
    return caught.value


def test_a_bisect_finds_the_version_in_which_a_restart_became_quick(releases: Suite) -> None:
    """Up to 4.1.0 zdaemon waits on in select(), up to backoff-limit, although a child has ended."""
    name = "zdaemon/runner/fast/hosted"
    done = releases.start(
        "bisect", name, "--metric=restart_long", "--from=4.0.1", "--to=4.3", "--os=bullseye",
        "--trials=12",
    ).end()  # fmt: skip
    assert done.code == 0, done.output
    assert "changed in 4.2.0 (4.1.0: not yet)" in done.output
    versions = set()
    for path in releases.results.glob("*/run.json"):
        if not path.parent.is_symlink():
            row = measured_rows(json.loads(path.read_text()))[name]
            assert row["source"]["kind"] == "pip"
            assert row["version"] in row["source"]["text"]
            versions.add(row["version"])
    assert versions == {"4.0.1", "4.1.0", "4.2.0", "4.3"}
