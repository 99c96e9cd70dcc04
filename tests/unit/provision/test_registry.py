"""Which provider a system gets."""

from __future__ import annotations

import pytest

from provision.errors import Problem
from provision.registry import choose_provider
from provision.systems import Mirror, get_system


def test_a_mirror_is_refused_for_virtual_machines() -> None:
    with pytest.raises(Problem, match="do nothing for virtual machines"):
        choose_provider("libvirt", get_system("arch", Mirror(url="http://mirror.invalid/path")))
