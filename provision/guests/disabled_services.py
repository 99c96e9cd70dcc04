"""What keeps a guest's own init from starting more than the supervisor under test."""

from __future__ import annotations

# Units that a preset does not disable, because other units of the package want them.
_MASKED_UNITS = (
    # No user logs in: seats, sessions and terminals have no use.
    "systemd-logind.service",
    "getty.target",
    "console-getty.service",
    # It would run 15 minutes after boot, during the trials.
    "systemd-tmpfiles-clean.timer",
    # A user namespace may not mount these, and a failed unit degrades the system.
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    # A guest loads no modules, and the unit fails where its package left libkmod out (Debian 13).
    "systemd-modules-load.service",
    # The kernel gives its audit messages to one system only; the unit fails in Debian 11.
    "systemd-journald-audit.socket",
    # The devices of a virtual machine never change.
    "systemd-udevd.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service",
)

# By System.init: shell commands that work in a running guest and in an image.
DISABLE_SERVICES = {
    # The image's /etc/inittab starts nothing.
    "sysvinit": "true",
    # Packages enable units in spite of the image's preset, which is "disable *".
    "systemd": "systemctl preset-all && systemctl set-default multi-user.target"
    f" && systemctl mask {' '.join(_MASKED_UNITS)}",
    # init(5): a `manual` job starts only by a command.
    "upstart": "for job in /etc/init/*.conf; do echo manual >${job%.conf}.override; done",
}

# A shell command: waits until systemd has started its own units; fails where one of them failed.
AWAIT_SYSTEMD = (
    "until [ -S /run/systemd/private ]; do sleep 0.05; done; systemctl is-system-running --wait"
)
