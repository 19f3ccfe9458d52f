"""What a person and the source made of one entry, brought together: text by structure, title and fields singly. Pure.

Apart from `markup.merge`, which knows texts only. A field that a person changed stays theirs; others follow the source.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from lms_bridge.connector import Body, Sides
from lms_bridge.markup.digest import tight_form
from lms_bridge.markup.text import words


def merged(base: Body | None, theirs: Body, ours: Body) -> Sides:
    """`base` none: nobody knows what the two began with, so that they clash wherever they differ."""
    if base is None:
        return Sides(base=Body(title=""), theirs=theirs, ours=ours, merged=theirs, clashes=1)
    # What merges takes its time to load, and few entries are merged.
    from lms_bridge.markup.merge import merge

    fields = _fields(base.fields, theirs.fields, ours.fields)
    title = ours.title if theirs.title.strip() == base.title.strip() else theirs.title
    text = merge(base.html, theirs.html, ours.html) if theirs.html or ours.html else None
    html = text.html if text is not None else ""
    both = Body(title=title, html=html, fields=fields)
    return Sides(base=base, theirs=theirs, ours=ours, merged=both, clashes=len(text.clashes) if text is not None else 0)


def in_the_source(base: Body | None, theirs: Body, ours: Body) -> bool:
    """Whether the source says all that a person changed, so that nothing of theirs is lost when it is written.

    Their blocks may stand in another place, their headings on another level, and their code without blank lines: nobody
    knows where our lines end, and an editor changes the rest by itself. An order that they changed is theirs alone.
    """
    if base is None or dict(theirs.fields) != dict(base.fields):
        return False
    if theirs.title.strip() not in (base.title.strip(), ours.title.strip()):
        return False
    was, them, us = (_forms(body.html) for body in (base, theirs, ours))
    added, gone = Counter(them) - Counter(was), Counter(was) - Counter(them)
    new = Counter(us) - Counter(was)
    if not added <= new or not gone <= Counter(was) - Counter(us):
        return False
    # What a person took out and the source only changed is gone for one of them alone.
    if any(_alike(one, other) for one in gone for other in new - added):
        return False
    kept = []
    for form in them:
        if added[form] > 0:
            added[form] -= 1
        else:
            kept.append(form)
    rest = iter(was)
    return all(form in rest for form in kept) and (kept != was or them != was or theirs.title != base.title)


def _alike(one: str, other: str) -> bool:
    """Whether a block may have become another one."""
    here, there = Counter(words(one)), Counter(words(other))
    return 2 * (here & there).total() > (here.total() + there.total()) / 2


def _forms(html: str) -> list[str]:
    from lms_bridge.markup.split import blocks

    return [re.sub(r"<(/?)h[1-6]\b", r"<\1h", tight_form(block)) for block in blocks(html)]


def _fields(base: Mapping[str, Any], theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """A field that is missing on one side is one that is empty there."""
    both: dict[str, Any] = {}
    for name in {**base, **theirs, **ours}:
        chosen = ours if theirs.get(name) == base.get(name) else theirs
        if name in chosen:
            both[name] = chosen[name]
    return both
