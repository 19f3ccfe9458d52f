"""Puts elements where HTML lets them stand, so that the next parser reads the same tree and no word is lost.

Apart from cleaning, since html5ever (as every browser) keeps trees that do not survive a second reading: a list item
inside a division, a paragraph inside bold type, a table inside a paragraph.
"""

from collections.abc import Iterable, Iterator, Set

from lxml import etree

from lms_bridge.markup.standing import CONTAINERS, PARTS, WORDS_ONLY, stands
from lms_bridge.markup.vocabulary import BLOCKS, RENAMED, VOID

Node = str | etree._Element

# Deeper than this, bold around whole blocks is let go: each level copies its element into every block.
_COPIES = 3


def nest(root: etree._Element, *, tags: Set[str]) -> etree._Element:
    """A tree with only these elements, each where it may stand: the same one where nothing is to be done."""
    return root if stands(root, tags=tags) else built(root, tags=tags)


def built(root: etree._Element, *, tags: Set[str]) -> etree._Element:
    """A new one."""
    return _filled(etree.Element("root"), _paragraphs(_children(root, tags, ()), tags))


def _children(element: etree._Element, tags: Set[str], within: tuple[str, ...]) -> list[Node]:
    nodes: list[Node] = [element.text] if element.text else []
    for child in element:
        nodes.extend(_placed(child, tags, within))
        if child.tail:
            nodes.append(child.tail)
    return nodes


def _placed(element: etree._Element, tags: Set[str], within: tuple[str, ...]) -> Iterable[Node]:
    """What stands in an element's place."""
    tag = RENAMED.get(str(element.tag), str(element.tag))
    if tag == "img" and (tag not in tags or not element.get("src")):
        return [element.get("alt", "")]
    if tag == "br" and tag not in tags:
        return [" "]
    if tag in VOID:
        return [_copy(element, tag)] if tag in tags else []
    inline = tag not in BLOCKS
    nodes = _children(element, tags, (*within, tag) if inline else within)
    if inline:
        if tag not in tags or (tag == "a" and ("a" in within or not element.get("href"))):
            return nodes
        return _spread(element, tag, nodes, copies=len(within) < _COPIES)
    if tag not in tags:
        return _paragraphs(nodes, tags, always=True)
    return _block(element, tag, nodes, tags)


def _block(element: etree._Element, tag: str, nodes: list[Node], tags: Set[str]) -> Iterable[Node]:
    if tag in CONTAINERS:
        return [_filled(_copy(element, tag), _contained(tag, nodes, tags))]
    if tag in PARTS:
        # Parts are taken up by their container; _paragraphs turns those without one into divisions.
        return [_filled(_copy(element, tag), _words(nodes) if tag == "caption" else _flow(nodes, tags))]
    if tag in WORDS_ONLY:
        return _split(element, tag, _flow(nodes, tags))
    if tag == "pre":
        return [_filled(_copy(element, tag), _words(nodes, between="\n"))]
    return [_filled(_copy(element, tag), _paragraphs(nodes, tags))]


def _contained(container: str, nodes: list[Node], tags: Set[str]) -> Iterator[Node]:
    allowed, wrapper = CONTAINERS[container]
    last: etree._Element | None = None
    for run, element in _runs(nodes, allowed):
        if not _blank(run):
            if last is not None and wrapper == "li":
                # <ul><li>a</li><ul>…</ul></ul>, as old editors write it: the inner list belongs to the item before.
                _filled(last, _flow(run, tags))
            else:
                inner = _contained(wrapper, run, tags) if wrapper in CONTAINERS else _flow(run, tags)
                yield _filled(etree.Element(wrapper), inner)
        if element is not None:
            last = element
            yield element


def _flow(nodes: Iterable[Node], tags: Set[str]) -> list[Node]:
    """Content where words may stand beside blocks; parts without their container become divisions."""
    out: list[Node] = []
    for node in nodes:
        if isinstance(node, str) or node.tag not in PARTS:
            out.append(node)
            continue
        content = _paragraphs(_taken(node), tags, always="div" not in tags)
        if "div" in tags:
            node.tag = "div"
            out.append(_filled(node, content))
        else:
            out.extend(content)
    return out


