"""A stopped supervisor has ended with everything that it started."""

from __future__ import annotations

import os

from provision.guests.files import File
from provision.guests.init import start_hosted, stop_hosted
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS
from tests.support.wait import eventually

# Its child ends a second after it: daemontools' supervise did on a busy host.
SLOW_TO_END = """\
#!/bin/sh
(trap 'sleep 1; exit' TERM; touch /run/begun; while :; do sleep 0.1; done) &
wait
"""


def test_processes_that_end_after_their_leader_are_waited_for() -> None:
    guest = Lxc().up(f"stop-{os.getpid()}", SYSTEMS["debian"])
    try:
        guest.write([File("/root/slow-to-end", SLOW_TO_END, 0o755)])
        start_hosted(guest, "/root/slow-to-end")
        eventually(lambda: guest.run("test -e /run/begun", check=False).code == 0, "its start")
        stop_hosted(guest)
        assert guest.run("pgrep -x slow-to-end", check=False).stdout == ""
    finally:
        guest.destroy()
