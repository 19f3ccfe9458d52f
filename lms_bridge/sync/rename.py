"""Saying where an orphan and a new item look like one renamed item. Only a hint: nothing is guessed.

Apart from `plan`, because it changes no decision, only words.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from lms_bridge.connector import Action, Change
from lms_bridge.items import Key, Kind

_NAMED = frozenset({Kind.PAGE, Kind.PROMPT})
"""Kinds that have a title of their own; reviews with equal stars all have the same."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
_YAML_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


def hinted(changes: Sequence[Change]) -> list[Change]:
    """The changes, with the line that would keep the identity where something looks renamed."""
    created = {c.title.casefold(): c for c in changes if c.action is Action.CREATE and c.kind in _NAMED}
    told: dict[Key, Change] = {}
    for old in changes:
        new = created.get(old.title.casefold())
        if old.payload is not None or new is None or old.record is None or old.record.deleted:
            continue
        advice = _advice(old, new)
        told[old.key] = replace(old, reason=f"{old.reason}; looks like a rename to {new.key}: {advice}")
        told[new.key] = replace(new, reason=f"{new.reason}; looks like a rename of {old.key}: {advice}")
    return [told.get(change.key, change) for change in changes]


def _advice(old: Change, new: Change) -> str:
    """An id is what follows course and room in a key; it cannot carry an item into another course or room."""
    (room, identity), (new_room, _) = _parts(old), _parts(new)
    if not identity or room != new_room:
        return f"give the {old.kind.value} an `id` to keep its identity"
    plain = _PLAIN.fullmatch(identity) and identity.casefold() not in _YAML_WORDS
    written = identity if plain else json.dumps(identity, ensure_ascii=False)
    return f"add `id: {written}` to the new file's front matter to keep its identity"


def _parts(change: Change) -> tuple[str, str]:
    before, _, rest = change.key.partition(":")[2].partition(f"{change.course}/")
    room, _, identity = rest.partition("/")
    return ("", "") if before else (room, identity)
