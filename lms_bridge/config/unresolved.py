"""What every store of secrets raises. Apart because the stores are files of their own, and none leans on another."""


class UnresolvedReference(Exception):
    """A reference that leads nowhere; the message says which and never repeats a secret, `next_step` what to do."""

    def __init__(self, cause: str, next_step: str) -> None:
        super().__init__(cause)
        self.next_step = next_step
