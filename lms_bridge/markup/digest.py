"""A digest of structure and words: the same for a text that an editor re-indented and nobody changed."""

import hashlib
import re

from lms_bridge.markup.fragment import Cleaned, parse, serialize
from lms_bridge.markup.normal import dissolve, normalise

# What a reader sees. Classes, sizes and targets are the destinations' own to add.
SEEN = frozenset(["href", "src", "alt", "title", "colspan", "rowspan", "start", "lang", "dir"])

# In a clean text, where no attribute holds a bracket: more than one attribute, or one that readers do not see.
_TO_SORT = re.compile(rf'<[a-z0-9]+ (?!(?:{"|".join(sorted(SEEN))})="[^"]*">)')
_CODE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)


def digest(html: str) -> str:
    """Sixty-four hexadecimal digits; equal texts that differ in indentation, entities or <tbody> have the same."""
    return hashlib.sha256(plain_form(html).encode()).hexdigest()


def plain_form(html: str) -> str:
    """What the digest is taken of: blanks alike, attributes that show, in alphabetical order."""
    if isinstance(html, Cleaned) and not any(part in html for part in ("\u00a0", "<pre")) and not _TO_SORT.search(html):
        # In normal form already.
        return html.replace("<tbody>", "").replace("</tbody>", "")
    fragment = parse(html)
    for element in list(fragment):
        if element.tag == "tbody":
            dissolve(element)
            continue
        if not element.attrib:
            continue
        kept = sorted((name, value) for name, value in element.attrib.items() if name in SEEN)
        element.attrib.clear()
        element.attrib.update(kept)
    for element in fragment.root.iter():
        if element.text and "\u00a0" in element.text:
            element.text = element.text.replace("\u00a0", " ")
        if element.tail and "\u00a0" in element.tail:
            element.tail = element.tail.replace("\u00a0", " ")
    normalise(fragment)
    return serialize(fragment)


def tight_form(html: str) -> str:
    """As `plain_form`, without the blank lines of code: Moodle's editor takes them out when a person saves a page."""
    return _CODE.sub(lambda found: re.sub(r"\n(?:[ \t]*\n)+", "\n", found[0]), plain_form(html))
