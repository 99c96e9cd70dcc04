"""One embedded guest: PID 1 in namespaces of its own, reached by SSH without a network."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fabric import Connection
from paramiko import SSHException

from provision.bootstrap.keys import guest_key
from provision.counters import syscalls
from provision.counters.memory import MemoryGroup, find_memory_group
from provision.counters.pids import is_ending, pid_inside, pids_in_namespace_of
from provision.counters.syscalls import SyscallCount
from provision.errors import Problem
from provision.errors.os_errors import describe_os_error, os_error_advice
from provision.guests.connections import fabric_config, is_loss
from provision.guests.facts import GuestFacts
from provision.guests.guest import Guest
from provision.guests.limit_class import LimitClass
from provision.lxc import NAME
from provision.lxc.config import write_config
from provision.lxc.existing_guests import guest_folder, is_orphaned, remove_guest
from provision.lxc.host_check import cgroups
from provision.lxc.host_check.abilities import TUN, explain_failed_start
from provision.lxc.host_check.ability_checks import why_no_systemd
from provision.lxc.keeper_client import KeeperClient
from provision.lxc.limits import apply_limits, disk_limit, lift_cpu_limit, limit_cpu
from provision.lxc.logs import (
    begin_console,
    quote_console,
    quote_logs,
    read_console,
    read_exit_status,
)
from provision.lxc.programs import enter
from provision.lxc.programs.enter import command_from_host
from provision.lxc.programs.traces import guest_processes
from provision.lxc.trees.image import detect_system, ensure_image
from provision.lxc.trees.userns import SHIFT, make_shifted_folder
from provision.systems import System

# Seconds that a guest may take until SSH answers.
_SECONDS_TO_CONNECT = 30
# Seconds between paramiko's looks at an idle connection, whose end wakes it anyway. Its own ten
# looks a second took two thirds of a processor beside 320 guests.
_SECONDS_BETWEEN_LOOKS = 30
# Seconds that LXC has to notice that PID 1 has ended, and to log with what.
_SECONDS_TO_LOG = 5


def start_guest(name: str, system: System, layers: list[Path], limit_class: LimitClass) -> LxcGuest:
    """Boot a guest on those layers over the system's image. Raises Problem."""
    root = ensure_image(system)
    guest = LxcGuest(name, detect_system(system, root), [*layers, root], limit_class)
    try:
        guest.reboot()
    except OSError as failure:
        guest.destroy()
        # A failed write names no file.
        raise Problem(
            describe_os_error(failure, failure.filename or guest_folder(name)),
            advice=os_error_advice(failure),
        ) from failure
    except BaseException:
        guest.destroy()
        raise
    return guest


