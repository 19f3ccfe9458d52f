"""File names of our pages: chosen once, safe in every address, and each tells whose page it is.

`lms-{course}-{title}-{first 6 of the key's mark}.aspx`: letters, digits and hyphens only, because `#`, `%` and spaces
break links, and Windows' reserved names and SharePoint's `_vti_` cannot occur.
"""

import re
import unicodedata

from lms_bridge.items import Key, mark

ENDING = ".aspx"
MAX_SLUG = 100
MARK_PART = 6
_COURSE_PART = 24
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"})


def page_name(*, prefix: str, course: str, title: str, key: Key) -> str:
    """The file name of a new page. The same key and title always give the same name."""
    ending = mark(key)[:MARK_PART]
    begin = f"{prefix}-{plain_word(course, _COURSE_PART) or 'course'}"
    room = MAX_SLUG - len(begin) - len(ending) - 2
    middle = plain_word(title, room)
    return "-".join(part for part in (begin, middle, ending) if part) + ENDING


def plain_word(text: str, most: int) -> str:
    """`text` in a-z, 0-9 and single hyphens, cut at a hyphen where that loses little."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    word = re.sub(r"[^a-z0-9]+", "-", folded.encode("ascii", "ignore").decode()).strip("-")
    if len(word) <= most:
        return word
    cut = word[:most]
    at = cut.rfind("-")
    return (cut[:at] if at > most // 2 else cut).strip("-")


def is_name_of(name: str, key_mark: str) -> bool:
    """Whether a file name ends as the page of that mark does. A copy that a person made does not."""
    return name.casefold().endswith(f"-{key_mark[:MARK_PART]}{ENDING}")


def mark_part(name: str) -> str | None:
    """The six letters at the end of one of our names."""
    found = re.search(rf"-([a-z2-7]{{{MARK_PART}}}){re.escape(ENDING)}$", name.casefold())
    return found[1] if found else None
