"""A guest in a virtual machine, reached by SSH as root."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from fabric import Config, Connection
from jinja2 import Environment, StrictUndefined
from paramiko import SSHConfig, SSHException

from provision.bootstrap.keys import guest_key
from provision.errors import Problem
from provision.guests.connections import fabric_config
from provision.guests.console import boot_line
from provision.guests.disabled_services import AWAIT_SYSTEMD, DISABLE_SERVICES
from provision.guests.facts import GuestFacts
from provision.guests.files import File
from provision.guests.guest import Guest
from provision.guests.suite_files import suite_files
from provision.sources.packages import Apt, PackageSource, Pacman
from provision.vagrant.machines.machine import Machine, NetworkConfig
from provision.vagrant.ssh import NoAnswer, open_connection, shell_command, ssh_arguments

_INIT_ONCE = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(
    (Path(__file__).parent / "init_once.sh.j2").read_text()
)
_CONNECT_ATTEMPTS = 3
# Seconds in which the guest's sshd ends a closed session, also in an emulated machine.
_SESSION_END = 2.0
_DPKG_QUERY = (
    "dpkg-query -W {packages} >/dev/null"
    " && ! dpkg-query -W -f '${{Status}}\\n' {packages} | grep -qv ' installed$'"
)
# By distribution: a command that succeeds where all these packages are installed.
_ARE_INSTALLED = {"debian": _DPKG_QUERY, "arch": "pacman -Q {packages}", "ubuntu": _DPKG_QUERY}
_INSTALLERS: dict[str, Callable[[tuple[str, ...]], PackageSource]] = {
    "debian": Apt,
    "arch": Pacman,
    "ubuntu": Apt,
}
# A systemd that is still starting empties /tmp, even while apt uses it.
_WAIT_FOR_SYSTEMD = f"""
[ "$(cat /proc/1/comm)" = systemd ] || exit 0
{AWAIT_SYSTEMD}
"""
# The kernel reboots, because some inits cannot. It waits until our session has ended (state 01,
# established, at port 22): the client would otherwise wait for a machine that is gone.
_REBOOT = """
for half in $(seq 60); do
    grep -qs ':0016 [0-9A-F:]* 01 ' /proc/net/tcp /proc/net/tcp6 || break
    sleep 0.5
