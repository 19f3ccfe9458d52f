"""Converted texts of one listing, in a file without a name: all of a large folder would not fit into memory."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import IO
from weakref import finalize

from lms_bridge.markup.fragment import Cleaned

_HELD = 4_000_000
"""Bytes that are held in memory before there is a file at all."""


class Spool:
    """Lives as long as anybody may ask for one of its texts."""

    def __init__(self, folder: Path) -> None:
        self._file: IO[bytes] = SpooledTemporaryFile(max_size=_HELD, dir=str(folder))  # noqa: SIM115 - see the next line
        finalize(self, self._file.close)
        self._end = 0
        self._lock = Lock()

    def put(self, text: str) -> Callable[[], str]:
        """What gives it again. Raises OSError where there is no room."""
        raw = text.encode(errors="surrogatepass")
        with self._lock:
            self._file.seek(self._end)
            self._file.write(raw)
            at, self._end = self._end, self._end + len(raw)
        return _Kept(self, at, len(raw), text.policy if isinstance(text, Cleaned) else None)

    def get(self, at: int, size: int) -> str:
        with self._lock:
            self._file.seek(at)
            return self._file.read(size).decode(errors="surrogatepass")


@dataclass(frozen=True, slots=True)
class _Kept:
    spool: Spool
    at: int
    size: int
    policy: object

    def __call__(self) -> str:
        text = self.spool.get(self.at, self.size)
        return text if self.policy is None else Cleaned(text, self.policy)
