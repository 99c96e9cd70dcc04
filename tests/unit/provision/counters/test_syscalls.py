"""System calls that cannot be counted get a reason in place of a count."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from provision.counters import syscalls
from provision.counters.syscalls import count_syscalls


def test_the_reason_is_the_kernels_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(syscalls, "_event", refuse)
    with count_syscalls([os.getpid()]) as result:
        pass
    assert result.count is None
    assert "Operation not permitted" in result.why_not
    assert result.duration_ns > 0


def test_the_reason_is_an_unknown_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "_event", lambda: 1)
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with count_syscalls([os.getpid()]) as result:
        pass
    assert result.count is None
    assert "vax" in result.why_not


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize("before", ["true", "mount -t tracefs tracefs /sys/kernel/tracing"])
def test_a_tracefs_that_the_host_has_mounted_is_used(before: str) -> None:
    """As systemd and perf do; the kernel refuses a second one there with EBUSY."""
    root = Path(syscalls.__file__).parents[2]
    script = f'mount --make-rprivate / && {before} || exit 77; exec "$@"'
    program = "from provision.counters import syscalls; print(syscalls._event())"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", program],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip(f"tracefs cannot be mounted here: {done.stderr}")
    assert done.stdout.strip().isdigit(), done.stderr


def test_no_living_process_gives_no_count_rather_than_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "_event", lambda: 1)
    with count_syscalls([]) as result:
        pass
    assert result.count is None
    assert result.why_not
