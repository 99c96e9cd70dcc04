"""What an image is made of, and what is detected in it."""

from __future__ import annotations

from pathlib import Path

from provision.lxc.trees import image


def test_the_init_of_an_image_is_told_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "sbin").mkdir()
    assert image._detect_init(tmp_path) == "sysvinit"
    (tmp_path / "sbin/initctl").touch()
    assert image._detect_init(tmp_path) == "upstart"
    (tmp_path / "sbin/init").symlink_to("../lib/systemd/systemd")
    assert image._detect_init(tmp_path) == "systemd"


def test_every_module_that_builds_an_image_is_part_of_its_key() -> None:
    names = {path.relative_to(Path(image.__file__).parents[2]) for path in image._BUILD_MODULES}
    assert {str(name) for name in names} >= {
        "bootstrap/arch.py",
        "bootstrap/debian.py",
        "bootstrap/tools.py",
        "bootstrap/ubuntu.py",
        "lxc/trees/image.py",
        "lxc/programs/guest_root.py",
        "lxc/trees/userns.py",
    }
