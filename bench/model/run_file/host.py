"""Facts about the machine that measures."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from bench.model.run_file.contender import FloorAlone

_AtLeastOne = Annotated[int, Meta(ge=1)]


class HostFacts(TypedDict):
    """One host."""

    name: NotRequired[str]
    """Network name."""
    machine_id: NotRequired[str | None]
    """Digest that tells apart machines of the same name; null where the host has no id."""
    processor: str
    """Model of the processor."""
    cores: _AtLeastOne
    """Logical processors."""
    memory_mib: _AtLeastOne
    """Memory in MiB."""
    kernel: str
    """Kernel release."""
    machine: str
    """Processor architecture."""
    system: str
    """Name of the operating system."""
    load: NotRequired[list[float]]
    """Load averages of 1, 5 and 15 minutes at the run's start."""
    governors: NotRequired[list[str]]
    """Frequency governors in use."""
    group_move_ms: NotRequired[float | None]
    """Milliseconds in which the kernel moves a process to another control group after a pause, the
    median of five moves before the first guest; null where no group can be made."""
    python: NotRequired[str]
    """Version of Python."""
    libraries: dict[str, str]
    """Versions of libraries."""
    alone: NotRequired[FloorAlone | None]
    """Of a merged run: the floor's latency with no other guest on this host."""
