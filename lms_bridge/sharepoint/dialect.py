"""Canonical HTML → the HTML that SharePoint's text web part keeps, also after a person had it in the editor.

What the service keeps is not documented; this is what its own converter of old pages relies on: headings of three
levels, no classes, no anchors, no code inside a line. What is written in this form comes back as it was sent.
https://github.com/pnp/pnpframework (HtmlTransformator)
"""

import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from types import MappingProxyType

from lxml import etree

from lms_bridge.items import Key
from lms_bridge.markup.clean import Allowed, clean, clean_fragment
from lms_bridge.markup.fragment import Cleaned, Fragment, serialize, text_of
from lms_bridge.markup.links import asset_digest, images, item_key, links, replace_with_text
from lms_bridge.markup.normal import dissolve
from lms_bridge.markup.split import Image, blocks, is_block, joined, split_at_images
from lms_bridge.markup.vocabulary import BLOCKS

LinkOf = Callable[[Key], str | None]

KEPT = Allowed(
    tags=frozenset(
        {"p", "h2", "h3", "h4", "strong", "em", "u", "s", "sub", "sup", "a", "ul", "ol", "li", "blockquote", "pre"}
        | {"table", "thead", "tbody", "tr", "th", "td", "br", "img"}
    ),
    attributes=MappingProxyType(
        {
            "a": frozenset({"href"}),
            "img": frozenset({"src", "alt"}),
            "ol": frozenset({"start"}),
            "td": frozenset({"colspan", "rowspan"}),
            "th": frozenset({"colspan", "rowspan"}),
        }
    ),
    schemes=frozenset({"http", "https", "mailto", "asset"}),
    classes=(),
    relative=True,
)
# What most texts are made of; it stays as it is, but for the level of headings and where links lead.
_PLAIN = frozenset(KEPT.tags - {"img"} | {"h1"})
_NAME = re.compile(r"<([a-z][a-z0-9]*)")
_ODD = re.compile(r'<(?!a )[a-z0-9]+ |<a (?!href="[^"]*">)')
_HEADING = re.compile(r"(</?h)([1-6])>")
_LINK = re.compile(r'<a href="([^"]*)')
_NO_ADDRESS = re.compile(r"[^!#$%&(-;=?-Z_a-z~]|^#|^asset:|^$")
_RENAMED: Mapping[str, str] = {"del": "s", "ins": "u", "cite": "em", "var": "em", "tfoot": "tbody"}
_LINE = "———"


def to_sharepoint(html: str, *, link_of: LinkOf, images_kept: bool) -> str:
    """`link_of` gives an item's address, or none where it has no address: then its words stay."""
    straight = _straight(html, link_of)
    if straight is not None:
        return straight
    fragment = clean_fragment(html)
    _resolve_links(fragment, link_of)
    _place_images(fragment, images_kept)
    _shift_headings(fragment)
    _flatten_tables(fragment)
    for element in list(fragment):
        _rewrite(element)
    return lifted(serialize(fragment))


def _straight(html: str, link_of: LinkOf) -> str | None:
    """The same without a tree, for a clean text of plain blocks; None for any other."""
    if not isinstance(html, Cleaned) or not is_block(html) or _ODD.search(html):
        return None
    tables = sum(line.startswith("<table>") for line in html.split("\n"))
    if not _PLAIN.issuperset(_NAME.findall(html)) or html.count("<table>") != tables:
        return None
    shift = int("<h1>" in html)
    if f"<h{5 - shift}>" in html:
        return None
    targets = {href: _target(href, link_of) for href in _LINK.findall(html)}
    if any(target is None or _NO_ADDRESS.search(target) for target in targets.values()):
        return None
    html = _LINK.sub(lambda found: '<a href="' + (targets[found[1]] or "").replace("&", "&amp;"), html)
    if shift:
        html = _HEADING.sub(lambda found: f"{found[1]}{int(found[2]) + 1}>", html)
    return Cleaned(html, KEPT)


