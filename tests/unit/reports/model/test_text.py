"""Text from a run is made safe to show."""

from __future__ import annotations

from reports.model.text import MAX_LENGTH, sanitize


def test_every_string_is_sanitized_at_any_depth() -> None:
    raw = {"a\x07": ["b\x1b", {"c": "x" * (MAX_LENGTH + 1)}], "n": 1, "lines": "1\n\t2"}
    cut = "x" * (MAX_LENGTH - 1) + "…"
    assert sanitize(raw) == {"a␇": ["b␛", {"c": cut}], "n": 1, "lines": "1\n\t2"}
