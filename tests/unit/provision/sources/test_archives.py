"""Source archives: what is fetched is what was asked for, and what is unpacked stays inside."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.sources import archives
from provision.sources.archives import Archive, Debian, Pypi, Refused, Upstream, checksum, unpack

CONTENT = b"int main(void) { return 0; }\n"


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    info.size = len(CONTENT) if kind == tarfile.REGTYPE else 0
    return info


def archive(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        for info in members:
            tar.addfile(info, io.BytesIO(CONTENT) if info.isreg() else None)
    return path


def quiet(_: str) -> None:
    pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address at which a web server of the test's own shows it."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_unpacks_files_and_folders_and_makes_no_link(tmp_path: Path) -> None:
    good = archive(
        tmp_path / "good.tar.gz",
        member("x", tarfile.DIRTYPE),
        member("x/src/main.c"),
        member("x/doc/main.c", tarfile.SYMTYPE, "../src/main.c"),
        member("x/again.c", tarfile.LNKTYPE, "x/src/main.c"),
    )
    unpack(good, tmp_path / "out")
    found = [path for path in (tmp_path / "out").rglob("*") if not path.is_dir()]
    assert found == [tmp_path / "out/x/src/main.c"]
    assert found[0].read_bytes() == CONTENT


@pytest.mark.parametrize(
    "hostile",
    [
        member("/etc/evil"),
        member("../evil"),
        member("x/../../evil"),
        member("x/../y"),
        member("x/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("x/link", tarfile.SYMTYPE, "../../etc/passwd"),
        member("link", tarfile.SYMTYPE, ".."),
        member("x/hard", tarfile.LNKTYPE, "../outside"),
        member("x/hard", tarfile.LNKTYPE, "/etc/passwd"),
        member("x/null", tarfile.CHRTYPE),
        member("x/disk", tarfile.BLKTYPE),
        member("x/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda info: f"{info.type.decode()} {info.name} {info.linkname}",
)
def test_a_hostile_member_is_refused_before_anything_is_written(
    tmp_path: Path, hostile: tarfile.TarInfo
) -> None:
    bad = archive(tmp_path / "bad.tar.gz", member("x/good.c"), hostile)
    with pytest.raises(Refused, match=r"hostile (path|link)|device or pipe") as refused:
        unpack(bad, tmp_path / "deep" / "out")
    assert repr(hostile.name) in refused.value.what
    assert not (tmp_path / "deep").exists()


def test_a_link_that_a_later_member_writes_through_leads_nowhere(tmp_path: Path) -> None:
    # Each target is inside by its name; only following the links one by one would leave.
    bad = archive(
        tmp_path / "bad.tar",
        member("a/b", tarfile.SYMTYPE, "."),
        member("a/b/c", tarfile.SYMTYPE, "../.."),
        member("a/b/c/evil"),
    )
    unpack(bad, tmp_path / "out")
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))
    assert list(tmp_path.rglob("evil")) == [tmp_path / "out/a/b/c/evil"]


@pytest.mark.parametrize("name", ["cut.tar", "cut.tar.gz"])
def test_a_truncated_archive_is_refused_wherever_it_was_cut(tmp_path: Path, name: str) -> None:
    whole = archive(tmp_path / name, member("x/one.c"), member("x/two.c")).read_bytes()
    mark = 4 * archives.BLOCK  # two headers and their contents; only zeros follow
    longest = mark if name.endswith(".tar") else len(whole) - 16
    cuts = {0, 1, 100, longest // 4, longest // 2, 3 * longest // 4, longest}
    for cut in {min(cut, longest) for cut in cuts}:
        (tmp_path / name).write_bytes(whole[:cut])
        with pytest.raises(Refused, match="damaged or truncated"):
            unpack(tmp_path / name, tmp_path / f"out{cut}")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.tar.gz").write_text("<html>not found</html>")
    with pytest.raises(Refused, match="damaged or truncated"):
        unpack(tmp_path / "page.tar.gz", tmp_path / "out")


def test_an_archive_larger_than_any_source_is_refused(tmp_path: Path) -> None:
    bomb = tarfile.TarInfo("x/zeros")
    bomb.size = archives.LARGEST + 1
    with gzip.open(tmp_path / "bomb.tar.gz", "wb") as file:
        file.write(bomb.tobuf())
    with pytest.raises(Refused, match="more than"):
        unpack(tmp_path / "bomb.tar.gz", tmp_path / "out")


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"gone.tar.gz is missing from"):
        unpack(tmp_path / "gone.tar.gz", tmp_path / "out")


def test_upstream_is_fetched_once_and_then_kept(tmp_path: Path, site: tuple[Path, str]) -> None:
    folder, address = site
    wanted = archive(folder / "x-1.tar.gz", member("x/main.c"))
    source = Upstream(f"{address}/x-1.tar.gz", "1", checksum(wanted))
    first = source.fetch(tmp_path / "cache", quiet)
    assert first.path.read_bytes() == wanted.read_bytes()
    assert first.version == "1"
    wanted.unlink()
    assert source.fetch(tmp_path / "cache", quiet) == first


def test_upstream_with_a_bad_checksum_is_refused_and_not_kept(
    tmp_path: Path, site: tuple[Path, str]
) -> None:
    folder, address = site
    archive(folder / "x-1.tar.gz", member("x/main.c"))
    with pytest.raises(Refused, match=f"bad checksum.*expected {'0' * 64}"):
        Upstream(f"{address}/x-1.tar.gz", "1", "0" * 64).fetch(tmp_path / "cache", quiet)
    assert not list((tmp_path / "cache").rglob("x-1.tar.gz"))


def test_an_archive_changed_in_the_cache_is_refused(tmp_path: Path, site: tuple[Path, str]) -> None:
    folder, address = site
    wanted = archive(folder / "x-1.tar.gz", member("x/main.c"))
    source = Upstream(f"{address}/x-1.tar.gz", "1", checksum(wanted))
    kept = source.fetch(tmp_path / "cache", quiet)
    kept.path.write_bytes(b"something else")
    with pytest.raises(Refused, match="bad checksum") as refused:
        source.fetch(tmp_path / "cache", quiet)
    assert str(kept.path) in refused.value.advice


def test_upstream_that_does_not_have_it_says_so(tmp_path: Path, site: tuple[Path, str]) -> None:
    with pytest.raises(Problem, match=r"gone.tar.gz answers 404"):
        Upstream(f"{site[1]}/gone.tar.gz", "1", "0" * 64).fetch(tmp_path, quiet)
    with pytest.raises(Problem, match="cannot be reached"):
        Upstream("http://127.0.0.1:1/x.tar.gz", "1", "0" * 64).fetch(tmp_path, quiet)


def test_upstream_without_a_checksum_is_not_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no checksum of .*x.tar.gz is known"):
        Upstream("http://127.0.0.1:1/x.tar.gz", "1", "").fetch(tmp_path, quiet)


@pytest.fixture
def sdist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source distribution which tells on whoever runs its setup.py; pip sees no other."""
    setup = f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit('only Python 2')\n".encode()
    (tmp_path / "links").mkdir()
    path = tmp_path / "links" / "oldthing-1.0a2.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo("oldthing-1.0a2/setup.py")
        info.size = len(setup)
        tar.addfile(info, io.BytesIO(setup))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return path


