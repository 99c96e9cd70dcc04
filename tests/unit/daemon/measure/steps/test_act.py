"""Steps that do something: mode, run, signal."""

from __future__ import annotations

from tests.support.restarts import assert_complete
from tests.support.sandbox import Sandbox


def test_an_empty_mode_removes_the_mode_file(sandbox: Sandbox) -> None:
    mode = {"do": "mode", "service": "s1", "text": ""}
    result = sandbox.measure({**mode, "text": "--ignore-term"}, mode, mode)
    assert_complete(result)
    assert [event["text"] for event in result.all("mode")] == ["--ignore-term", "", ""]
    assert list(sandbox.dir.glob("*.mode*")) == []


def test_a_command_has_no_input_and_both_streams_are_kept(sandbox: Sandbox) -> None:
    command = "cat; echo out; echo err >&2; exit 3"
    result = sandbox.measure({"do": "run", "command": command, "deadline": 20})
    assert_complete(result)
    ran = result.one("ran")
    assert (ran["rc"], ran["output"]) == (3, "out\nerr\n")
    assert ran["begin_ns"] < ran["end_ns"]


def test_a_command_is_killed_at_its_deadline(sandbox: Sandbox) -> None:
    result = sandbox.measure({"do": "run", "command": "sleep 600 & sleep 600", "deadline": 0.1})
    assert_complete(result)
    assert result.one("ran")["rc"] is None


def test_a_signal_names_the_pids_that_took_or_refused_it(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    pid = sandbox.await_pid()
    result = sandbox.measure(
        {"do": "signal", "target": f"pid:{pid}", "signal": 9},
        {"do": "signal", "target": "pid:2147483647", "signal": 9},
        {"do": "signal", "target": "comm:no-such-program", "signal": 9},
    )
    assert_complete(result)
    sent, refused, unmatched = result.all("signalled")
    assert sent["pids"] == [pid]
    assert refused["pids"] == []
    assert refused["refused"][0]["pid"] == 2**31 - 1
    assert unmatched["pids"] == unmatched["refused"] == []


def test_output_of_a_command_is_cut_to_its_end(sandbox: Sandbox) -> None:
    result = sandbox.measure(
        {"do": "run", "command": "seq 100000; printf 'caf\\303\\251 \\377'", "deadline": 60}
    )
    ran = result.one("ran")
    assert ran["output"].endswith("100000\ncafé \ufffd")
    assert len(ran["output"]) <= 4000 < ran["output_bytes"]
