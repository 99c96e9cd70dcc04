"""Figures in the unit that suits their size."""

from __future__ import annotations

import pytest

from reports.model.quantities import format_quantity, format_span


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.7034, "ms", "0.703 ms"),
        (2.7, "ms", "2.70 ms"),
        (0.000847, "ms", "0.847 us"),
        (0.012, "ms", "0.0120 ms"),
        (999.4, "ms", "999 ms"),
        (999.6, "ms", "1.00 s"),
        (43_064, "ms", "43.1 s"),
        (99_990, "ms", "1.7 min"),
        (119_901, "ms", "2 min"),
        (384, "s", "6.4 min"),
        (36_000_000, "ms", "600 min"),
        (700, "us", "0.700 ms"),
        (500, "kB", "500 kB"),
        (1024, "kB", "1.00 MiB"),
        (425_832, "kB", "416 MiB"),
        (2_000_000, "kB", "1.91 GiB"),
        (0, "ms", "0 ms"),
        (1.008, "/s", "1.01 /s"),
        (None, "ms", ""),
    ],
)
def test_a_figure_has_the_unit_of_its_size(value: float | None, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


def test_both_ends_of_an_interval_have_the_unit_of_the_upper_one() -> None:
    assert format_span(2.65, 2.75, "ms") == "2.65 to 2.75 ms"
    assert format_span(990, 1010, "ms") == "0.990 to 1.01 s"
    assert format_span(58_000, 119_901, "ms") == "0.97 to 2 min"
    assert format_span(None, 5, "ms") == ""
