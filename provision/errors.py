"""The one kind of error that a person is meant to read."""


class Problem(Exception):
    """Something went wrong that the reader can act upon.

    what: one sentence, naming the thing and where; known: what is known of it (output, a list of
    what exists); advice: the next command to type or the next step to take.
    usage: true where the request itself was wrong (exit code 2), false where doing it failed (1).
    """

    def __init__(
        self, what: str, *, known: str = "", advice: str = "", usage: bool = False
    ) -> None:
        super().__init__(what)
        self.what = what
        self.known = known
        self.advice = advice
        self.usage = usage

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.known, self.advice) if part)
