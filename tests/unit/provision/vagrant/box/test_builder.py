"""What is refused before a box is built."""

from __future__ import annotations

import pytest

from provision.errors import Problem
from provision.systems import SYSTEMS
from provision.vagrant.box.builder import build_boxes


def test_only_debians_box_is_built_from_packages() -> None:
    with pytest.raises(Problem) as caught:
        build_boxes(SYSTEMS["arch"])
    assert caught.value.usage
