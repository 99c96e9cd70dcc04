"""The configuration by which LXC starts a guest."""

from __future__ import annotations

import platform
import resource
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from provision.cache import cache_folder
from provision.lxc.limits import open_files_limit
from provision.lxc.programs import keeper, traces
from provision.lxc.trees.userns import RANGE, SHIFT

_TEMPLATE = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(
    (Path(__file__).parent / "lxc.conf.j2").read_text()
)
_LXC_SECCOMP = Path("/usr/share/lxc/config/common.seccomp")
# The key rings of all guests count as one user's, so systemd's use of them fails now and then.
_NO_KEY_RINGS = "keyctl errno 38\nadd_key errno 38\nrequest_key errno 38\n"


def write_config(home: Path, layers: list[Path], init: str) -> None:
    """Write the configuration of the guest in that folder.

    layers: the trees of its root, the uppermost first. init: the command line of its PID 1.
    """
    rootfs = ":".join(_path_in_keeper(path) for path in (*layers, home / "upper"))
    text = _TEMPLATE.render(
        name=home.name,
        arch=platform.machine(),
        init=init,
        files=_open_files(),
        core=_soft_limit(resource.RLIMIT_CORE, 0),
        stack=_soft_limit(resource.RLIMIT_STACK, 8 << 20),
        oom_score=keeper.OOM_SCORE,
        terminals=Path("/proc/sys/kernel/pty/max").read_text().strip(),
        shift=SHIFT,
        range=RANGE,
        rootfs=f"overlay:{rootfs}",
        booted=_path_in_keeper(home / traces.BOOTED),
        cgroup=traces.cgroup_name(home.name),
        console=_path_in_keeper(home / traces.CONSOLE),
        seccomp=_path_in_keeper(home / "seccomp"),
    )
    (home / "config").write_text(text)
    (home / "seccomp").write_text(_LXC_SECCOMP.read_text() + _NO_KEY_RINGS)


def _path_in_keeper(path: Path) -> str:
    """A path of the cache in the keeper's mount namespace."""
    return str(traces.CACHE_MOUNT / path.relative_to(cache_folder()))


def _soft_limit(kind: int, usual: int) -> str:
    """That soft limit, as Debian sets it, below this host's hard one."""
    hard = resource.getrlimit(kind)[1]
    if hard == resource.RLIM_INFINITY:
        return f"{usual}:unlimited"
    return f"{min(usual, hard)}:{hard}"


def _open_files() -> str:
    """Soft and hard limit of open files, as Debian sets them."""
    hard_limit = open_files_limit()
    return f"{min(1024, hard_limit)}:{hard_limit}"
