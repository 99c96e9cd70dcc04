"""An archive is unpacked below its folder, or refused as a whole."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.sources import unpacking
from provision.sources.archives import ArchiveRejected
from provision.sources.unpacking import unpack
from tests.support.stand_ins.tarballs import CONTENT, member, write_archive


def test_files_and_folders_are_unpacked_and_links_are_not(tmp_path: Path) -> None:
    good = write_archive(
        tmp_path / "good.tar.gz",
        member("x", tarfile.DIRTYPE),
        member("x/src/main.c"),
        member("x/doc/main.c", tarfile.SYMTYPE, "../src/main.c"),
        member("x/again.c", tarfile.LNKTYPE, "x/src/main.c"),
    )
    unpack(good, tmp_path / "out")
    files = [path for path in (tmp_path / "out").rglob("*") if not path.is_dir()]
    assert files == [tmp_path / "out/x/src/main.c"]
    assert files[0].read_bytes() == CONTENT


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
    bad = write_archive(tmp_path / "bad.tar.gz", member("x/good.c"), hostile)
    with pytest.raises(ArchiveRejected, match=r"hostile (path|link)|device or pipe") as caught:
        unpack(bad, tmp_path / "deep" / "out")
    assert repr(hostile.name) in caught.value.what
    assert not (tmp_path / "deep").exists()


def test_a_link_that_a_later_member_writes_through_leads_nowhere(tmp_path: Path) -> None:
    # Each target is inside by its name; only following the links one by one would leave.
    bad = write_archive(
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
    whole = write_archive(tmp_path / name, member("x/one.c"), member("x/two.c")).read_bytes()
    mark = 4 * unpacking.BLOCK  # two headers and their contents; only zeros follow
    longest = mark if name.endswith(".tar") else len(whole) - 16
    cuts = {0, 1, 100, longest // 4, longest // 2, 3 * longest // 4, longest}
    for cut in {min(cut, longest) for cut in cuts}:
        (tmp_path / name).write_bytes(whole[:cut])
        with pytest.raises(ArchiveRejected, match="damaged or truncated"):
            unpack(tmp_path / name, tmp_path / f"out{cut}")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.tar.gz").write_text("<html>not found</html>")
    with pytest.raises(ArchiveRejected, match="damaged or truncated"):
        unpack(tmp_path / "page.tar.gz", tmp_path / "out")


def test_an_archive_larger_than_any_source_is_refused(tmp_path: Path) -> None:
    bomb = tarfile.TarInfo("x/zeros")
    bomb.size = unpacking.LARGEST + 1
    with gzip.open(tmp_path / "bomb.tar.gz", "wb") as file:
        file.write(bomb.tobuf())
    with pytest.raises(ArchiveRejected, match="more than"):
        unpack(tmp_path / "bomb.tar.gz", tmp_path / "out")


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"gone.tar.gz is missing from"):
        unpack(tmp_path / "gone.tar.gz", tmp_path / "out")
