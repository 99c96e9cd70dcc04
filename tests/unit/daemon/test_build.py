"""Building the C programs: static, once, whole, and with clear errors."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from daemon import build as module
from daemon.build import PROGRAMS, Compiler, build, find_compiler
from provision.errors import Problem
from tests.support.sandbox import entry_is_stamped

HERE = platform.machine()


def test_programs_are_static_and_built_once(tmp_path: Path) -> None:
    first = build(HERE, tmp_path)
    stamps = [path.stat().st_mtime_ns for path in (first.testd, first.floor)]
    for path in (first.testd, first.floor):
        # A program that needs the dynamic linker names it in this header.
        assert b"ld-linux" not in path.read_bytes()[:1024]
    assert build(HERE, tmp_path) == first
    assert [path.stat().st_mtime_ns for path in (first.testd, first.floor)] == stamps


def test_simultaneous_builds_agree_and_leave_nothing_else(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: build(HERE, tmp_path), range(3)))
    assert len(set(results)) == 1
    assert list((tmp_path / "bin").iterdir()) == [results[0].testd.parent]


def test_a_changed_source_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(HERE, tmp_path)
    sources = tmp_path / "sources"
    sources.mkdir()
    for name in ("testd.ld", *(f"{program}.c" for program in PROGRAMS)):
        shutil.copy(module.SOURCES / name, sources)
    (sources / "floor.c").open("a").write("/* changed */\n")
    monkeypatch.setattr(module, "SOURCES", sources)
    assert build(HERE, tmp_path).floor != first.floor


def test_a_source_that_does_not_compile_is_a_problem_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (f"{program}.c" for program in PROGRAMS):
        (tmp_path / name).write_text("int main(void) { return nonsense; }\n")
    shutil.copy(module.SOURCES / "testd.ld", tmp_path)
    monkeypatch.setattr(module, "SOURCES", tmp_path)
    with pytest.raises(Problem, match="nonsense"):
        build(HERE, tmp_path / "cache")
    assert list((tmp_path / "cache" / "bin").iterdir()) == []


def test_without_a_compiler_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(Problem, match="apt-get install gcc musl-tools"):
        find_compiler(HERE)
    with pytest.raises(Problem, match="pip install ziglang") as caught:
        find_compiler("sparc64")
    assert "apt-get" not in str(caught.value), "the host's compiler cannot help there"


def test_another_architecture_needs_zig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(module, "_run", lambda *_: "0.1")
    assert find_compiler("arm64").command[-2:] == ("-target", "aarch64-linux-musl")
    assert find_compiler("arm64") != find_compiler("riscv64")


def test_zig_compiles_here_and_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not importlib.util.find_spec("ziglang"):
        pytest.skip("the optional ziglang is not installed")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    built = build(HERE, tmp_path)
    done = subprocess.run([built.testd], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[:12]) == (64, "testd: usage")
    machine = {"x86_64": "aarch64"}.get(HERE, "x86_64")
    assert build(machine, tmp_path).testd.read_bytes()[:4] == b"\x7fELF"


def test_a_broken_compiler_is_a_problem() -> None:
    with pytest.raises(Problem, match="failed"):
        module._run("false")


def test_compilers_are_told_apart_by_version() -> None:
    old, new = Compiler(("cc",), "12"), Compiler(("cc",), "13")
    assert module._cache_key(HERE, old) != module._cache_key(HERE, new)


@pytest.fixture
def laid_out() -> None:
    if not entry_is_stamped():
        pytest.skip("the layout is for GNU ld and x86-64")


@pytest.mark.usefixtures("laid_out")
def test_exec_itself_brings_in_the_page_that_the_daemon_begins_in(tmp_path: Path) -> None:
    """The kernel clears the rest of the page in which a segment's data end, and so has it there."""
    elf = build(HERE, tmp_path).testd.read_bytes()
    entry, headers = struct.unpack_from("<QQ", elf, 24)
    first = struct.unpack_from("<IIQQQQQ", elf, headers)
    kind, flags, offset, address, _, in_file, in_memory = first
    assert (kind, flags, offset) == (1, 7, 0), "all that is needed first is in one segment"
    assert address < entry < address + in_file < address + 4096, "it ends in the page of the entry"
    assert in_file < in_memory, "there is something to clear"


# What runs, and what is read and written, from the entry point to the stamp in main().
BEFORE_MAIN = """
    begin _start _start_c __libc_start_main __init_libc __init_tls __init_tp __copy_tls
    __set_thread_area __init_ssp libc_start_main_stage2 __libc_start_init main syscall __syscall_ret
    begun builtin_tls main_tls __libc __hwcap __sysinfo __environ __stack_chk_guard
    __init_array_start
"""


@pytest.mark.usefixtures("laid_out")
def test_all_that_is_needed_before_main_is_in_that_page(tmp_path: Path) -> None:
    compiler, unstripped = find_compiler(HERE), tmp_path / "testd"
    flags = [flag for flag in compiler.flags("testd") if flag != "-s"]
    source = module.SOURCES / "testd.c"
    subprocess.run([*compiler.command, *flags, "-o", unstripped, source], check=True)
    symbols = subprocess.run(["nm", unstripped], capture_output=True, text=True, check=True).stdout
    addresses = {words[2]: int(words[0], 16) for line in symbols.splitlines()
            if len(words := line.split()) == 3}  # fmt: skip
    assert addresses["_start"] % 64 == 0, "the rest of the start begins with a cache line"
    page = addresses["begin"] & -4096
    assert [name for name in BEFORE_MAIN.split() if addresses[name] & -4096 != page] == []
