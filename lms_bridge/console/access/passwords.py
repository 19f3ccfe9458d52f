"""The password file: who may sign in on a single machine, and as what. Hashes are argon2id's.

https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
"""

import json
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lms_bridge.console.access.roles import Role, role_of
from lms_bridge.errors import ConfigError, Problem, UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MAX_BYTES = 1_000_000
SHORTEST, LONGEST = 12, 1_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each comparison takes 64 MiB for a moment: a flood of them must not take the machine's memory."""
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$7PXHFep0ZkzaT/LGI/dwLg$pMzIfnO8hkLsK9gtVraFJpqbaatDWUn74o/a9XtYUxU"
"""Compared where there is no such name, so that the time tells nothing. No password is known that fits it."""


@dataclass(frozen=True, slots=True)
class Known:
    role: Role
    hash: str


def beside(config: Path) -> Path:
    """Where the file is when nobody says otherwise."""
    return config.resolve().parent / "console-users.json"


class PasswordFile:
    """Read anew whenever it changed. A file that others may read is refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None
        self._known: Mapping[str, Known] = {}

    def role(self, name: str) -> Role | None:
        """None for somebody who is not in it, or not any more."""
        known = self._read().get(name)
        return known.role if known is not None else None

    def verify(self, name: str, password: str) -> Role | None:
        """The role of the name, if that is the password. Takes as long for a name that nobody has."""
        from argon2.exceptions import InvalidHashError, VerificationError

        known = self._read().get(name)
        with _AT_ONCE:
            try:
                _hasher().verify(known.hash if known is not None else _NOBODY, password[:LONGEST])
            except (VerificationError, InvalidHashError):
                return None
        return known.role if known is not None else None

    def names(self) -> Mapping[str, Role]:
        return {name: known.role for name, known in sorted(self._read().items())}

    def put(self, name: str, password: str, role: Role) -> None:
        """Raises UsageError for a name or a password that cannot be used."""
        if _NAME.fullmatch(name) is None:
            raise UsageError(
                f"the name {name!r} cannot be used.", next_step="Use letters, digits and `. _ @ -`, as in ann.adler."
            )
        if not SHORTEST <= len(password) <= LONGEST:
            raise UsageError(
                f"a password has {SHORTEST} to {LONGEST:,} signs.",
                next_step="Take four or five words that you make up.",
            )
        self._write({**self._read(), name: Known(role, _hasher().hash(password))})

    def remove(self, name: str) -> None:
        known = dict(self._read())
        if known.pop(name, None) is None:
            raise UsageError(f"there is nobody called {name!r}.", where=str(self.path))
        self._write(known)

    def _read(self) -> Mapping[str, Known]:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._seen, self._known = None, {}
            return self._known
        if os.name == "posix" and status.st_mode & 0o077:
            raise _unusable(self.path, "may be read by other accounts.", f"`chmod 600 {self.path}`")
        seen = (status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            self._known, self._seen = _parsed(self.path), seen
        return self._known

    def _write(self, known: Mapping[str, Known]) -> None:
        rows = {name: {"role": each.role.word, "hash": each.hash} for name, each in sorted(known.items())}
        part = self.path.with_name(f"{self.path.name}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump({"version": 1, "users": rows}, file, indent=2)
            part.replace(self.path)
        except OSError as error:
            raise UsageError(f"the password file cannot be written: {error.strerror}.", where=str(self.path)) from error
        finally:
            part.unlink(missing_ok=True)
        self._seen = None


def _parsed(path: Path) -> Mapping[str, Known]:
    try:
        with path.open("rb") as file:
            content: Any = json.loads(file.read(MAX_BYTES + 1))
        users = content["users"]
        found = {str(name): Known(_role(row["role"]), str(row["hash"])) for name, row in users.items()}
    except PermissionError as error:
        step = "Let it belong to the account that the console runs as, or make it as that account."
        raise _unusable(path, "may not be read by this account.", step) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        step = "Move it away, and add people anew: `lms-bridge console add-user NAME --role admin`."
        raise _unusable(path, f"is no password file ({type(error).__name__}).", step) from error
    return found


def _role(word: Any) -> Role:
    role = role_of(str(word))
    if role is None:
        raise ValueError(word)
    return role


def _unusable(path: Path, cause: str, next_step: str) -> ConfigError:
    return ConfigError((Problem(cause, str(path), next_step),))


def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()
