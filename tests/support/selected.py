"""The cases of a parametrized test that pytest selected, for fixtures that run them together."""

from __future__ import annotations

from collections.abc import Callable

import pytest


def selected_names(request: pytest.FixtureRequest, test: Callable[..., object]) -> list[str]:
    """Return the parameter `name` of each selected case of that test."""
    return [
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test
    ]
