"""What every store of secrets raises. Apart because the stores are files of their own, and none leans on another."""

from lms_bridge.errors import Problem


class UnresolvedReference(Exception):
    """A reference that leads nowhere; the message says which and never repeats a secret, `next_step` what to do.
    `passing`: its store is away just now, and may be back without anybody mending anything."""

    def __init__(self, cause: str, next_step: str, *, passing: bool = False) -> None:
        super().__init__(cause)
        self.next_step = next_step
        self.passing = passing

    def problem(self, where: str) -> Problem:
        return Problem(str(self), where, self.next_step, self.passing)
