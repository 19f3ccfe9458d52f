"""Which of a config's values are secrets, so that whoever shows anything can keep them out of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

_SECRET_PART = 8
"""A shorter part of an address is no secret, and may stand anywhere."""

if TYPE_CHECKING:
    from lms_bridge.config.load import Config


def secrets_of(config: "Config") -> frozenset[str]:
    """As they are used, not as they are written."""
    openings = [*config.sources.values(), *config.destinations.values()]
    settings = [opening.settings for opening in openings] + [channel.settings for channel in config.notifications]
    settings.append(config.console)
    found = {secret for each in settings for secret in _within(each)}
    found |= {feed.address for route in config.routes for feed in route.feeds}
    for secret in [secret for secret in found if "://" in secret]:
        # An address that is a secret is shown in parts as well: a request is logged without its query.
        parts = urlsplit(secret)
        found |= {part for part in (parts.path.strip("/"), parts.query) if len(part) >= _SECRET_PART}
    if "://" in config.state and (password := urlsplit(config.state).password):
        found |= {password, unquote(password)}
    return frozenset(found - {""})


def _within(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _within(getattr(value, name))
