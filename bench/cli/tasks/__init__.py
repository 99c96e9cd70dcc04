"""Tasks that tasks.py takes over, by topic: those that measure and render no run."""

from __future__ import annotations

# A repeatable option: invoke makes a list of it only where the default is None.
Repeated = list[str] | None
