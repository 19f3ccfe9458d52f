"""A source or destination that is opened when something is asked of it: a run that has nothing to do asks nothing, and
the libraries that a connector needs take longer to load than such a run.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any


class Late:
    """Stands for what `opening` gives, and answers for it. What `opening` raises comes from the first thing asked."""

    def __init__(self, name: str, opening: Callable[[], Any]) -> None:
        self.name = name
        self._opening = opening
        self._opened: Any = None
        self._lock = Lock()

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self.opened(), attribute)

    def opened(self) -> Any:
        with self._lock:
            if self._opened is None:
                self._opened = self._opening()
            return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def spent(self) -> Any:
        """What was asked of it; none where it was not opened, or does not count."""
        spent = getattr(self._opened, "spent", None)
        return spent() if spent is not None else None

    def interrupt(self, *, finish: bool = False) -> None:
        interrupt = getattr(self._opened, "interrupt", None)
        if interrupt is not None:
            interrupt(finish=finish)
