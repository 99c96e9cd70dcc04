"""Archives from a project's own address: only the file with the expected checksum is taken."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.provider import ignore_message
from provision.sources.archives import ArchiveRejected, checksum
from provision.sources.upstream import Upstream
from tests.support.stand_ins.tarballs import member, write_archive


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which a local web server serves it."""
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


def test_an_archive_is_fetched_once_and_then_cached(tmp_path: Path, site: tuple[Path, str]) -> None:
    folder, address = site
    published = write_archive(folder / "x-1.tar.gz", member("x/main.c"))
    source = Upstream(f"{address}/x-1.tar.gz", "1", checksum(published))
    cached = source.fetch(tmp_path / "cache", ignore_message)
    assert cached.path.read_bytes() == published.read_bytes()
    assert cached.version == "1"
    published.unlink()
    assert source.fetch(tmp_path / "cache", ignore_message) == cached


def test_an_archive_with_a_bad_checksum_is_refused_and_not_cached(
    tmp_path: Path, site: tuple[Path, str]
) -> None:
    folder, address = site
    write_archive(folder / "x-1.tar.gz", member("x/main.c"))
    with pytest.raises(ArchiveRejected, match=f"bad checksum.*expected {'0' * 64}"):
        Upstream(f"{address}/x-1.tar.gz", "1", "0" * 64).fetch(tmp_path / "cache", ignore_message)
    assert not list((tmp_path / "cache").rglob("x-1.tar.gz"))


def test_an_archive_changed_in_the_cache_is_refused(tmp_path: Path, site: tuple[Path, str]) -> None:
    folder, address = site
    published = write_archive(folder / "x-1.tar.gz", member("x/main.c"))
    source = Upstream(f"{address}/x-1.tar.gz", "1", checksum(published))
    cached = source.fetch(tmp_path / "cache", ignore_message)
    cached.path.write_bytes(b"something else")
    with pytest.raises(ArchiveRejected, match="bad checksum") as caught:
        source.fetch(tmp_path / "cache", ignore_message)
    assert str(cached.path) in caught.value.advice


def test_a_missing_file_is_named_with_the_servers_answer(
    tmp_path: Path, site: tuple[Path, str]
) -> None:
    with pytest.raises(Problem, match=r"gone.tar.gz answers 404"):
        Upstream(f"{site[1]}/gone.tar.gz", "1", "0" * 64).fetch(tmp_path, ignore_message)


def test_an_address_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be reached"):
        Upstream("http://127.0.0.1:1/x.tar.gz", "1", "0" * 64).fetch(tmp_path, ignore_message)


def test_an_archive_without_a_checksum_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no checksum of .*x.tar.gz is known"):
        Upstream("http://127.0.0.1:1/x.tar.gz", "1", "").fetch(tmp_path, ignore_message)
