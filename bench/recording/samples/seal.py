"""The seal of a run's samples: digest and counts that run.json keeps of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

import msgspec

from bench.model.run_file import SamplesSeal


class _Owner(msgspec.Struct):
    contender: str


_decode_owner = msgspec.json.Decoder(_Owner).decode


class Seal:
    """Digest and counts of the samples up to now; it grows with them."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._lines = 0
        self._bytes = 0
        self._by_contender: Counter[str] = Counter()

    @classmethod
    def of_lines(cls, lines: Iterable[bytes]) -> Seal:
        """Return the seal of these lines."""
        seal = cls()
        seal.add(lines)
        return seal

    def add(self, lines: Iterable[bytes]) -> None:
        """Add lines, each with its end; a line that is no sample counts for no contender."""
        for line in lines:
            self._digest.update(line)
            self._lines += 1
            self._bytes += len(line)
            self._by_contender[_owner(line)] += 1

    @property
    def bytes(self) -> int:
        """The length of all sealed lines."""
        return self._bytes

    def facts(self) -> SamplesSeal:
        """Return what run.json keeps."""
        return {
            "sha256": self._digest.hexdigest(),
            "lines": self._lines,
            "bytes": self._bytes,
            "by_contender": dict(sorted(self._by_contender.items())),
        }


def _owner(line: bytes) -> str:
    try:
        return _decode_owner(line).contender
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""
