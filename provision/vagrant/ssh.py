"""How the suite logs in to a virtual machine, old sshds included."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypedDict

from fabric import Connection
from paramiko import AuthenticationException, SSHException

from provision.bootstrap.keys import guest_key
from provision.errors import Problem
from provision.systems import System


class SshArguments(TypedDict, total=False):
    """The arguments of paramiko's SSHClient.connect that a system needs; times in seconds."""

    allow_agent: bool
    look_for_keys: bool
    banner_timeout: float
    auth_timeout: float
    channel_timeout: float
    disabled_algorithms: dict[str, list[str]]


# OpenSSH 5.9 signs with RSA and SHA-1 only, and paramiko 4 must be told.
_OLD_SSHD: dict[str, SshArguments] = {
    "precise": {"disabled_algorithms": {"pubkeys": ["rsa-sha2-256", "rsa-sha2-512"]}}
}


class NoAnswer(Problem):
    """The guest's sshd does not answer; a later attempt may succeed."""


def ssh_arguments(system: System) -> SshArguments:
    """Return what paramiko needs to log in to that system."""
    # QEMU and VirtualBox accept a connection before any sshd runs, and keep it open when the
    # machine is reset: a new attempt succeeds sooner than a long wait.
    arguments: SshArguments = {
        "allow_agent": False,
        "look_for_keys": False,
        "banner_timeout": 10,
        "auth_timeout": 60,
        "channel_timeout": 30,
    }
    return {**arguments, **_OLD_SSHD.get(system.name, {})}


def open_connection(connection: Connection, name: str) -> Connection:
    """Open the connection and return it. Raises NoAnswer, or Problem where no retry can help."""
    try:
        connection.open()
    except AuthenticationException as failure:
        raise _incompatible(name, f"{failure} (no key that both accept)") from failure
    except SSHException as failure:
        if re.search("[Ii]ncompatible|Invalid key", str(failure)):
            raise _incompatible(name, str(failure)) from failure
        raise NoAnswer(f"Guest {name} does not answer.", known=str(failure)) from failure
    except (OSError, EOFError) as failure:
        raise NoAnswer(f"Guest {name} does not answer.", known=str(failure)) from failure
    return connection


def _incompatible(name: str, words: str) -> Problem:
    return Problem(
        f"The sshd of guest {name} and this client have no algorithm or key in common.",
        known=words,
        advice="An sshd as old as 5.9 needs an RSA or ECDSA key and SHA-1: see _OLD_SSHD in "
        "provision/vagrant/ssh.py.",
    )


def shell_command(home: Path) -> list[str]:
    """Return the command that opens a shell as root in the machine of that folder."""
    name = (home / "system").read_text()
    return ["ssh", "-F", str(home / "ssh_config"), "-i", str(guest_key()), f"root@{name}"]
