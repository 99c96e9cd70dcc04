"""A person's own configuration files, laid over the templates of a contender."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from provision.errors import Problem
from provision.errors.text import escape_surrogates

# A configuration is text that a person wrote; what is larger was named by mistake.
_MOST_FILES, _MOST_BYTES = 1000, 1 << 20


@dataclass(frozen=True)
class OwnFiles:
    """Templates by their path below the guest's root, as they were when they were read.

    SERVICE in a path stands for each service's name, as in a supervisor's own files/.
    """

    folder: Path
    templates: tuple[tuple[str, str], ...]

    @classmethod
    def load(cls, folder: Path) -> OwnFiles:
        """Read the files of a folder. Raises Problem."""
        if not folder.is_dir():
            what = "is no folder" if folder.exists() else "does not exist"
            raise _refusal(folder, f"it {what}")
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        if not paths:
            raise _refusal(folder, "it holds no file")
        if len(paths) > _MOST_FILES:
            raise _refusal(folder, f"it holds {len(paths)} files, more than {_MOST_FILES}")
        for name in (str(folder.resolve()), *(str(path.relative_to(folder)) for path in paths)):
            if shown := escape_surrogates(name):
                raise _refusal(folder, f"the name {shown} is not UTF-8")
        return cls(
            folder.resolve(),
            tuple((str(path.relative_to(folder)), _read(folder, path)) for path in paths),
        )

    @property
    def digest(self) -> str:
        """Of every path and content."""
        content = hashlib.sha256()
        for path, text in self.templates:
            content.update(f"{path}\0{text}\0".encode())
        return content.hexdigest()


def _read(folder: Path, path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode()
    except UnicodeDecodeError as failure:
        raise _refusal(folder, f"{path.relative_to(folder)} is no text in UTF-8") from failure
    except OSError as failure:
        reason = f"{path.relative_to(folder)} cannot be read: {failure.strerror}"
        raise _refusal(folder, reason) from failure
    if len(data) > _MOST_BYTES:
        raise _refusal(folder, f"{path.relative_to(folder)} is larger than 1 MiB")
    return text


def _refusal(folder: Path, reason: str) -> Problem:
    return Problem(
        f"--config cannot take {folder}: {reason}.",
        advice="Name a folder that holds configuration files at their paths in the guest, such as"
        " etc/sv/SERVICE/run; ./inv usage NAME shows those of the suite.",
        usage=True,
    )
