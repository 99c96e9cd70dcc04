"""A console that shows what a guest or a file said, and lets none of it steer the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from provision.errors.text import replace_controls


class SafeConsole(Console):
    """A console that replaces control characters in every text, except those of its own styles."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of anything that is printed or shown live."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(replace_controls(segment.text), segment.style)
