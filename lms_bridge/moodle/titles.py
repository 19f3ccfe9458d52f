"""Names of wiki pages and discussions: what Moodle takes, and what stays unique under MariaDB's collation. Pure.

MariaDB takes `Résumé` and `resume`, trailing blanks, and any two emoji for the same title; PostgreSQL does not.
Names are unique under both, so that a site may be moved.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from lms_bridge.items import Key, mark

MAX_LENGTH = 255
_LETTERS = str.maketrans({"ß": "ss", "ẞ": "ss", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ł": "l", "Ł": "l", "ı": "i"})


def tidy(title: str, *, otherwise: str) -> str:
    """The title as Moodle takes it: one line, not empty, not too long, nothing that looks like markup."""
    text = unicodedata.normalize("NFC", title)
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cs", "Cn"))
    # Moodle refuses a title that strip_tags would change: what looks like a tag gets brackets that are none, and a
    # blank after any other keeps it a plain sign.
    text = re.sub(r"<(/?[A-Za-z!?][^<>]*)>", r"‹\1›", text)
    text = re.sub(r"<(?=\S)", "< ", text)
    text = " ".join(text.split())[:MAX_LENGTH].rstrip()
    return text or otherwise


def as_it_stands(title: str) -> str:
    """The title when Moodle takes it without a change, as it takes whatever it gave back; else nothing."""
    odd = re.search(r"<\S|[\x00-\x1f\x7f\ud800-\udfff\u2028\u2029]", title)
    return title if title.strip() and not odd and len(title) <= MAX_LENGTH else ""


def folded(title: str) -> str:
    """Equal for titles that any of Moodle's databases might take for the same."""
    text = unicodedata.normalize("NFKD", title.translate(_LETTERS)).casefold()
    kept = (c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c)[0] in "LNPZ" or c in "+<=>|~^`$")
    return " ".join("".join(c for c in kept if ord(c) < 0x10000).split())


def unique_titles(
    wanted: Iterable[tuple[Key, str]], standing: Mapping[Key, str], *, taken: Iterable[str] = ()
) -> dict[Key, str]:
    """A title for each key. Standing ones stay; of new ones that collide all but the first get a short code."""
    keys = dict(wanted)
    names = {key: name for key, name in standing.items() if key in keys}
    used = {folded(name) for name in standing.values()} | {folded(name) for name in taken}
    for key, title in sorted(keys.items()):
        if key in names:
            continue
        name = tidy(title, otherwise=f"Page {mark(key)[:6]}")
        if folded(name) in used or not folded(name):
            name = _coded(name, key, used)
        names[key] = name
        used.add(folded(name))
    return names


def _coded(name: str, key: Key, used: set[str]) -> str:
    code = mark(key)
    for length in range(4, len(code) + 1):
        ending = f" ({code[:length]})"
        candidate = name[: MAX_LENGTH - len(ending)].rstrip() + ending
        if folded(candidate) not in used:
            return candidate
    raise AssertionError("two keys with one mark")
