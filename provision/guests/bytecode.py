"""Where the suite's programs in guests find what Python has made of them and of its own modules."""

from __future__ import annotations

from provision.systems import System

# Apart from what Python keeps beside its own modules: how large a supervisor in Python is, and how
# fast it starts, depends on that, and should be as its package has it.
BYTECODE = "/srv/bytecode"


def python_command(system: System, *, keeps: bool = False) -> str:
    """Return the command of the system's Python for a program of the suite.

    keeps: whether Python keeps what it makes of modules. Python 2.7 does not know the variable, and
    finds nothing there.
    """
    return f"PYTHONPYCACHEPREFIX={BYTECODE} {system.python}{'' if keeps else ' -B'}"
