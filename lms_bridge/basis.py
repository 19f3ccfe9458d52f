"""What a route's outcome rests on besides content, state and destination, in one line: settings and code.

Apart from the config, since it is not about what may be written there but about what would come out otherwise.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

_ROUNDS = 20_000
"""A pseudonym's key is part of it: what is kept must be no quick way to try keys out."""


def basis_of(folder: Path, *parts: object) -> str:
    """Equal for equal settings, policies and code. `folder` is where relative paths start."""
    told = json.dumps([str(folder), _code(), *parts], default=_plain, sort_keys=True)
    return hashlib.pbkdf2_hmac("sha256", told.encode(), b"lms-bridge", _ROUNDS).hex()


def code_of(settings: BaseModel) -> str:
    """Equal for equal code: ours, the libraries', and that of the connector whose settings these are."""
    told = json.dumps([_code(), _module(type(settings).__module__)])
    return hashlib.sha256(told.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        where = f"{type(value).__module__}.{type(value).__qualname__}"
        return [where, _module(type(value).__module__), dict(value)]
    if isinstance(value, SecretStr | SecretBytes):
        return str(value.get_secret_value())
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    return repr(value)


@cache
def _code() -> list[str]:
    """Our own files, and which version of each package is installed: another renderer may write otherwise."""
    libraries = Path(sys.modules["pydantic"].__file__ or "").parent.parent
    installed = sorted(name for name in os.listdir(libraries) if name.endswith(".dist-info"))
    return [sys.version, *installed, *_stamps(Path(__file__).parent)]


@cache
def _module(name: str) -> list[str]:
    """The files of somebody else's connector; ours are known."""
    top = name.partition(".")[0]
    file = getattr(sys.modules.get(top), "__file__", None)
    if top == "lms_bridge" or file is None:
        return []
    path = Path(file)
    return list(_stamps(path.parent)) if path.name == "__init__.py" else [_stamp(path.name, path.stat())]


def _stamps(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _stamps(Path(entry.path))
        elif entry.name.endswith((".py", ".so", ".json", ".html")):
            yield _stamp(entry.path, entry.stat())


def _stamp(name: str, status: os.stat_result) -> str:
    return f"{name} {status.st_size} {status.st_mtime_ns}"
