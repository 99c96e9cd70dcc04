"""The one kind of error that is written for a person to read."""

from provision.errors.text import replace_controls


class Problem(Exception):
    """Something went wrong that the reader can act upon.

    what: one sentence that names the thing and where. known: what is known of it, such as output or
    a list of what exists. advice: the next command or the next step.
    usage: true where the request itself was wrong (exit code 2), false where its execution failed
    (exit code 1).
    code: the exit status of a command that ends with it.
    Each part may hold words of a guest, a file or a program: control characters are replaced.
    """

    code = 1

    def __init__(
        self, what: str, *, known: str = "", advice: str = "", usage: bool = False
    ) -> None:
        self.what, self.known, self.advice = map(replace_controls, (what, known, advice))
        super().__init__(self.what)
        self.usage = usage
        if usage:
            self.code = 2

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.known, self.advice) if part)
