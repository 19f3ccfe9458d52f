"""Which of a config's values are secrets, so that whoever shows anything can keep them out of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

if TYPE_CHECKING:
    from lms_bridge.config.load import Config


def secrets_of(config: "Config") -> frozenset[str]:
    """As they are used, not as they are written."""
    openings = (*config.sources.values(), *config.destinations.values())
    found = {secret for opening in openings for secret in _within(opening.settings)} | {*_within(config.console)}
    if "://" in config.state and (password := urlsplit(config.state).password):
        found |= {password, unquote(password)}
    return frozenset(found - {""})


def _within(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _within(getattr(value, name))
