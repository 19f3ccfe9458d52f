"""A text taken apart: into its blocks, and into text and images where images stand on their own."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from lms_bridge.markup.fragment import BLOCKS, Fragment, parse, serialize, serialize_element
from lms_bridge.markup.links import replace_with_text


@dataclass(frozen=True, slots=True)
class Image:
    """An image lifted out of its text; `href` is the link that it stood in."""

    src: str
    alt: str = ""
    title: str = ""
    href: str | None = None


def blocks(html: str) -> list[str]:
    """The top-level blocks of a text; words outside any block make a block of their own."""
    return [serialize(Fragment(block)) for block in _grouped(parse(html).root)]


def split_at_images(html: str) -> list[str | Image]:
    """Text and images in reading order, neighbouring texts joined. No word is lost."""
    parts: list[str | Image] = []
    for holder in _grouped(parse(html).root):
        for part in _lifted(holder):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] = f"{parts[-1]}\n{part}"
            else:
                parts.append(part)
    return parts


def _grouped(root: etree._Element) -> Iterator[etree._Element]:
    """Holders of one block each."""
    holder = etree.Element("root")
    holder.text = root.text
    for child in list(root):
        tail, child.tail = child.tail, None
        if child.tag in BLOCKS:
            if len(holder) or (holder.text or "").strip():
                yield holder
            holder = etree.Element("root")
            holder.append(child)
            yield holder
            holder = etree.Element("root")
            holder.text = tail
        else:
            holder.append(child)
            child.tail = tail
    if len(holder) or (holder.text or "").strip():
        yield holder


def _lifted(holder: etree._Element) -> Iterator[str | Image]:
    found = []
    for img in list(holder.iter("img")):
        if not img.get("src"):
            continue
        link = next(img.iterancestors("a"), None)
        found.append(
            Image(
                img.get("src", ""),
                img.get("alt", ""),
                img.get("title", ""),
                link.get("href") if link is not None else None,
            )
        )
        replace_with_text(img, "")
    text = serialize(Fragment(holder))
    if "".join(holder.itertext()).strip():
        yield text
    yield from found


__all__ = ["Image", "blocks", "serialize_element", "split_at_images"]
