"""Converted texts of one listing, in a file without a name: all of a large folder would not fit into memory."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO
from weakref import finalize

from lms_bridge.markup.fragment import Cleaned

_HELD = 4_000_000
"""Bytes that are held in memory before there is a file at all."""


class Spool:
    """Lives as long as anybody may ask for one of its texts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._held = self._end = 0
        self._lock = Lock()

    def put(self, text: str) -> Callable[[], str]:
        """What gives it again. Raises OSError where there is no room; what was put down before stays."""
        raw = text.encode(errors="surrogatepass")
        with self._lock:
            if self._held + len(raw) <= _HELD:
                self._held += len(raw)
                return lambda: text
            file = self._opened()
            file.seek(self._end)
            if file.write(raw) != len(raw):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            at, self._end = self._end, self._end + len(raw)
        return _Kept(self, at, len(raw), text.policy if isinstance(text, Cleaned) else None)

    def get(self, at: int, size: int) -> str:
        """Raises OSError where it cannot be read."""
        with self._lock:
            file = self._opened()
            file.seek(at)
            raw = file.read(size)
        if len(raw) != size:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return raw.decode(errors="surrogatepass")

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            # Without a buffer: what does not fit says so at once, and not when something else is asked for.
            self._file = TemporaryFile(buffering=0, dir=self._folder)  # noqa: SIM115 - see the next line
            finalize(self, self._file.close)
        return self._file


@dataclass(frozen=True, slots=True)
class _Kept:
    spool: Spool
    at: int
    size: int
    policy: object

    def __call__(self) -> str:
        text = self.spool.get(self.at, self.size)
        return text if self.policy is None else Cleaned(text, self.policy)
