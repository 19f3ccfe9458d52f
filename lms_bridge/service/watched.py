"""Whether a file changed since it was last looked at."""

from pathlib import Path


class Watched:
    """By its date, size and place; where a link leads to it, that of what it leads to now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._stamp()

    def changed(self) -> bool:
        now = self._stamp()
        changed, self._seen = now != self._seen, now
        return changed

    def _stamp(self) -> tuple[int, ...]:
        try:
            status = self._path.stat()
        except OSError:
            return ()
        return (status.st_mtime_ns, status.st_size, status.st_ino)
