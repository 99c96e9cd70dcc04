"""The tasks about guests, machines and this host."""

from __future__ import annotations

from invoke import Context, task

from bench.cli.errors import handle_errors
from bench.cli.output.safe_output import open_console, print_safely


@task(name="box", positional=["system"])
@handle_errors
def box_(c: Context, system: str, accept_expired: bool = False) -> None:
    """Build a system's boxes for virtual machines: one for libvirt, one for VirtualBox."""
    from provision.systems import Mirror, get_system
    from provision.vagrant.box.builder import build_boxes

    mirror = Mirror.from_options("", "", "", "", accept_expired=accept_expired)
    for provider, path in build_boxes(get_system(system, mirror)).items():
        print_safely(f"--provider={provider} --box={path}")


@task
@handle_errors
def up(c: Context, os_: str = "debian", provider: str = "auto", box: str = "") -> None:
    """Boot a virtual machine for yourself; it stays until ./inv destroy."""
    from bench.cli.commands.user_machines import boot_machine

    for line in boot_machine(os_, provider, box):
        print_safely(line, flush=True)


@task
@handle_errors
def ssh(c: Context, name: str = "") -> int:
    """Open a shell as root in a machine that ./inv up or --keep has left."""
    from bench.cli.commands.user_machines import open_shell

    return open_shell(name)


@task
@handle_errors
def status(c: Context) -> None:
    """Show the virtual machines that there are."""
    from bench.cli.commands.user_machines import status_lines

    for line in status_lines():
        print_safely(line)


@task
@handle_errors
def destroy(c: Context, cache: bool = False) -> None:
    """Remove whatever is left of any guest; --cache: images and layers, too."""
    from bench.cli.commands.cleanup import destroy_guests

    for line in destroy_guests(cache=cache):
        print_safely(line)


@task
@handle_errors
def doctor(c: Context, provider: str = "lxc") -> int:
    """Try what this host must be able to do, one restart included; say what to do about the rest.

    --provider=libvirt or --provider=virtualbox: the same of virtual machines.
    """
    from bench.cli.commands.doctor import diagnosis_table, examine

    diagnoses = examine(provider)
    open_console().print(diagnosis_table(diagnoses))
    return 0 if all(diagnosis.works for diagnosis in diagnoses) else 1
