"""How to run a daemon under a supervisor, for `./inv usage`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

from bench.model.run_file import FLOOR, Action, ExampleStep
from bench.recording.usage_examples import usage_examples
from provision.systems import System, get_system, unknown_name_error
from supervisors import supervisors
from supervisors.base import Supervisor
from supervisors.service import TESTD_FOLDER


def show(name: str, system_name: str, console: Console) -> int:
    """Print every usage example of that supervisor. Raises Problem for unknown names."""
    choices = {name: choice for name, choice in supervisors().items() if name != FLOOR}
    if name not in choices:
        raise unknown_name_error("supervisor", name, list(choices))
    supervisor, system = choices[name], get_system(system_name)
    _print_introduction(supervisor, system, console)
    for example in usage_examples(supervisor, system):
        console.print()
        console.print(Text(example["title"], style="bold underline"))
        for step in example["steps"]:
            _print_step(step, console)
    return 0


def _print_introduction(supervisor: Supervisor, system: System, console: Console) -> None:
    name = supervisor.name
    overlay = f" --overlay={name}=DIR" if supervisor.why_unavailable(system) else ""
    console.print(f"[bold]{escape(supervisor.title)}[/bold] on {system.title}", highlight=False)
    console.print(f"{supervisor.idea}\n", highlight=False, markup=False)
    console.print(
        f"The daemon here is the suite's own, {TESTD_FOLDER}/testd; put yours in its place.\n"
        f"./inv try {name}{overlay} opens a shell in a guest where it runs.",
        highlight=False,
    )


def _print_step(step: ExampleStep, console: Console) -> None:
    console.print(Text(step["title"], style="bold cyan"))
    if "note" in step:
        console.print(Text(step["note"]))
    console.print(Group(*_rendered(step["actions"])))


def _rendered(actions: list[Action]) -> Iterator[RenderableType]:
    for action in actions:
        if "file" in action:
            title = action["file"] + (" (executable)" if action["mode"] & 0o100 else "")
            lines = Syntax(
                action["content"].rstrip("\n"), "text", word_wrap=True, background_color="default"
            )
            yield Panel(lines, title=Text(title), title_align="left", expand=False)
        elif "boot" in action:
            yield Text(f"  boot with init={action['boot']}")
        else:
            yield Text("\n".join(f"  # {line}" for line in action["command"].splitlines()))
