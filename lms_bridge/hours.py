"""Times of day at which a destination is asked for less: how they are written in connectors.yaml, and when they are.

On the ground, since settings of every destination name them and must load without what talks to it.
"""

import re
from collections.abc import Iterable
from datetime import datetime, time
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

_SPAN = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"


def _checked(written: str) -> str:
    if re.fullmatch(_SPAN, written) is None:
        raise ValueError("write two times of day, such as 08:00-18:00")
    return written


Hours = Annotated[str, AfterValidator(_checked), WithJsonSchema({"type": "string", "pattern": _SPAN})]
"""Such as `08:00-18:00`; hours that end before they begin last over midnight."""


def within(spans: Iterable[str], moment: datetime) -> bool:
    """Whether a moment, by the clock on its own wall, lies in one of the `Hours`."""
    now = moment.time()
    for span in spans:
        begin, end = (time.fromisoformat(each) for each in span.split("-"))
        if begin <= now < end if begin < end else now >= begin or now < end:
            return True
    return False
