"""Steps that make the measuring program kill service s1, and checks of their samples."""

from __future__ import annotations

from tests.support.sandbox import Event, Result, entry_is_stamped

SECOND = 1_000_000_000  # ns
AWAIT: Event = {"do": "await", "services": ["s1"], "deadline": 20}
KILL: Event = {"do": "signal", "target": "service:s1", "signal": 9}


def trials(*groups: Event, **more: object) -> Event:
    """Return a step of trials with these groups."""
    return {"do": "trials", "service": "s1", "groups": list(groups), "deadline": 20, **more}


def group(name: str, count: int, low: float, high: float, **more: object) -> Event:
    """Return a group of trials with uptimes between low and high, in seconds."""
    return {"name": name, "trials": count, "uptime": [low, high], **more}


LONG = group("long", 4, 0.05, 0.2, fresh=False)
SHORT = group("short", 3, 0.1, 0.1)


def assert_entry_stamp(sample: Event) -> None:
    """Assert that the entry point's stamp lies where it must, or is null."""
    if entry_is_stamped():
        assert sample["kill_ns"] < sample["begun_ns"] <= sample["main_ns"]
    else:
        assert sample["begun_ns"] is None


def assert_restarted(sample: Event) -> None:
    """Assert that a sample is of a restart that was heard, with stamps in their order."""
    assert not sample["censored"]
    assert sample["old_main_ns"] < sample["kill_ns"] < sample["main_ns"] <= sample["up_ns"]
    assert_entry_stamp(sample)
    assert sample["kill_ns"] < sample["exit_ns"]
    assert sample["uptime_ns"] == sample["kill_ns"] - sample["old_main_ns"]
    assert sample["new_pid"] != sample["old_pid"]
    assert sample["seq"] == sample["old_seq"] + 1
    assert (sample["starts_missed"], sample["by"]) == (0, "line")


def assert_complete(result: Result, errors: int = 0) -> None:
    """Assert that all steps ran, and so many of them failed."""
    assert result.stderr == ""
    assert result.rc == (1 if errors else 0)
    assert result.events[0]["event"] == "hello"
    assert result.events[-1]["event"] == "end"
    assert result.events[-1]["errors"] == errors
