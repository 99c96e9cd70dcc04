"""The error explains why a system's programs do not run on this kernel."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.lxc.trees import abi_check
from provision.systems import SYSTEMS

PRECISE = SYSTEMS["precise"]
# Stand-ins for `chroot ROOT`, which end as the programs inside would.
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


def test_programs_that_run_raise_nothing(root: Path) -> None:
    abi_check.check_programs_run(PRECISE, root, WORKS)


def test_a_crash_without_a_vsyscall_page_is_explained(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abi_check, "has_vsyscall_page", lambda: False)
    with pytest.raises(Problem) as caught:
        abi_check.check_programs_run(PRECISE, root, DIES)
    message = str(caught.value)
    assert signal.SIGSEGV.name in message
    assert "glibc 2.15" in message
    assert "vsyscall=xonly" in message
    assert "--os=precise" in caught.value.advice


def test_a_crash_with_a_vsyscall_page_has_another_reason(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abi_check, "has_vsyscall_page", lambda: True)
    with pytest.raises(Problem) as caught:
        abi_check.check_programs_run(PRECISE, root, DIES)
    assert "has_vsyscall_page" not in str(caught.value)


def test_a_missing_loader_is_explained(root: Path) -> None:
    with pytest.raises(Problem, match="its loader or its library is missing"):
        abi_check.check_programs_run(PRECISE, root, LACKS)


def test_the_vsyscall_page_is_found_in_the_maps(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.write_text("7ffd0000-7ffd1000 r-xp 00000000 00:00 0 [vdso]\n")
    assert not abi_check.has_vsyscall_page(maps)
    maps.write_text("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n")
    assert abi_check.has_vsyscall_page(maps)


def test_a_root_without_a_c_library_has_no_version(tmp_path: Path) -> None:
    assert abi_check.libc_version(tmp_path) == ""
