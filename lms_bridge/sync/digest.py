"""The digest of what stands in an entry: two bodies with the same digest read the same to people.

Apart from `markup.digest`, which knows HTML only: a title or a field that a person changed is a change, too.
"""

import hashlib
import json
from collections.abc import MutableMapping
from typing import Any

from lms_bridge.connector import Body


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def body_digest(body: Body, known: MutableMapping[str, str] | None = None) -> str:
    """`known`: of texts whose digest was taken before, by text; taking it is what costs."""
    from lms_bridge.markup.digest import digest as html_digest

    known = {} if known is None else known
    if body.html and body.html not in known:
        known[body.html] = html_digest(body.html)
    parts = [body.title.strip(), known.get(body.html, ""), dict(body.fields)]
    return hashlib.sha256(canonical(parts).encode()).hexdigest()