done
echo u >/proc/sysrq-trigger
sleep 1
echo b >/proc/sysrq-trigger
"""
_SHOW_NETWORK = r"""
set -- $(ip -4 route show default | sed -n '1s/.*via \([^ ]*\) dev \([^ ]*\).*/\1 \2/p')
echo gateway $1
echo device $2
echo mac $(cat /sys/class/net/$2/address)
echo address $(ip -4 -o addr show dev $2 | sed -n '1s/.*inet \([^ ]*\).*/\1/p')
echo driver $(basename $(readlink /sys/class/net/$2/device/driver))
"""


class VagrantGuest(Guest):
    """A guest in a virtual machine, which goes back to its provider when the guest is destroyed."""

    def __init__(self, name: str, machine: Machine, release: Callable[[Machine], None]) -> None:
        super().__init__(name, machine.system)
        self.machine = machine
        self._release = release
        self._kept = False

    def connect(self) -> Connection:
        for _ in range(_CONNECT_ATTEMPTS - 1):
            with contextlib.suppress(NoAnswer):
                return open_connection(self._root_connection(), self.name)
        return open_connection(self._root_connection(), self.name)

    def _root_connection(self) -> Connection:
        text = (self.machine.home / "ssh_config").read_text()
        address = SSHConfig.from_text(text).lookup(self.system.name)
        return Connection(
            host=address["hostname"],
            port=int(address["port"]),
            user="root",
            config=fabric_config(),
            connect_timeout=10,
            connect_kwargs={**ssh_arguments(self.system), "key_filename": str(guest_key())},
        )

    def set_up(self) -> None:
        """Make a guest of a machine that has just booted from its box. Raises Problem."""
        self._authorize_key()
        self.machine.network = self._detect_network()
        self.install_base()
        self._take_offline()

    def _authorize_key(self) -> None:
        """Let root log in with our key, by the box's own user and sudo. Raises Problem."""
        text = self.machine.login()
        (self.machine.home / "ssh_config").write_text(text)
        connection = Connection(
            self.system.name,
            config=Config(lazy=True, ssh_config=SSHConfig.from_text(text)),
            connect_timeout=60,
            connect_kwargs={**ssh_arguments(self.system), "banner_timeout": 60},
        )
        key = shlex.quote(guest_key().with_suffix(".pub").read_text().strip())
        script = f"umask 077; mkdir -p /root/.ssh; echo {key} >>/root/.ssh/authorized_keys"
        with open_connection(connection, self.name) as box_user:
            result = box_user.run(
                f"sudo -n sh -c {shlex.quote(script)}", hide=True, in_stream=False, warn=True
            )
        if result.failed:
            raise Problem(
                f"On guest {self.name}, {connection.user} may not become root.",
                known=result.stderr,
                advice="A box must let its user run sudo without a password.",
            )

    def _detect_network(self) -> NetworkConfig:
        output = self.run(_SHOW_NETWORK).stdout
        values = dict(line.split(" ", 1) for line in output.splitlines() if " " in line)
        try:
            return NetworkConfig(**values)
        except TypeError:
            raise Problem(
                f"On guest {self.name}, the network is not set up as expected.",
                known=output,
                advice="A box needs one network card, an IPv4 address and a default route.",
            ) from None

    def install_base(self) -> None:
        """Give the box the packages and files of an embedded guest, and no further services."""
        self.run(_WAIT_FOR_SYSTEMD, check=False, timeout=self.machine.boot_timeout)
        packages = " ".join(self.system.packages)
        installed = self.run(
            _ARE_INSTALLED[self.system.distribution].format(packages=packages), check=False
        )
        if installed.code:
            _INSTALLERS[self.system.distribution](self.system.packages).install(self)
        self.write(suite_files())
        inits = self.run("readlink -f /proc/1/exe; readlink -f /sbin/init").stdout.split()
        # The guest mounts its root and nothing else, and so waits for no device. The udevd of the
        # initial RAM disk was seen to outlive it.
        self.run(f": >/etc/fstab; pkill -KILL udevd; {DISABLE_SERVICES[self.system.init]}")
        if len(set(inits)) > 1 or self.system.init != "sysvinit":
            self.reboot()

    def write(self, files: Iterable[File]) -> None:
        super().write(files)
        # The SFTP server would go on as a process of the guest, and a measurement would see it.
        self.connection.sftp().close()
        self.connection._sftp = None

    def save_snapshot(self, name: str) -> None:
        """Save the machine's state, with no session of ours in it."""
        self.run("sync")
        self.disconnect()
        time.sleep(_SESSION_END)
        self.machine.save(name)

    def reconnect_after_restore(self) -> None:
        """Connect anew and set the clock, which the snapshot has set back. Raises Problem."""
        self.disconnect()
        self._wait_until(lambda: self._boot_id() is not None, "answer after its snapshot's restore")
        self.run(f"date -u -s @{int(time.time())}")

    def reboot(self, init: str | None = None) -> None:
        boot_id = self._boot_id()
        command = init or "/sbin/init"
        self._install_init_once(command)
        self.run(f"sync; setsid sh -c {shlex.quote(_REBOOT)} </dev/null >/dev/null 2>&1 &")
        self.disconnect()
        time.sleep(_SESSION_END)
        self._wait_until(lambda: self._has_rebooted(boot_id), f"come up with {command} as PID 1")
        if self.run("test -e /run/init-once", check=False).code:
            raise Problem(
                f"On guest {self.name}, {command} did not stay PID 1: it ended, the kernel panicked"
                " and the machine came back with its own init.",
                advice=f"./inv ssh --name={self.machine.name} opens a shell in it, if it is kept.",
            )
        self._take_offline()

    def _install_init_once(self, command: str) -> None:
        """Have the next boot run that command as PID 1. Raises Problem where it does not exist."""
        program = shlex.quote(shlex.split(command)[0])
        if self.run(f"command -v {program}", check=False).code != 0:
            raise Problem(f"On guest {self.name} there is no {program} to boot.")
        init = self.run("readlink -f /sbin/init").stdout.strip()
        text = _INIT_ONCE.render(
            system_init=init,
            command=command,
            boot_line=shlex.quote(boot_line(command)),
            **asdict(self._network_config()),
        )
        # Moved, not overwritten: the running PID 1 keeps its file, and telinit finds its program.
        self.write([File(f"{init}.once", text, 0o755)])
        self.run(f"[ -e {init}.system ] || mv {init} {init}.system; mv {init}.once {init}")

    @contextmanager
    def network(self) -> Iterator[None]:
        network = self._network_config()
        self.run(f"ip route replace default via {network.gateway} dev {network.device}")
        try:
            yield
        finally:
            self._take_offline()

    def _network_config(self) -> NetworkConfig:
        assert self.machine.network is not None
        return self.machine.network

    def _take_offline(self) -> None:
        for family in ("-4", "-6"):
            self.run(f"while ip {family} route del default 2>/dev/null; do :; done")

    def facts(self) -> GuestFacts:
        query = "uname -r; stat -f -c %T /sys/fs/cgroup 2>/dev/null || echo none"
        kernel, cgroup_fs = self.run(query).stdout.split()
        emulated = "none: emulated by QEMU, so its latencies compare with no other machine's"
        return {
            "provider": self.machine.hypervisor,
            "acceleration": emulated if self.machine.emulated else "hardware",
            "kernel": kernel,
            "cgroup": "v2" if cgroup_fs == "cgroup2fs" else "v1",
        }

    def console(self) -> str:
        return self.machine.console.read()

    def quote_console(self) -> str:
        return self.machine.console.quote()

    def keep(self) -> str:
        self.machine.keep()
        self._kept = True
        return shlex.join(shell_command(self.machine.home))

    def shell(self) -> int:
        return subprocess.run(shell_command(self.machine.home), check=False).returncode

    def destroy(self) -> None:
        self.disconnect()
        if not self._kept:
            self._release(self.machine)

    def _boot_id(self) -> str | None:
        """Return the kernel's id of this boot; None where the guest does not answer."""
        try:
            return self.run("cat /proc/sys/kernel/random/boot_id", timeout=30).stdout.strip()
        except (Problem, SSHException, OSError, EOFError):
            self.disconnect()
            return None

    def _has_rebooted(self, boot_id: str | None) -> bool:
        current = self._boot_id()
        if current == boot_id:  # the reboot waits for the end of this session, too
            self.disconnect()
        return current not in (None, boot_id)

    def _wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for the condition. Raises Problem after the machine's boot timeout."""
        deadline = time.monotonic() + self.machine.boot_timeout
        while not condition():
            if time.monotonic() > deadline:
                raise Problem(
                    f"Guest {self.name} did not {what} within {self.machine.boot_timeout:g} s.",
                    known="Its machine is reset to a snapshot before its next use.",
                    advice=f"Vagrant's output is in {self.machine.home / 'log'}.",
                )
            time.sleep(0.5)
