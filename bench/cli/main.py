"""The program behind `./inv`: invoke on this checkout's tasks, in the caller's own folder.

`python -I bench/cli/main.py TASK...`. It reads nothing of the caller's settings for invoke: neither
`~/.invoke.yaml` nor `INVOKE_*`, which could change or break any task.
"""

from __future__ import annotations

import sys
from pathlib import Path

from invoke import Config, Program

ROOT = Path(__file__).parents[2]


class CheckoutConfig(Config):
    """The settings of a checkout's tasks alone."""

    def load_base_conf_files(self) -> None:
        """Read neither the host's nor the user's settings."""

    def load_shell_env(self) -> None:
        """Read no variable."""


def main(arguments: list[str]) -> None:
    """Run the tasks that the arguments name; ends the process."""
    sys.path.insert(0, str(ROOT))  # -I keeps this file's folder off it, as it does PYTHONPATH
    from bench.cli.errors import report_parse_errors
    from bench.cli.output.standard_streams import guard_streams

    guard_streams()
    program = Program(name="inv", binary="./inv", config_class=CheckoutConfig)
    report_parse_errors(program)
    # Without a place of their own, compiled modules would lie in the checkout.
    bytecode = ["--write-pyc"] if sys.pycache_prefix else []
    program.run(["./inv", *bytecode, f"--search-root={ROOT}", *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
