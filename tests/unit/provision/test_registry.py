"""Which provider a system gets."""

from __future__ import annotations

import pytest

from provision.errors import Problem
from provision.registry import choose
from provision.systems import Mirror, named


def test_a_mirror_is_refused_for_virtual_machines() -> None:
    with pytest.raises(Problem, match="do nothing for virtual machines"):
        choose("libvirt", named("arch", Mirror(url="http://mirror.invalid/path")))
