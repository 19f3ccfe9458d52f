"""When two texts are one for the database: exact in PostgreSQL, folded in MariaDB's utf8mb4_unicode_ci."""

import unicodedata

from lms_bridge.sandbox.moodle.site import MoodleSite

# Letters of their own, sorted right behind the letter they look like.
_BEHIND = {"æ": "a", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ø": "o", "œ": "o", "ŧ": "t", "þ": "t"}


def same_text(site: MoodleSite, one: str, other: str) -> bool:
    if site.settings.database != "mariadb":
        return one == other
    return fold(one) == fold(other)


def sort_key(site: MoodleSite, text: str) -> str:
    return fold(text) if site.settings.database == "mariadb" else text


def fold(text: str) -> str:
    """UCA 4.0.0 at its first strength: no case, no accents, no zero-width marks, no trailing blanks, and one
    weight for every character beyond the Basic Multilingual Plane (so that all emoji are equal)."""
    folded: list[str] = []
    for char in unicodedata.normalize("NFD", text.rstrip(" ")).casefold():
        if char in _BEHIND:
            folded.append(_BEHIND[char] + "\ufffc")
        elif ord(char) > 0xFFFF:
            folded.append("\ufffd")
        elif unicodedata.category(char) not in {"Mn", "Cf", "Me"}:
            folded.append(char)
    return "".join(folded)
