"""Only the supervisor under test runs: what keeps a guest's own init from starting more."""

from __future__ import annotations

# What no preset reaches: units which other units of the package want for themselves.
_STATIC = (
    # No user logs in, so nobody needs seats, sessions and terminals.
    "systemd-logind.service",
    "getty.target",
    "console-getty.service",
    # It would wake up 15 minutes after boot, amid the trials.
    "systemd-tmpfiles-clean.timer",
    # Nobody may mount these in a user namespace, and a failed unit degrades the system.
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    # A virtual machine has devices, and nobody who would plug another one in.
    "systemd-udevd.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service",
)

# By family of inits: shell commands for its guest, whether it runs yet or not.
DISABLE_SERVICES = {
    # Its /etc/inittab, which the image brings, starts nothing.
    "sysvinit": "true",
    # Packages enable units whatever the image's preset says, which is "disable *".
    "systemd": "systemctl preset-all && systemctl set-default multi-user.target"
    f" && systemctl mask {' '.join(_STATIC)}",
    # init(5): a job that is `manual` waits to be asked for.
    "upstart": "for job in /etc/init/*.conf; do echo manual >${job%.conf}.override; done",
}

# Ends when systemd has started all that it starts by itself; fails where any of that failed.
AWAIT_SYSTEMD = (
    "until [ -S /run/systemd/private ]; do sleep 0.05; done; systemctl is-system-running --wait"
)
