"""What happens to a text in the hands of people: it is opened in an editor, changed here and there, and saved."""

import re
from collections.abc import Mapping

from lms_bridge.markup.vocabulary import BLOCKS


def reindented(html: str) -> str:
    """As an editor writes it: a new line before and after each block, but nothing touched inside <pre>."""
    pieces = re.split(r"(<pre>.*?</pre>)", html, flags=re.DOTALL)
    names = "|".join(sorted(BLOCKS - {"pre"}, key=len, reverse=True))
    return "".join(
        piece if piece.startswith("<pre>") else re.sub(rf"(</?(?:{names})\b[^>]*>)", r"\n  \1\n", piece)
        for piece in pieces
    )


def edited(text: str, edits: Mapping[str, str]) -> str:
    """The text with each of these places changed; each must stand in it once."""
    for old, new in edits.items():
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the text"
        text = text.replace(old, new)
    return text
