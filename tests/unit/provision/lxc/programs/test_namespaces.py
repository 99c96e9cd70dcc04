"""What the kernel says of mounts."""

from __future__ import annotations

from pathlib import Path

from provision.lxc.programs.namespaces import cpuset_mounts

HYBRID = r"""
31 23 0:28 / /sys/fs/cgroup rw,relatime shared:4 - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime shared:6 - cgroup cgroup rw,cpuset
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:7 - cgroup2 cgroup2 rw,nsdelegate
90 23 8:1 /cpuset /mnt/a\040cpuset rw - ext4 /dev/sda1 rw,cpuset
91 23 0:31 / /mnt/a\040copy rw master:6 - cgroup none rw,cpuset,clone_children
""".strip()


def test_cpuset_of_cgroup_v1_is_found_wherever_it_is_mounted() -> None:
    assert cpuset_mounts(HYBRID) == [Path("/sys/fs/cgroup/cpuset"), Path("/mnt/a copy")]


def test_cgroup_v2_has_no_such_mount() -> None:
    assert cpuset_mounts("31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw") == []
