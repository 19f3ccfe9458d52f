"""A text taken apart: into its blocks, and into text and images where images must stand on their own."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lxml import etree

from lms_bridge.markup.fragment import Cleaned, Fragment, MarkupError, parse, serialize
from lms_bridge.markup.links import replace_with_text
from lms_bridge.markup.vocabulary import BLOCKS

MAX_IMAGES = 1_000
_WORDS_ONLY = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6"))


@dataclass(frozen=True, slots=True)
class Image:
    """An image lifted out of its text; `href` is the link that it stood in."""

    src: str
    alt: str = ""
    title: str = ""
    href: str | None = None


def blocks(html: str) -> list[str]:
    """The top-level blocks of a text; words outside any block make a block of their own."""
    if isinstance(html, Cleaned) and is_block(html) and "<pre" not in html:
        # In normal form each is a line, and where one is, no words stand outside.
        return [Cleaned(block, html.policy) for block in html.split("\n")]
    found = [serialize(Fragment(holder)) for holder in _holders(parse(html).root)]
    if not isinstance(html, Cleaned):
        return found
    return [Cleaned(block, html.policy) if is_block(block) else block for block in found]


def is_block(html: str) -> bool:
    """Whether a text begins with one."""
    return html.startswith("<") and html[1:30].split(">", 1)[0].split(" ", 1)[0] in BLOCKS


def joined(texts: Sequence[str]) -> str:
    """Blocks one below the other; together as clean as each of them is."""
    whole, policies = "\n".join(texts), {text.policy if isinstance(text, Cleaned) else None for text in texts}
    policy = policies.pop() if len(policies) == 1 else None
    return Cleaned(whole, policy) if policy is not None and all(map(is_block, texts)) else whole


def split_at_images(html: str) -> list[str | Image]:
    """Text and images in reading order, neighbouring texts joined. No word is lost.

    A paragraph is parted at its images; a list is parted after the item that holds one and goes on counting; out of
    everything else (tables, quotes) the images come to stand after it.
    """
    if isinstance(html, Cleaned) and "<img" not in html and is_block(html):
        return [html]
    root = parse(html).root
    if sum(1 for _ in root.iter("img")) > MAX_IMAGES:
        raise MarkupError(f"the text has more than {MAX_IMAGES:,} images: split it")
    parts: list[str | Image] = []
    for holder in _holders(root):
        for part in _parted(holder):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] = f"{parts[-1]}\n{part}"
            else:
                parts.append(part)
    return parts


def _holders(root: etree._Element) -> Iterator[etree._Element]:
    """One nameless holder for each block, and for each run of words between blocks."""
    holder = _holder(root.text)
    for child in list(root):
        tail, child.tail = child.tail, None
        if child.tag in BLOCKS:
            if _shows(holder):
                yield holder
            yield _holder(None, child)
            holder = _holder(tail)
        else:
            holder.append(child)
            child.tail = tail
    if _shows(holder):
        yield holder


def _holder(text: str | None, *children: etree._Element) -> etree._Element:
    holder = etree.Element("root")
    holder.text = text
    holder.extend(children)
    return holder


def _shows(element: etree._Element) -> bool:
    return bool("".join(map(str, element.itertext())).strip(" \t\n\r\f")) or any(
        child.tag in ("img", "hr", "table") for child in element.iterdescendants()
    )


def _parted(holder: etree._Element) -> Iterator[str | Image]:
    if next(holder.iter("img"), None) is None:
        yield serialize(Fragment(holder))
        return
    block = holder[0]
    if block.tag in ("ul", "ol"):
        yield from _parted_list(block)
    elif block.tag in _WORDS_ONLY or block.tag not in BLOCKS:
        yield from _parted_words(holder)
    else:
        yield from _emptied(holder)


def _parted_words(holder: etree._Element) -> Iterator[str | Image]:
    """Words before an image, the image, words after it; inline elements and the paragraph go on in each part."""
    while (img := next(holder.iter("img"), None)) is not None:
        before = _cut_before(holder, img)
        if _shows(before):
            yield serialize(Fragment(before))
        yield _lifted(img)
    if _shows(holder):
        yield serialize(Fragment(holder))


def _cut_before(holder: etree._Element, stop: etree._Element) -> etree._Element:
    """Moves all that stands before an element into a copy of what it stands in, and gives the copy."""
    path = [*reversed(list(stop.iterancestors())), stop]
    path = path[path.index(holder) :]
    first = _holder(None)
    copy = first
    for element, inner in pairwise(path):
        copy.text, element.text = element.text, None
        for child in list(element):
            if child is inner:
                break
            copy.append(child)
        if inner is not stop:
            following = etree.SubElement(copy, inner.tag)
            following.attrib.update(inner.attrib)
            copy = following
    return first


def _parted_list(block: etree._Element) -> Iterator[str | Image]:
    start = block.get("start", "1")
    number = int(start) if re.fullmatch(r"-?\d{1,9}", start) else 1
    group = _list_like(block, number)
    for item in list(block):
        item.tail = None
        number += 1
        group.append(item)
        images = _lift_all(item)
        if images:
            if _shows(group):
                yield serialize(Fragment(_holder(None, group)))
            yield from images
            group = _list_like(block, number)
    if _shows(group):
        yield serialize(Fragment(_holder(None, group)))


def _list_like(block: etree._Element, number: int) -> etree._Element:
    group = etree.Element(block.tag)
    group.attrib.update(block.attrib)
    if block.tag == "ol" and number != 1:
        group.set("start", str(number))
    elif "start" in group.attrib:
        del group.attrib["start"]
    return group


def _emptied(holder: etree._Element) -> Iterator[str | Image]:
    images = _lift_all(holder)
    if _shows(holder):
        yield serialize(Fragment(holder))
    yield from images


def _lift_all(element: etree._Element) -> list[Image]:
    return [_lifted(img) for img in list(element.iter("img"))]


def _lifted(img: etree._Element) -> Image:
    link = next(img.iterancestors("a"), None)
    parent = img.getparent()
    image = Image(
        src=img.get("src", ""),
        alt=img.get("alt", ""),
        title=img.get("title", ""),
        href=link.get("href") if link is not None else None,
    )
    # A table cell that held nothing else keeps saying what was there.
    alone = parent is not None and parent.tag in ("td", "th") and len(parent) == 1 and not _words_beside(img, parent)
    replace_with_text(img, image.alt if alone else "")
    if link is not None and not _shows(link):
        replace_with_text(link, "")
    return image


def _words_beside(img: etree._Element, parent: etree._Element) -> bool:
    return bool((parent.text or "").strip() or (img.tail or "").strip())
