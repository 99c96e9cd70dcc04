"""Which provider a system gets."""

from __future__ import annotations

import pytest

from provision.errors import Problem
from provision.registry import choose_provider
from provision.systems import Mirror, get_system


def test_a_mirror_is_refused_for_virtual_machines() -> None:
    with pytest.raises(Problem, match="do nothing for virtual machines"):
        choose_provider("libvirt", get_system("arch", Mirror(url="http://mirror.invalid/path")))


@pytest.mark.parametrize(("box", "url"), [("", "http://mirror.invalid/path"), ("owner/name", "")])
def test_an_unknown_provider_is_told_first(box: str, url: str) -> None:
    with pytest.raises(Problem, match=r"no provider named 'lcx'[^$]*'lxc'"):
        choose_provider("lcx", get_system("arch", Mirror(url=url)), box)
