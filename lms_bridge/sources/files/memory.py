"""What was worked out before, kept in a folder beside the state: whatever is lost of it costs time, and nothing else.

What comes out of it gets sent, so it is taken only as this account left it here: the folder and the files in it are
nobody else's to write, and each row holds under a key that lies there. Who can do more than that as this account can
change the program as well.
"""

import hashlib
import hmac
import json
import logging
import os
import secrets
import sqlite3
import stat
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lms_bridge.whole import write_whole

_log = logging.getLogger(__name__)
_FORM = "1"
_FILE = "texts.sqlite"
_KEY = "key"
_KEY_BYTES = 32
_MARK_BYTES = 20
_MANY = 500
"""Rows that are written at once: all of a large folder would not fit into memory."""
_PATIENCE = 0.5
"""Seconds that another process is waited for."""
_TABLE = "CREATE TABLE kept (mark BLOB PRIMARY KEY, seal BLOB NOT NULL, found BLOB NOT NULL)"


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where to remember, and what the worked-out rests on besides what it was worked out from."""

    folder: Path
    code: str


class Memory:
    """Values by what they were worked out from, as JSON has them. Each look into the file stands for itself, and so
    does each batch of rows that is written, so that processes side by side need not wait for one another."""

    def __init__(self, keeping: Keeping, key: bytes) -> None:
        self._path = keeping.folder / _FILE
        self._begin = hashlib.blake2b(f"{_FORM} {keeping.code} ".encode(), digest_size=_MARK_BYTES)
        self._key = key
        self.begun = time.time_ns()
        self._used: set[bytes] = set()
        self._new: dict[bytes, bytes] = {}
        self._file: sqlite3.Connection | None = None
        self._closed = False
        self._mute = False
        """Nothing can be written; what stands there serves all the same."""

    def mark(self, *parts: str) -> bytes:
        """Equal for equal parts and code alone."""
        mark = self._begin.copy()
        for part in parts:
            told = part.encode(errors="surrogatepass")
            mark.update(b"%d " % len(told))
            mark.update(told)
        return mark.digest()

    def recall(self, mark: bytes) -> Any:
        """What was kept under the mark, or none."""
        self._used.add(mark)
        if mark in self._new:
            return json.loads(self._new[mark])
        row = self._row(mark)
        if row is None or not hmac.compare_digest(row[0], self._seal(mark, row[1])):
            return None
        return json.loads(row[1])

    def holds(self, mark: bytes) -> bool:
        """Whether something was kept under it, whatever it is by now. It is in use."""
        self._used.add(mark)
        return mark in self._new or self._row(mark) is not None

    def keep(self, mark: bytes, found: Any) -> None:
        self._used.add(mark)
        try:
            self._new[mark] = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:
            # Half a sign, that no file holds.
            return
        if len(self._new) >= _MANY:
            self.save()

    def save(self, *, without: Collection[bytes] = ()) -> None:
        """`without` are marks of what is of no use any more."""
        self._write(lambda file: [(mark,) for mark in without])

    def settle(self) -> None:
        """Everything was asked for: what nobody asked for is dropped."""
        self._write(self._unused)

    def close(self) -> None:
        self._closed = True
        if self._file is not None:
            self._file.close()
            self._file = None

    def _seal(self, mark: bytes, found: bytes) -> bytes:
        return hashlib.blake2b(mark + found, key=self._key, digest_size=32).digest()

    def _row(self, mark: bytes) -> tuple[bytes, bytes] | None:
        if self._closed:
            return None
        try:
            if self._file is None:
                self._file = self._opened()
            row = self._file.execute("SELECT seal, found FROM kept WHERE mark = ?", (mark,)).fetchone()
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
            return None
        return row if row and all(isinstance(part, bytes) for part in row) else None

    def _opened(self) -> sqlite3.Connection:
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        if not _ours_alone(self._path):
            raise PermissionError(f"{self._path} may be another one's")
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
        try:
            # Nothing in it is worth the wait for the disk, and nothing that was dropped is to be found in it.
            for setting in ("trusted_schema = OFF", "secure_delete = ON", "synchronous = OFF"):
                connection.execute(f"PRAGMA {setting}")
            _make(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _write(self, to_drop: Callable[[sqlite3.Connection], list[tuple[Any]]]) -> None:
        new, self._new = self._new, {}
        if self._closed or self._mute:
            return
        rows = [(mark, self._seal(mark, found), found) for mark, found in new.items()]
        try:
            if self._file is None:
                self._file = self._opened()
            unused = to_drop(self._file)
            if not rows and not unused:
                return
            self._file.execute("BEGIN IMMEDIATE")
            try:
                self._file.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", rows)
                self._file.executemany("DELETE FROM kept WHERE mark = ?", unused)
                self._file.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._file.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            _log.info("what was worked out cannot be kept: %s", error)
            self._mute = True
        except (sqlite3.Error, OSError) as error:
            self._failed(error)

    def _unused(self, connection: sqlite3.Connection) -> list[tuple[Any]]:
        return [(mark,) for (mark,) in connection.execute("SELECT mark FROM kept") if mark not in self._used]

    def _failed(self, error: Exception) -> None:
        _log.info("what was worked out before cannot be used or kept: %s", error)
        self.close()
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            # It will be of no use again: the next run begins a new one, which a journal of this one must not reach.
            for path in (self._path, self._path.with_name(f"{_FILE}-journal")):
                with suppress(OSError):
                    path.unlink()


def _make(connection: sqlite3.Connection) -> None:
    """Raises DatabaseError for a file that holds something else."""
    form = "SELECT sql FROM sqlite_master"
    if not connection.execute(form).fetchone():
        # What is dropped gives its room back.
        connection.execute("PRAGMA auto_vacuum = FULL")
        connection.execute(_TABLE.replace("TABLE", "TABLE IF NOT EXISTS"))
    if connection.execute(form).fetchone() != (_TABLE,):
        raise sqlite3.DatabaseError("it is of another form")


@contextmanager
def remembering(keeping: Keeping | None) -> Iterator[Memory | None]:
    """None where nothing is to be remembered, or can be."""
    memory = None
    if keeping is not None:
        try:
            memory = Memory(keeping, _key(keeping.folder))
        except OSError as error:
            _log.info("what was worked out before cannot be used: %s", error)
    try:
        yield memory
    finally:
        if memory is not None:
            memory.close()


def _key(folder: Path) -> bytes:
    """The folder's key, made where there is none. Raises OSError."""
    for missing in [above for above in (*reversed(folder.parents), folder) if not above.exists()]:
        # With `parents=True` those above would be open to others.
        missing.mkdir(mode=0o700, exist_ok=True)
    path = folder / _KEY
    if not _ours_alone(folder):
        raise PermissionError(f"{folder} may be written to by others")
    if path.exists() and _ours_alone(path) and len(key := path.read_bytes()) == _KEY_BYTES:
        return key
    key = secrets.token_bytes(_KEY_BYTES)
    write_whole(path, key)
    return key


def _ours_alone(path: Path) -> bool:
    """Whether nobody but this account can have written there. Raises OSError."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return False
    return os.name != "posix" or (status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
