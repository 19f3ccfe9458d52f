"""The digest of what stands in an entry: two bodies with the same digest read the same to people.

Apart from `markup.digest`, which knows HTML only: a title or a field that a person changed is a change, too.
"""

import hashlib
import json
from typing import Any

from lms_bridge.connector import Body


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def body_digest(body: Body) -> str:
    from lms_bridge.markup.digest import digest as html_digest

    parts = [body.title.strip(), html_digest(body.html) if body.html else "", dict(body.fields)]
    return hashlib.sha256(canonical(parts).encode()).hexdigest()
