"""The table of pinned boxes."""

from __future__ import annotations

import json

from provision.systems import SYSTEMS
from provision.vagrant.box.table import BOX_TABLE, pinned_box
from provision.vagrant.environment import ROOT


def test_the_table_has_every_system() -> None:
    assert set(json.loads((ROOT / BOX_TABLE).read_text())) == set(SYSTEMS)


def test_every_row_says_where_its_boxes_come_from() -> None:
    assert all(row["from"] for row in json.loads((ROOT / BOX_TABLE).read_text()).values())


def test_every_pinned_box_has_owner_name_and_version() -> None:
    boxes = [
        pinned_box(system, hypervisor)
        for system in SYSTEMS.values()
        for hypervisor in ("libvirt", "virtualbox")
    ]
    assert any(boxes)
    for box in filter(None, boxes):
        owner, _, name = box.name.partition("/")
        assert owner
        assert name
        assert box.version
