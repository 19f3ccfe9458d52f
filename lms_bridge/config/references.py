"""`${env:NAME}`, `${file:PATH}` and their kin: how settings name secrets without holding them."""

import os
import re
from pathlib import Path
from urllib.parse import quote

from lms_bridge.config.unresolved import UnresolvedReference as UnresolvedReference

_REFERENCE = re.compile(r"\$\{(?P<store>[a-z]+):(?P<name>[^{}]+)\}")
MAX_FILE_BYTES = 100_000
STORES = ("env", "file", "credential", "keyring", "azure", "vault")
_NEXT_STEP_FILE = "Write the secret into it, readable by this account alone."
_NEXT_STEP_SANDBOX = "`lms-bridge sandbox` or `lms-bridge demo` writes it."


def is_reference(value: str) -> bool:
    """Whether the whole value is one reference."""
    return _REFERENCE.fullmatch(value.strip()) is not None


def has_reference(value: str) -> bool:
    return _REFERENCE.search(value) is not None


def without_references(value: str) -> str:
    return _REFERENCE.sub("", value)


def resolve(value: str, *, folder: Path) -> str:
    """Replace every reference in a value. Raises UnresolvedReference, which never repeats a secret."""
    return _REFERENCE.sub(lambda found: _look_up(found["store"], found["name"], folder), value)


def resolve_address(value: str, *, folder: Path) -> str:
    """The same for parts of an address: a password with `@` or `/` in it must not end up in the host's name."""
    if is_reference(value):
        return resolve(value, folder=folder)
    return _REFERENCE.sub(lambda found: quote(_look_up(found["store"], found["name"], folder), safe=""), value)


def _look_up(store: str, name: str, folder: Path) -> str:
    match store:
        case "env":
            return _from_environment(name)
        case "file":
            return _from_file(folder / name, name)
        case "credential":
            return _from_credential(name)
        case "keyring":
            return _from_keyring(name)
        case "azure":
            from lms_bridge.config.azure_vault import from_azure_vault

            return from_azure_vault(name)
        case "vault":
            from lms_bridge.config.hashicorp_vault import from_hashicorp_vault

            return from_hashicorp_vault(name)
        case _:
            raise UnresolvedReference(f"${{{store}:…}} is not a known store.", f"Use one of {', '.join(STORES)}.")


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise UnresolvedReference(f"the environment variable {name} is not set.", f"Set it: `export {name}=…`.")
    return value


def _from_file(path: Path, shown: str) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UnresolvedReference(
            f"the file {shown} cannot be read: {error.strerror}.",
            _NEXT_STEP_SANDBOX if path.parent.name == ".sandbox" else _NEXT_STEP_FILE,
        ) from error
    if len(raw) > MAX_FILE_BYTES:
        raise UnresolvedReference(f"the file {shown} is too large for a secret.", "Name the right file.")
    try:
        value = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise UnresolvedReference(f"the file {shown} is not text.", "Name a file in PEM or plain text.") from error
    if not value:
        raise UnresolvedReference(f"the file {shown} is empty.", "Write the secret into it.")
    return value


def _from_credential(name: str) -> str:
    """Of systemd's LoadCredential: its folder has another path for each unit, named by this variable."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        step = f"Start it from a unit with `LoadCredential={name}:PATH`, or let it name a folder with such a file."
        raise UnresolvedReference("the environment variable CREDENTIALS_DIRECTORY is not set.", step)
    return _from_file(Path(folder) / name, f"{name} in CREDENTIALS_DIRECTORY")


def _from_keyring(name: str) -> str:
    import keyring
    import keyring.errors

    service, _, user = name.rpartition("/")
    step = f"Store it: `keyring set {service or 'SERVICE'} {user}`."
    if not service:
        raise UnresolvedReference(f"${{keyring:{name}}} needs the form SERVICE/NAME.", step)
    try:
        value = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise UnresolvedReference(f"the keyring cannot be opened ({type(error).__name__}).", step) from error
    if not value:
        raise UnresolvedReference(f"the keyring holds nothing for {name}.", step)
    return value
