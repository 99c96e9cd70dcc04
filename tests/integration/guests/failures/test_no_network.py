"""Without a network, what the cache holds is measured all the same."""

from __future__ import annotations

import shutil

import pytest

from tests.integration.guests.failures.ends import FLOOR, OPTIONS, check_end, rows_by_name
from tests.support.stand_ins.mirror import FailingMirror
from tests.support.suite import Suite


def test_no_network_at_first_run_is_an_error(bare_suite: Suite) -> None:
    done = bare_suite.bench(*OPTIONS, before=("unshare", "--net"))
    check_end(done, 1)
    assert "mmdebstrap failed" in done.output
    assert "Run the same command again" in done.output
    assert not [path for path in (bare_suite.cache / "images").iterdir() if path.is_dir()]


@pytest.mark.slow
def test_no_network_fails_only_what_must_be_installed(suite: Suite) -> None:
    for layer in (suite.cache / "layers").glob("debian-runit-*"):
        shutil.rmtree(layer) if layer.is_dir() else layer.unlink()
    done = suite.bench("--only=runit/runner/default/hosted", *OPTIONS, before=("unshare", "--net"))
    check_end(done, 1)
    rows = rows_by_name(suite)
    assert rows[FLOOR]["status"] == "measured"
    assert "in phase install" in rows["runit/runner/default/hosted"]["reason"]
    assert not list((suite.cache / "layers").glob("debian-runit-*[!k]"))


@pytest.mark.slow
def test_complete_downloads_are_not_fetched_again(bare_suite: Suite) -> None:
    """The mirror fails midway; the next run fetches neither its lists nor its packages again."""
    with FailingMirror(cut_after=20 << 20) as mirror:
        proxy = {"http_proxy": mirror.address}
        done = bare_suite.bench(*OPTIONS, environment=proxy)
        check_end(done, 1)
        assert mirror.cut
        assert "mmdebstrap failed" in done.output
        assert "Failed to fetch" in done.output
        assert "downloads are kept" in done.output
        assert not [path for path in (bare_suite.cache / "images").iterdir() if path.is_dir()]
        received = {
            path for path in mirror.completed if path.endswith(".deb") or "/by-hash/" in path
        }
        assert {path.endswith(".deb") for path in received} == {True, False}
        mirror.repair()
        before = len(mirror.requested)
        again = bare_suite.bench(*OPTIONS, environment=proxy)
    check_end(again, 0)
    assert received & set(mirror.requested[before:]) == set()
    assert bare_suite.record()["contenders"][0]["status"] == "measured"
    assert not list((bare_suite.cache / "downloads").iterdir())