def test_pip_fetches_a_distribution_without_running_it(tmp_path: Path, sdist: Path) -> None:
    source = Pypi("oldthing", "1.0a2", checksum(sdist))
    got = source.fetch(tmp_path / "cache", quiet)
    assert got.path.read_bytes() == sdist.read_bytes()
    assert not (tmp_path / "ran").exists()
    sdist.unlink()
    assert source.fetch(tmp_path / "cache", quiet) == got


def test_pip_refuses_a_distribution_with_a_bad_checksum(tmp_path: Path, sdist: Path) -> None:
    with pytest.raises(Refused, match=r"bad checksum: oldthing 1.0a2"):
        Pypi("oldthing", "1.0a2", "0" * 64).fetch(tmp_path / "cache", quiet)
    assert not (tmp_path / "ran").exists()


def test_pip_that_has_no_such_version_says_so(tmp_path: Path, sdist: Path) -> None:
    with pytest.raises(Problem, match=r"pip cannot fetch oldthing 9: .*oldthing==9"):
        Pypi("oldthing", "9", checksum(sdist)).fetch(tmp_path / "cache", quiet)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small archive of Debian source packages that holds `thing` 1:2.5-3."""
    folder = tmp_path / "repository"
    folder.mkdir()
    original = archive(folder / "thing_2.5.orig.tar.gz", member("thing-2.5/main.c"))
    patches = archive(folder / "thing_2.5-3.debian.tar.gz", member("debian/rules"))
    files = {path.name: path.read_bytes() for path in (original, patches)}
    sums = "".join(
        f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}\n" for name, data in files.items()
    )
    (folder / "thing_2.5-3.dsc").write_text(f"Source: thing\nChecksums-Sha256:\n{sums}")
    (folder / "Sources").write_text(
        "Package: thing\nFormat: 3.0 (quilt)\nBinary: thing\nVersion: 1:2.5-3\n"
        f"Directory: .\nChecksums-Sha256:\n{sums}\n"
    )
    monkeypatch.setattr(archives, "debian_sources", lambda _: [f"deb file:{folder} ./"])
    monkeypatch.setattr(archives, "_signed_by", lambda: "[trusted=yes] ")
    return folder


def test_debians_index_names_version_and_checksum(tmp_path: Path, repository: Path) -> None:
    got = Debian("thing").fetch(tmp_path / "cache", quiet)
    original = repository / "thing_2.5.orig.tar.gz"
    assert got == Archive(
        tmp_path / "cache" / "archives" / checksum(original) / original.name,
        "2.5",
        checksum(original),
        "Debian source package thing",
    )
    assert got.path.read_bytes() == original.read_bytes()


def test_a_file_that_differs_from_debians_index_is_not_kept(
    tmp_path: Path, repository: Path
) -> None:
    path = repository / "thing_2.5.orig.tar.gz"
    path.write_bytes(bytes(reversed(path.read_bytes())))
    with pytest.raises(Refused, match=r"bad checksum: thing_2.5.orig.tar.gz"):
        Debian("thing").fetch(tmp_path / "cache", quiet)
    assert not list((tmp_path / "cache").rglob("*.orig.tar.gz"))


def test_a_file_that_debians_archive_lists_and_lacks_is_named(
    tmp_path: Path, repository: Path
) -> None:
    (repository / "thing_2.5.orig.tar.gz").unlink()
    with pytest.raises(Problem, match=r"lists thing_2.5.orig.tar.gz but answers File not found"):
        Debian("thing").fetch(tmp_path / "cache", quiet)


def test_a_package_that_debian_does_not_have_is_named(tmp_path: Path, repository: Path) -> None:
    with pytest.raises(Problem, match="no source package upstart in Debian 12"):
        Debian("upstart").fetch(tmp_path / "cache", quiet)


def test_no_index_is_told_from_no_package(tmp_path: Path, repository: Path) -> None:
    (repository / "Sources").unlink()
    with pytest.raises(Problem, match="index of Debian's source packages cannot be had"):
        Debian("thing").fetch(tmp_path / "cache", quiet)


def test_apt_keeps_to_the_cache_and_runs_no_hook_of_the_host(
    tmp_path: Path, repository: Path
) -> None:
    Debian("thing").fetch(tmp_path / "cache", quiet)
    home = tmp_path / "cache" / "apt"
    command = ["apt-config", "-c", str(home / "apt.conf"), "dump"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    settings = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    for key in ("Dir::State", "Dir::Cache", "Dir::Etc::sourcelist", "Dir::Etc::sourceparts"):
        assert settings[key].startswith(f'"{home}/')
    assert not [key for key in settings if key.startswith("APT::Update::")]
