"""Log folders as multilog, svlogd, s6-log and tinylog keep them."""

from __future__ import annotations

from supervisors.service import Service


def print_log_folder(service: Service) -> str:
    """Return the command that prints a service's log: the current file and the archives."""
    return f"find /var/log/{service.name} -name current -o -name '@*' | xargs cat"