class LxcGuest(Guest):
    """A guest in a user namespace, its root an overlay over cached layers."""

    def __init__(
        self, name: str, system: System, layers: list[Path], limit_class: LimitClass
    ) -> None:
        """Claim the guest's folder and start its keeper; `reboot` starts it. Raises Problem."""
        super().__init__(name, system)
        self._home = guest_folder(name)
        self._layers = layers
        self._limit_class = limit_class
        self._init = ""
        self._pid = 0
        self._limits: dict[str, int] = {}
        self._is_measured = False
        self._ssh_socket: socket.socket | None = None
        if is_orphaned(name):
            remove_guest(name)
        self._keeper = KeeperClient(self._home)
        try:
            self._make_folders()
            self._disk_limit = disk_limit(self._home, limit_class)
        except BaseException:
            self._keeper.release()
            raise

    def _make_folders(self) -> None:
        os.chown(self._home, SHIFT, SHIFT)
        for part in ("upper", "work"):
            make_shifted_folder(self._home / part)

    @property
    def upper(self) -> Path:
        """What the guest has written, as a tree."""
        return self._home / "upper"

    def connect(self) -> Connection:
        deadline = time.monotonic() + _SECONDS_TO_CONNECT
        while True:
            if self._keeper.has_ended():  # PID 1's number may be another process's by now
                raise self._keeper.ended_error()
            connection = self._open_ssh()
            try:
                connection.open()
                connection.transport.sock.settimeout(_SECONDS_BETWEEN_LOOKS)
                return connection
            except (SSHException, EOFError, OSError) as failure:
                if not is_loss(failure):
                    raise
                # A PID 1 that has just started may mount a new /run, and take sshd's folder away.
                self._close_connection()
                if self.has_ended():
                    raise self._ended_error() from failure
                if time.monotonic() > deadline:
                    raise self._no_ssh_error(failure) from failure
                time.sleep(0.05)

    def _no_ssh_error(self, failure: Exception) -> Problem:
        return Problem(
            f"Guest {self.name} runs, but SSH does not answer.",
            known=f"{failure or type(failure).__name__}\n{self.describe_free_space()}\n"
            f"{quote_logs(self._home)}",
            advice=explain_failed_start(),
        )

    def _ended_error(self) -> Problem:
        return Problem(
            self._end(),
            known=quote_logs(self._home),
        )

    def describe_free_space(self) -> str:
        free = shutil.disk_usage(self._home).free >> 20
        return f"{free} MiB are free where it writes, {self._home}."

    def _open_ssh(self) -> Connection:
        """Have the keeper start an sshd in the guest at one end of a socket pair; use the other."""
        own_end, sshd_end = socket.socketpair()
        self._ssh_socket = own_end.dup()  # paramiko closes the other one
        with sshd_end:
            self._keeper.command("connect", sshd_end)
        return Connection(
            host=self.name,
            user="root",
            config=fabric_config(),
            connect_timeout=20,
            connect_kwargs={
                "sock": own_end,
                "key_filename": str(guest_key()),
                "allow_agent": False,
                "look_for_keys": False,
            },
        )

    def _close_connection(self) -> None:
        super().disconnect()
        ssh_socket, self._ssh_socket = self._ssh_socket, None
        if ssh_socket is not None:
            with contextlib.suppress(OSError):  # sshd has ended already
                ssh_socket.shutdown(socket.SHUT_RDWR)  # wakes paramiko, which waits for input
            ssh_socket.close()

    def disconnect(self) -> None:
        self._close_connection()
        if not self._keeper.has_ended():
            self._keeper.command("disconnect")

    def reboot(self, init: str | None = None) -> None:
        self._init = init or "/sbin/init"
        self._check_init(self._init)
        self.halt()
        write_config(self._home, self._layers, self._init)
        begin_console(self._home, self._init)
        disk = self._disk_limit
        answer = self._keeper.command(f"boot {disk.size} {disk.files}")
        if not answer.startswith("pid "):
            raise Problem(
                f"Guest {self.name} did not start with {self._init} as PID 1.",
                known=quote_logs(self._home),
                advice=explain_failed_start(),
            )
        self._pid = int(answer.split()[1])
        self._limits = apply_limits(self.name, self._limit_class)
        self._limits |= {"disk": disk.size, "files": disk.files}
        if not self._is_measured:
            self._limits |= limit_cpu(self.name)

    def _check_init(self, init: str) -> None:
        """Refuse a PID 1 that would hang here. Raises Problem."""
        is_own = init == "/sbin/init" and self.system.init == "systemd"
        missing = why_no_systemd() if is_own or Path(init.split()[0]).name == "systemd" else None
        if missing:
            raise Problem(
                f"systemd cannot be PID 1 of guest {self.name}.",
                known=missing.why,
                advice=missing.advice,
            )

    def halt(self) -> None:
        """Stop every process of the guest; its files stay. Raises Problem."""
        self.disconnect()
        if self._keeper.command("halt") != "halted":
            raise Problem(
                f"Guest {self.name} does not stop.",
                known=quote_logs(self._home),
                advice="Run ./inv destroy to remove it.",
            )

    def has_ended(self) -> bool:
        why = self.why_ended()
        if why:
            raise Problem(why)
        return self._keeper.command("state") == "ended"

    def why_ended(self) -> str:
        if self._keeper.has_ended():
            return ""
        why = self._keeper.command("state").removeprefix("ended").strip()
        return f"Guest {self.name} was ended: {why}." if why not in ("", "running") else ""

    def signal_pid1(self, number: int) -> None:
        try:
            descriptor = os.pidfd_open(self._pid)
        except ProcessLookupError:
            return
        try:
            # With the descriptor open, the number cannot become another process's.
            if not self.pid1_is_gone():
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)

    def pid1_is_gone(self) -> bool:
        return self._pid not in guest_processes(self.name)

    def pid1_status(self) -> int:
        if not self.pid1_is_gone():
            raise Problem(f"PID 1 of guest {self.name} runs: it has told no exit status yet.")
        self.wait_for_end(time.monotonic() + _SECONDS_TO_LOG)
        return read_exit_status(self._home)

    @contextmanager
    def measured(self) -> Iterator[None]:
        self._is_measured = True
        lift_cpu_limit(self.name)
        try:
            yield
        finally:
            self._is_measured = False
            limit_cpu(self.name)

    @contextmanager
    def network(self) -> Iterator[None]:
        if self._keeper.command("online") != "online":
            missing = TUN.check()
            raise Problem(
                f"Guest {self.name} has got no network.",
                known=(self._home / "network.log").read_text()[-2000:],
                advice=f"{missing.why}\n{missing.advice}" if missing else "",
            )
        try:
            yield
        finally:
            self._keeper.command("offline")

    def facts(self) -> GuestFacts:
        return {
            "provider": NAME,
            "acceleration": "none needed: the host's kernel",
            "kernel": platform.release(),
            "cgroup": cgroups.version(),
            "limit_class": self._limit_class.name,
            "limits": self._limits,
        }

    def memory_group(self, pid: int) -> MemoryGroup | None:
        for host_pid in self._host_pids():
            if pid_inside(host_pid) == pid:
                return find_memory_group(host_pid)
        return None

    @contextmanager
    def count_syscalls(self, pids: Iterable[int]) -> Iterator[SyscallCount]:
        counted = set(pids)
        host_pids = (pid for pid in self._host_pids() if pid_inside(pid) in counted)
        with syscalls.count_syscalls(host_pids) as count:
            yield count

    def _host_pids(self) -> Iterator[int]:
        """The host's pids of the processes in its PID 1's namespace; none once PID 1 has ended.

        Its number may be another process's by then, whose namespace is not the guest's.
        """
        own = guest_processes(self.name)
        if self._pid in own:
            yield from (pid for pid in pids_in_namespace_of(self._pid) if pid in own)

    def console(self) -> str:
        return read_console(self._home)

    def quote_console(self) -> str:
        # LXC takes a moment for the end of a guest whose PID 1 has ended, and so does the kernel.
        has_ended = is_ending(self._pid) or self.ended_by_itself()
        end = self._end() if has_ended else ""
        return "\n".join(filter(None, (end, quote_console(self._home))))

    def _end(self) -> str:
        return f"Guest {self.name} has ended: its PID 1 has, {self._init}."

    def keep(self) -> str:
        self._keeper.command("keep")
        command = command_from_host(self._keeper.pid, self.name, "--keep-var=TERM")
        return " ".join([*command, "/bin/bash", "-l"])

    def shell(self) -> int:
        return subprocess.run(self._enter("/bin/bash", "-l"), check=False).returncode

    def _enter(self, *command: str) -> list[str]:
        """The command on the host that runs a command in the guest, as enter.py does."""
        program = [sys.executable, "-I", "-S", "-B", enter.__file__]
        return [*program, str(self._keeper.pid), self.name, *command]

    def destroy(self) -> None:
        self._close_connection()
        self._keeper.release()
        # A keeper that was killed removed nothing.
        if self._home.exists():
            remove_guest(self.name)
