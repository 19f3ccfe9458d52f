"""How texts that are being written will read back: asked before they are sent, and again when they are read.

Apart from `displayed`, which is pure: working it out is most of what a write costs here.
"""

from collections.abc import Callable, Hashable

_MOST = 100
"""About what a place writes at once."""


class Foretold:
    """One place's. One thread at a time."""

    def __init__(self) -> None:
        self._known: dict[Hashable, str] = {}

    def of(self, text: Hashable, work_out: Callable[[], str]) -> str:
        """`work_out` must say the same for the same text until `forget`."""
        if text not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[text] = work_out()
        return self._known[text]

    def forget(self) -> None:
        self._known.clear()
