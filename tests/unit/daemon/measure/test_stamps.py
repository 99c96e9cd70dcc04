"""Lines in the FIFO, and the record that stands in for lost ones."""

from __future__ import annotations

import os
import sys

from tests.support.restarts import AWAIT, LONG, assert_complete, assert_restarted, trials
from tests.support.sandbox import Sandbox


def test_a_record_of_a_process_that_is_gone_is_not_believed(sandbox: Sandbox) -> None:
    daemon = sandbox.start(*sandbox.testd("s1"))
    sandbox.await_pid()
    daemon.kill()
    daemon.wait()
    path = sandbox.dir / "s1.count"
    for stranger in (daemon.pid, os.getpid(), 2**31 - 1):
        data = path.read_bytes()
        path.write_bytes(data[:16] + stranger.to_bytes(8, sys.byteorder) + data[24:])
        result = sandbox.measure({**AWAIT, "deadline": 0.1})
        assert_complete(result)
        assert result.all("up") == []
        assert result.one("down")["starts"] == 1


def test_noise_in_the_fifo_hides_no_start(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    junk = ["hello", "{", "[" * 3000, '{"event":"start"}', "\\377\\000", "[1]", '{"event":["x"]}']
    junk.append(
        '{"event":"start","service":"s1","pid":1e400,"ppid":1,"seq":1,'
        '"begun_ns":1,"main_ns":1,"up_ns":1}'
    )
    junk.append(
        '{"event":"start","service":"s1","pid":99999999999999999999,"ppid":1,"seq":1,'
        '"begun_ns":1,"main_ns":1,"up_ns":1}'
    )
    junk.append('{"event":"exit","service":"s1","pid":1,"seq":1,"exit_ns":1} x')
    (sandbox.dir / "junk").write_bytes("\n".join(junk).encode() + b'\ntorn {"event":')
    result = sandbox.measure(
        AWAIT,
        {"do": "run", "command": f"cat {sandbox.dir}/junk > {sandbox.dir}/stamps", "deadline": 20},
        trials(LONG),
    )
    assert_complete(result)
    # The torn line swallowed no start: each sample was told by its line.
    for sample in result.all("sample"):
        assert_restarted(sample)
    assert len(result.all("sample")) == 4
    assert len(result.all("noise")) == len(junk) + 1


def test_no_start_of_many_at_once_is_missed(sandbox: Sandbox) -> None:
    starts = "; ".join([" ".join(sandbox.testd("s1", "--exit-after", "0"))] * 30)
    result = sandbox.measure({"do": "run", "command": starts, "deadline": 60})
    assert_complete(result)
    assert [start["seq"] for start in result.all("start")] == list(range(1, 31))
    assert all(start["missed"] == 0 for start in result.all("start"))
    assert len(result.all("exit")) == 30


def test_starts_without_a_line_are_counted_as_missed(sandbox: Sandbox) -> None:
    away = f"mv {sandbox.dir}/stamps {sandbox.dir}/away"
    once = " ".join(sandbox.testd("s1", "--exit-after", "0"))
    result = sandbox.measure(
        {"do": "run", "command": f"{once}; {away}; {once}; {once}", "deadline": 20},
        {
            "do": "run",
            "command": f"mv {sandbox.dir}/away {sandbox.dir}/stamps; {once}",
            "deadline": 20,
        },
    )
    assert [(s["seq"], s["missed"]) for s in result.all("start")] == [(1, 0), (4, 2)]
    assert sandbox.read_record()[1] == 4


def test_a_second_measuring_program_is_refused(sandbox: Sandbox) -> None:
    first = sandbox.start_measuring({"do": "watch", "seconds": 100000})
    assert first.stdout
    first.stdout.readline()
    second = sandbox.measure()
    assert (second.rc, second.events) == (2, [])
    assert "another measuring program" in second.stderr
