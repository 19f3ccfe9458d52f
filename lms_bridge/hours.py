"""Times of day at which a destination is asked for less or nothing: how they are written in connectors.yaml.

On the ground, since settings of every destination name them and must load without what talks to it.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

_SPAN = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"


def _checked(written: str) -> str:
    if re.fullmatch(_SPAN, written) is None:
        raise ValueError("write two times of day, such as 08:00-18:00")
    return written


Hours = Annotated[str, AfterValidator(_checked), WithJsonSchema({"type": "string", "pattern": _SPAN})]
"""Such as `08:00-18:00`; hours that end before they begin last over midnight. When they are: see `windows.within`."""