def _target(href: str, link_of: LinkOf) -> str | None:
    address = unescape(href)
    key = item_key(address)
    return link_of(key) if key is not None else address


def lifted(html: str) -> str:
    """Each image in a paragraph of its own, after the block that it stood in: so it will come back."""
    return joined(
        [
            in_paragraphs(piece) if isinstance(piece, str) else image_paragraph(piece)
            for piece in split_at_images(clean(html, policy=KEPT))
        ]
    )


def image_paragraph(image: Image) -> str:
    shown = f'<img src="{escape(image.src)}" alt="{escape(image.alt)}">'
    return f'<p><a href="{escape(image.href)}">{shown}</a></p>' if image.href else f"<p>{shown}</p>"


def in_paragraphs(html: str) -> str:
    """Cleaned, one block a line, and words outside any block in a paragraph of their own, as the editor puts them."""
    cleaned = clean(html, policy=KEPT)
    if is_block(cleaned):
        return cleaned  # then no words stand outside of any
    return "\n".join(block if is_block(block) else f"<p>{block.strip()}</p>" for block in blocks(cleaned))


def _resolve_links(fragment: Fragment, link_of: LinkOf) -> None:
    for element in list(links(fragment)):
        href = element.get("href", "")
        key = item_key(href)
        target = link_of(key) if key is not None else href
        if not target or target.startswith(("#", "asset:")):
            dissolve(element)
        else:
            element.set("href", target)


def _place_images(fragment: Fragment, kept: bool) -> None:
    """Our own images stay; others become links: the editor drops images whose file is not in the site."""
    for element in list(images(fragment)):
        src, alt = element.get("src", ""), element.get("alt", "").strip()
        if asset_digest(src) is not None:
            if not kept:
                replace_with_text(element, f"[{alt}]" if alt else "")
        elif any(True for _ in element.iterancestors("a")):
            replace_with_text(element, alt or src)
        else:
            tail = element.tail
            element.clear()
            element.tag, element.text, element.tail = "a", alt or src, tail
            element.set("href", src)


def _shift_headings(fragment: Fragment) -> None:
    """The page's title is the only first heading; below it there are three levels, and plain strong lines."""
    shift = 1 if fragment.root.find(".//h1") is not None else 0
    for element in list(fragment):
        tag = str(element.tag)
        if len(tag) != 2 or tag[0] != "h" or not tag[1].isdigit():
            continue
        level = int(tag[1]) + shift
        if level <= 4:
            element.tag = f"h{level}"
        else:
            element.tag = "p"
            _wrap_content(element, "strong")


def _flatten_tables(fragment: Fragment) -> None:
    """A table inside a table's cell becomes text: the editor has no nested tables."""
    for inner in list(fragment.root.iter("table")):
        if any(True for _ in inner.iterancestors("table")):
            replace_with_text(inner, f" {text_of(inner)} ")
    for caption in list(fragment.root.iter("caption")):
        table = caption.getparent()
        if table is not None and table.getparent() is not None:
            above = etree.Element("p")
            above.text = text_of(caption)
            table.addprevious(above)
            _wrap_content(above, "strong")
            table.remove(caption)


def _rewrite(element: etree._Element) -> None:
    match str(element.tag):
        case tag if tag in _RENAMED:
            element.tag = _RENAMED[tag]
        case "q":
            element.text = "“" + (element.text or "")
            if len(element):
                element[-1].tail = (element[-1].tail or "") + "”"
            else:
                element.text = f"{element.text}”"
        case "hr":
            element.tag, element.text = "p", _LINE
        case "dt":
            element.tag = "p"
            _wrap_content(element, "strong")
        case "dd" | "div":
            if any(str(child.tag) in BLOCKS for child in element):
                dissolve(element)
            else:
                element.tag = "p"


def _wrap_content(element: etree._Element, tag: str) -> None:
    inner = etree.Element(tag)
    inner.text = element.text
    element.text = None
    for child in list(element):
        inner.append(child)
    element.append(inner)
