"""What a system's programs die of on this kernel is told."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.lxc import abi_check
from provision.systems import SYSTEMS

PRECISE = SYSTEMS["precise"]
# A stand-in for `chroot ROOT`: ends as the programs inside would.
DIES = ("sh", "-c", "kill -SEGV $$")
LACKS = ("sh", "-c", "exit 127")
WORKS = ("env",)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    library = tmp_path / "lib/x86_64-linux-gnu"
    library.mkdir(parents=True)
    (library / "libc-2.15.so").write_bytes(b"\0GNU C Library (Ubuntu EGLIBC) stable version 2.15\n")
    (library / "libc.so.6").symlink_to("libc-2.15.so")
    return tmp_path


def test_what_runs(root: Path) -> None:
    abi_check.check_programs_run(PRECISE, root, WORKS)


def test_no_vsyscall_page(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abi_check, "has_vsyscall_page", lambda: False)
    with pytest.raises(Problem) as caught:
        abi_check.check_programs_run(PRECISE, root, DIES)
    said = str(caught.value)
    assert signal.SIGSEGV.name in said
    assert "glibc 2.15" in said
    assert "vsyscall=xonly" in said
    assert "--os=precise" in caught.value.advice


def test_a_crash_that_is_not_the_pages_fault(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abi_check, "has_vsyscall_page", lambda: True)
    with pytest.raises(Problem) as caught:
        abi_check.check_programs_run(PRECISE, root, DIES)
    assert "has_vsyscall_page" not in str(caught.value)


def test_a_missing_loader(root: Path) -> None:
    with pytest.raises(Problem, match="its loader or its library is missing"):
        abi_check.check_programs_run(PRECISE, root, LACKS)


def test_the_page_is_looked_for_where_the_kernel_shows_it(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.write_text("7ffd0000-7ffd1000 r-xp 00000000 00:00 0 [vdso]\n")
    assert not abi_check.has_vsyscall_page(maps)
    maps.write_text("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n")
    assert abi_check.has_vsyscall_page(maps)


def test_no_c_library(tmp_path: Path) -> None:
    assert abi_check.libc_version(tmp_path) == ""
