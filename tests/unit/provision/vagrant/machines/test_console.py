"""The console of a machine's present guest, from the file that its hypervisor writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.guests.console import boot_line
from provision.vagrant.machines.console import SerialConsole

PANIC = "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100"
# An init that ends, and the boot of the machine's own init after it.
ENDED = f"""\
INIT: version 3.06 booting
{boot_line("/root/ends")}
/root/ends: no \x1b[31mconfiguration\x1b[0m
[   12.345678] {PANIC}
[   12.345679] CPU: 0 PID: 1 Comm: ends Not tainted
[   12.345680] Rebooting in 5 seconds..
IP-Config: eth0 hardware address
INIT: version 3.06 booting
""".replace("\n", "\r\n")


@pytest.fixture
def console(tmp_path: Path) -> SerialConsole:
    return SerialConsole(tmp_path / "console")


def test_a_machine_that_has_printed_nothing_has_nothing_to_quote(console: SerialConsole) -> None:
    console.begin()
    assert (console.read(), console.quote()) == ("", "")


def test_an_init_that_ended_is_quoted_with_the_panic_but_not_with_the_next_boot(
    console: SerialConsole,
) -> None:
    console.path.write_text(ENDED)
    assert console.quote().splitlines() == [
        "Last lines of its console (/root/ends):",
        "/root/ends: no configuration",
        f"[   12.345678] {PANIC}",
    ]
    assert "CPU: 0" in console.read()


def test_the_init_after_a_reset_is_quoted(console: SerialConsole) -> None:
    console.path.write_text(f"{ENDED}{boot_line('/sbin/init')}\nINIT: no inittab\n")
    assert console.quote() == "Last lines of its console (/sbin/init):\nINIT: no inittab"


def test_a_box_that_never_answers_is_quoted_without_a_name(console: SerialConsole) -> None:
    console.path.write_text(
        "[    0.1] Linux version\nGave up waiting for root file system device\n"
    )
    assert console.quote() == (
        "Last lines of its console:\nGave up waiting for root file system device"
    )


def test_a_guest_has_nothing_of_the_guest_before_it(console: SerialConsole) -> None:
    console.path.write_text("first\n")
    console.begin()
    with console.path.open("a") as stream:
        stream.write("second\n")
    assert console.read() == "second"


def test_a_file_that_is_begun_again_is_read_from_its_beginning(console: SerialConsole) -> None:
    """Virtlogd renames a file of 2 MiB."""
    console.path.write_text("long before\n" * 10)
    console.begin()
    console.path.write_text("begun again\n")
    assert console.read() == "begun again"


def test_a_flood_is_bounded(console: SerialConsole) -> None:
    console.path.write_text("flood\n" * 100_000 + "end of flood\n")
    assert console.read().endswith("flood\nend of flood")
    assert len(console.read()) <= 128 << 10
