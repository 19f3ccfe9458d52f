"""Links and images of a text, and the two addresses of our own: `item:KEY` and `asset:DIGEST`."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from urllib.parse import quote, unquote

from lxml import etree

from lms_bridge.markup.fragment import Fragment, parse, serialize
from lms_bridge.markup.normal import dissolve

ITEM = "item:"
ASSET = "asset:"
_ADDRESS = re.compile(f"{ITEM}[^\"'\\s<>]+")


def item_href(key: str) -> str:
    """The address of the item with this key, whatever characters the key has."""
    return ITEM + quote(key, safe="")


def item_key(href: str) -> str | None:
    """The key that an address names; None when it is not an item's address."""
    if not href.startswith(ITEM):
        return None
    return unquote(href[len(ITEM) :].partition("#")[0]) or None


def item_keys(html: str) -> set[str]:
    """The keys of all items that a text leads to, and more rather than less."""
    return {key for address in _ADDRESS.findall(html) if (key := item_key(unescape(address))) is not None}


def asset_src(digest: str) -> str:
    """The address of the image with this digest."""
    return ASSET + quote(digest, safe="")


def asset_digest(src: str) -> str | None:
    """The digest that an address names; None when it is not an asset's address."""
    return (unquote(src[len(ASSET) :]) or None) if src.startswith(ASSET) else None


def links(fragment: Fragment) -> Iterator[etree._Element]:
    """All `<a href>`, in reading order."""
    return (a for a in fragment.root.iter("a") if a.get("href"))


def images(fragment: Fragment) -> Iterator[etree._Element]:
    """All `<img src>`, in reading order."""
    return (img for img in fragment.root.iter("img") if img.get("src"))


def map_links(html: str, fn: Callable[[str], str | None]) -> str:
    """The text with each link's address replaced; None unwraps the link and keeps its words."""
    fragment = parse(html)
    for a in list(links(fragment)):
        href = fn(a.get("href", ""))
        if href is None:
            dissolve(a)
        else:
            a.set("href", href)
    return serialize(fragment)


def map_images(html: str, fn: Callable[[str], str | None]) -> str:
    """The text with each image's address replaced; None leaves the alternative text in its place."""
    fragment = parse(html)
    for img in list(images(fragment)):
        src = fn(img.get("src", ""))
        if src is None:
            replace_with_text(img, img.get("alt", ""))
        else:
            img.set("src", src)
    return serialize(fragment)


def replace_with_text(element: etree._Element, text: str) -> None:
    """Takes an element and its content away and puts plain text in its place."""
    del element[:]
    element.text = text
    dissolve(element)
