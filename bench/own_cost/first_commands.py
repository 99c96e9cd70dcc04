"""Print the seconds from nothing to the first command of each of N guests, as a JSON list.

Runs as a program with the checkout that it measures as PYTHONPATH, which may be an older one: it
uses no more of the suite than a provider's `up` and a guest's `run`.
"""

from __future__ import annotations

import json
import os
import sys
import time

from provision.registry import providers
from provision.systems import SYSTEMS


def main() -> None:
    """Boot N guests one after the other; destroy them after the last one has answered."""
    provider, system = providers()["lxc"], SYSTEMS["debian"]
    provider.prepare(system)
    guests, seconds = [], []
    try:
        for number in range(int(sys.argv[1])):
            begun = time.monotonic()
            guest = provider.up(f"first-command-{number}-{os.getpid()}", system)
            guests.append(guest)
            guest.run("true")
            seconds.append(round(time.monotonic() - begun, 4))
    finally:
        for guest in guests:
            guest.destroy()
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