def _paragraphs(nodes: list[Node], tags: Set[str], *, always: bool = False) -> list[Node]:
    """The nodes with words in paragraphs, where blocks stand beside them."""
    nodes = _flow(nodes, tags)
    if "p" not in tags or not (always or any(_is_block(node) for node in nodes)):
        return nodes
    out: list[Node] = []
    for run, element in _runs(nodes, BLOCKS):
        if not _blank(run):
            out.append(_filled(etree.Element("p"), run))
        else:
            out.extend(run)
        if element is not None:
            out.append(element)
    return out


def _split(element: etree._Element, tag: str, nodes: list[Node]) -> Iterator[Node]:
    """A paragraph or heading: blocks inside it come to stand beside its parts."""
    for run, block in _runs(nodes, BLOCKS):
        if not _blank(run):
            yield _filled(_copy(element, tag), run)
        if block is not None:
            yield block


def _spread(element: etree._Element, tag: str, nodes: list[Node], *, copies: bool) -> Iterator[Node]:
    """An inline element: around words it stays, around blocks it goes into each of them."""
    if not any(_is_block(node) for node in nodes):
        yield _filled(_copy(element, tag), nodes)
        return
    for run, block in _runs(nodes, BLOCKS):
        if not _blank(run):
            yield _filled(_copy(element, tag), run)
        if block is not None:
            if copies:
                _wrap_words(block, element, tag)
            yield block


def _wrap_words(block: etree._Element, element: etree._Element, tag: str) -> None:
    for holder in [block, *block.iterdescendants()]:
        if holder.tag in BLOCKS and holder.tag not in CONTAINERS and holder.tag not in VOID:
            out: list[Node] = []
            for run, inner in _runs(_taken(holder), BLOCKS):
                out.extend(run if _blank(run) else [_filled(_copy(element, tag), run)])
                if inner is not None:
                    out.append(inner)
            _filled(holder, out)


def _words(nodes: list[Node], between: str = " ") -> list[Node]:
    """The nodes without any blocks, which leave a blank or a new line behind."""
    out: list[Node] = []
    for node in nodes:
        if not isinstance(node, str) and node.tag in BLOCKS:
            out.extend([between, *_words(_taken(node), between), between])
        else:
            out.append(node)
    return out


def _runs(nodes: Iterable[Node], ends: Set[str]) -> Iterator[tuple[list[Node], etree._Element | None]]:
    """Runs of nodes, each with the element of these names that ends it."""
    run: list[Node] = []
    for node in nodes:
        if isinstance(node, str) or node.tag not in ends:
            run.append(node)
        else:
            yield run, node
            run = []
    yield run, None


def _blank(nodes: Iterable[Node]) -> bool:
    return all(isinstance(node, str) and not node.strip(" \t\n\r\f") for node in nodes)


def _is_block(node: Node) -> bool:
    return not isinstance(node, str) and node.tag in BLOCKS


def _copy(element: etree._Element, tag: str) -> etree._Element:
    copy = etree.Element(tag)
    copy.attrib.update(element.attrib)
    return copy


def _taken(element: etree._Element) -> list[Node]:
    """An element's content, taken out of it."""
    nodes: list[Node] = [element.text] if element.text else []
    element.text = None
    for child in list(element):
        nodes.append(child)
        if child.tail:
            nodes.append(child.tail)
        element.remove(child)
        child.tail = None
    return nodes


def _filled(element: etree._Element, nodes: Iterable[Node]) -> etree._Element:
    """The element with the nodes added to its content."""
    # Text is joined before it is set: adding to an element's text again and again copies it each time. The last child
    # is kept, since lxml counts all of them for `len(element)`.
    last = next(element.iterchildren(reversed=True), None)
    texts: list[str] = []
    for node in nodes:
        if isinstance(node, str):
            texts.append(node)
        else:
            _end(element, last, texts)
            element.append(node)
            last = node
    _end(element, last, texts)
    return element


def _end(element: etree._Element, last: etree._Element | None, texts: list[str]) -> None:
    if not texts:
        return
    text = "".join(texts)
    texts.clear()
    if last is not None:
        last.tail = (last.tail or "") + text
    else:
        element.text = (element.text or "") + text
