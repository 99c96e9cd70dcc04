"""Errors of the operating system that a person can mend: what failed, and what to do."""

from __future__ import annotations

import errno

from provision.errors import Problem

_SPACE = "Free some space, then run the same command again."
_RIGHTS = "Run the same command with sudo."
_DISK = "Check that disk (dmesg shows its errors), then run the same command again."
_MOUNT = "Mount its file system again, then run the same command again."
_REMEDIES = {
    errno.ENOSPC: ("written", _SPACE),
    errno.EDQUOT: ("written", _SPACE),
    errno.EFBIG: ("written", "Raise the limit on the size of files: ulimit -f unlimited"),
    errno.EACCES: ("used", _RIGHTS),
    errno.EPERM: ("used", _RIGHTS),
    errno.EROFS: (
        "written",
        "Mount its file system for writing, or name another folder: --output=DIR for runs,"
        " XDG_CACHE_HOME for the cache.",
    ),
    **dict.fromkeys((errno.EIO, errno.EUCLEAN, errno.ENXIO, errno.ENODEV), ("used", _DISK)),
    **dict.fromkeys((errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT), ("used", _MOUNT)),
    errno.ELOOP: ("used", "Remove the link that leads back to itself."),
    errno.EISDIR: ("read", "It is a folder: name a file, or move the folder away."),
    errno.ENOTDIR: ("used", "A part of that path is a file: name a folder, or move the file away."),
    errno.ENAMETOOLONG: ("used", "Give a shorter name."),
    errno.EMFILE: ("opened", "Raise the limit on open files: ulimit -n 4096"),
    errno.ENFILE: ("opened", "This host has no more open files to give: end other programs."),
}
_OTHER = ("used", "Mend that, then run the same command again.")


def can_be_mended(failure: OSError) -> bool:
    """Tell whether a person can mend it; otherwise it may be a fault of the suite's own."""
    return failure.errno in _REMEDIES


def describe_os_error(failure: OSError, path: object = None) -> str:
    """Say in one sentence what cannot be done with that file, or with the error's own."""
    what = path or failure.filename or "A file"
    return f"{what} cannot be {_remedy(failure)[0]}: {failure.strerror or failure}."


def os_error_advice(failure: OSError) -> str:
    """Say what a person can do about it."""
    return _remedy(failure)[1]


def describe_failure(failure: Exception) -> str:
    """Say what failed and, where a person can mend it, what to do about it."""
    if isinstance(failure, Problem):
        return str(failure)
    if isinstance(failure, OSError) and can_be_mended(failure):
        return f"{describe_os_error(failure)}\n{os_error_advice(failure)}"
    return f"{type(failure).__name__}: {failure}"


def _remedy(failure: OSError) -> tuple[str, str]:
    return _REMEDIES.get(failure.errno or 0, _OTHER)
