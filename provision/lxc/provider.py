"""The embedded provider: plain LXC in user namespaces, on cached images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provision.bootstrap.distributions import DISTRIBUTIONS
from provision.counters import inotify
from provision.guests.files import File
from provision.guests.limit_class import USUAL, LimitClass
from provision.host.memory import host_memory
from provision.host.tools import missing_tools
from provision.lxc import NAME
from provision.lxc.existing_guests import list_guests, remove_guest
from provision.lxc.host_check import cgroups
from provision.lxc.host_check.abilities import why_no_guest
from provision.lxc.host_check.ability_checks import why_no_systemd
from provision.lxc.limits import describe_limits
from provision.lxc.trees.image import ensure_image
from provision.lxc.trees.stale_cache import remove_stale_entries
from provision.lxc.trees.userns import SHIFT
from provision.provider import (
    GuestRecord,
    Installation,
    Notify,
    Provider,
    Unavailable,
    ignore_message,
)
from provision.systems import System

if TYPE_CHECKING:
    from provision.lxc.guest import LxcGuest

# Guests that run at once. Each was seen to take 20 MiB, its measuring program and keeper included.
_MOST_GUESTS, _MIB_OF_A_GUEST = 320, 32
# inotify instances that a guest with that PID 1 was seen to use; with another one it uses none.
_INOTIFY_INSTANCES = {"systemd": 6, "upstart": 2, "finit": 2}


class Lxc(Provider):
    """Guests on this very kernel: a start takes milliseconds, and needs root."""

    name = NAME
    shares_kernel = True

    def __init__(self) -> None:
        self.max_guests = max(1, min(_MOST_GUESTS, host_memory() // (_MIB_OF_A_GUEST << 20)))

    def shared_objects(self) -> int:
        """How many inotify instances are free: for all guests the kernel counts root's."""
        return max(1, inotify.instances_limit() - inotify.instances_open(SHIFT))

    def shared_objects_under(self, init: str) -> int:
        return _INOTIFY_INSTANCES.get(init, 0)

    def describe_limits(self) -> list[str]:
        return describe_limits()

    def kernel_facts(self) -> dict[str, float | None]:
        return {"group_move_ms": cgroups.move_ms()}

    def why_unavailable(self, system: System) -> Unavailable | None:
        missing = why_no_guest()
        if missing:
            return missing
        tools = missing_tools(f"image-{system.distribution}")
        if tools:
            return Unavailable(
                f"Not installed: {', '.join(tools)}.",
                f"apt-get install --no-install-recommends {' '.join(tools.values())}",
            )
        if system.init == "systemd" and (missing := why_no_systemd()):
            return Unavailable(
                f"systemd cannot be PID 1 of a guest here. {missing.why}", missing.advice
            )
        return DISTRIBUTIONS[system.distribution].why_unavailable(system)

    def prepare(self, system: System, notify: Notify = ignore_message) -> None:
        remove_stale_entries()
        ensure_image(system, notify)

    def up(
        self,
        name: str,
        system: System,
        installation: Installation | None = None,
        files: Sequence[File] = (),
        limit_class: LimitClass = USUAL,
    ) -> LxcGuest:
        # Slow to import, and most commands boot no guest.
        from provision.lxc.guest import start_guest
        from provision.lxc.trees.layers import bytecode_layer, file_layer, installation_layer

        layers = []
        if files:
            lower = file_layer(files)
            layers = [lower, bytecode_layer(system, files, lower)]
        if installation:
            layers.append(installation_layer(system, installation))
            installation.check_wanted()
        return start_guest(name, system, layers, limit_class)

    def guests(self) -> list[GuestRecord]:
        return list_guests()

    def remove(self, name: str) -> None:
        remove_guest(name)
