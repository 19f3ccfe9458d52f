"""Canonical HTML → HTML that displays right in Moodle, and what Moodle displays → canonical HTML again. Pure.

Apart from the writing because it rests on how Moodle 4.5 behaves: mod/wiki/parser/markups/html.php rewrites headings
without attributes, demotes repeated ones, eats blanks in <pre>, links bare addresses with a greedy pattern and reads
`[[` everywhere; HTML Purifier then drops what XHTML 1.0 does not know.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import quote, urlsplit, urlunsplit

from lxml import etree

from lms_bridge.markup.clean import clean
from lms_bridge.markup.fragment import Fragment, parse, serialize
from lms_bridge.markup.links import asset_digest, images, item_key, links, replace_with_text
from lms_bridge.markup.normal import dissolve

HEADING_CLASS = "lmsb-h"
"""Headings with an attribute are left alone by Moodle's wiki: no other level, no demotion, no [edit] link."""

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TOP_HEADING = 4
"""Moodle's Boost shows a wiki page's title and a discussion's as h3: what they hold stands below them."""

# Signs that must reach Moodle as entities, and brackets that must not, travel through the serialiser as these.
_COLON, _BRACKET, _NEWLINE, _OPEN, _CLOSE, _TAB, _PERCENT, _AT = map(chr, range(0xE0F0, 0xE0F8))
_SPELLED = {
    _COLON: "&#58;",
    _BRACKET: "&#91;",
    _NEWLINE: "&#10;",
    _OPEN: "[[",
    _CLOSE: "]]",
    _TAB: "&#9;",
    _PERCENT: "&#37;",
    _AT: "&#64;",
}
_PRIVATE = re.compile(f"[{''.join(_SPELLED)}]")
_SCHEME = re.compile(r"(?i)(https?|ftp):(?=//)")
_PLAIN_TITLE = re.compile(r"[^\W_][\w .,:;()’!?–—+-]*")
# `[[` are the wiki's links, also where a bracket comes to stand before one of ours; `%!` are its parser's own
# place-holders; the last is where Moodle puts an address of a file.
_SIGNS = (
    ("[[", _BRACKET * 2),
    (f"[{_OPEN}", f"{_BRACKET}{_OPEN}"),
    ("%!", f"{_PERCENT}!"),
    ("@@PLUGINFILE@@", f"{_AT}@PLUGINFILE@@"),
)
# Whether there is anything to spell: most texts hold nothing of it. `://` may be an address that Moodle makes a link.
_READ_OTHERWISE = (*(sign for sign, _ in _SIGNS), "://")
# What a plain text, whose blocks are a line each, does not hold, besides code and a bracket before a link that may
# become brackets: links in headings, and any attribute whose blanks or signs have to be looked at, as images have.
_LINK_IN_HEADING = re.compile(r"<h[1-6]>(?:(?!</h).)*<a>")
_ODD_ATTRIBUTE = re.compile(r' (?!(?:colspan|rowspan|start)="\d+")[a-z-]+="')
_OPENED = re.compile(r'<a href="([^"]*)">')
_WHOLE_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>')
_HEADING = re.compile(r"(</?h)([1-6])>")
_LEVEL = re.compile(r"<h([1-6])>")
_ASSET_IMAGE = re.compile(r'(<img\b[^>]*)\bsrc="asset:([0-9a-f]+)"([^>]*>)')
_ALT = re.compile(r'\balt="([^"]*)"')
_NOT_IN_PRE = ("img", "small", "sub", "sup")


@dataclass(frozen=True, slots=True)
class WikiTitle:
    """A page of the same wiki."""

    title: str
    url: str


Target = WikiTitle | str | None
"""Where a link to an item goes: a page of this wiki, an address, or nowhere, which leaves its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the dialect needs to know of the place: where links go and which images can be shown."""

    link: Callable[[str], Target]
    wiki: bool
    assets: bool
    web_images: bool = True


def to_moodle(body: str, reading: Reading) -> str:
    """A canonical body in Moodle's dialect. Images stay `asset:DIGEST`."""
    cleaned = clean(body)
    straight = _straight(cleaned, reading)
    return through_a_tree(cleaned, reading) if straight is None else straight


def through_a_tree(cleaned: str, reading: Reading) -> str:
    """The same for any clean body, plain or not."""
    fragment = parse(cleaned)
    if _PRIVATE.search(cleaned):
        drop_private(fragment)
    for a in list(links(fragment)):
        _link(a, reading)
    for img in list(images(fragment)):
        _image(img, reading)
    for pre in fragment.root.iter("pre"):
        for element in list(pre.iter(*_NOT_IN_PRE)):
            replace_with_text(element, element.get("alt", "")) if element.tag == "img" else dissolve(element)
    _lower_headings(fragment)
    return spelled(fragment, wiki=reading.wiki)


def _straight(cleaned: str, reading: Reading) -> str | None:
    """The same without a tree, for plain blocks in which nothing is read otherwise; None for any other."""
    bare = _OPENED.sub("<a>", cleaned)
    odd = _is_read_otherwise(bare) if reading.wiki else "@@PLUGINFILE@@" in bare
    if odd or _takes_a_tree(bare) or _PRIVATE.search(cleaned):
        return None
    told = [(href, item_key(unescape(href))) for href in set(_OPENED.findall(cleaned))]
    targets = {href: portable(unescape(href)) if key is None else reading.link(key) for href, key in told}
    if None in targets.values():
        return None
    levels = {tag: min(_TOP_HEADING + rank, 6) for rank, tag in enumerate(sorted(set(_LEVEL.findall(cleaned))))}
    shown = f' class="{HEADING_CLASS}">' if reading.wiki else ">"
    linked = _WHOLE_LINK.sub(lambda a: _spelled_link(targets[a[1]], a[2], wiki=reading.wiki), cleaned)
    return _HEADING.sub(lambda h: f"{h[1]}{levels[h[2]]}{'>' if h[1] == '</h' else shown}", linked)


def _is_read_otherwise(text: str) -> bool:
    return any(sign in text for sign in _READ_OTHERWISE)


def _takes_a_tree(bare: str) -> bool:
    # The pattern of attributes tries every blank of a text: only where there is one at all.
    odd = "<pre" in bare or "[<a>" in bare or ('="' in bare and _ODD_ATTRIBUTE.search(bare))
    return bool(odd or _LINK_IN_HEADING.search(bare))


def _spelled_link(target: Target, inner: str, *, wiki: bool) -> str:
    if isinstance(target, WikiTitle):
        if wiki and _is_plain(target.title) and _is_label(inner):
            return f"[[{target.title}|{inner}]]"
        target = target.url
    href = _attribute(" ".join(str(target).split()), address=True) if wiki else str(target)
    spelled = _PRIVATE.sub(lambda found: _SPELLED[found[0]], escape(href, quote=False).replace('"', "&quot;"))
    return f'<a href="{spelled}">{inner}</a>'


def drop_private(fragment: Fragment) -> None:
    """The signs by which entities travel through the serialiser. From the tree, since a text may write them as
    references: `&#xE0F3;` would become the brackets of a link."""
    for element in [fragment.root, *fragment]:
        element.text = element.text and _PRIVATE.sub("", element.text)
        element.tail = element.tail and _PRIVATE.sub("", element.tail)
        for name, value in element.items():
            element.set(name, _PRIVATE.sub("", value))


def spelled(fragment: Fragment, *, wiki: bool) -> str:
    """The text with everything spelled as entities that Moodle's parser would read as something else."""
    if wiki:
        _protect(fragment)
    else:
        _protect_files(fragment)
    return _PRIVATE.sub(lambda found: _SPELLED[found[0]], serialize(fragment))


def _lower_headings(fragment: Fragment) -> None:
    """The levels that a text has, in their order, from h4 on: h2 and h3 become h4 and h5."""
    found = sorted({str(element.tag) for element in fragment if element.tag in _HEADINGS})
    lowered = {tag: f"h{min(_TOP_HEADING + rank, 6)}" for rank, tag in enumerate(found)}
    for element in fragment:
        element.tag = lowered.get(str(element.tag), element.tag)


def _link(a: etree._Element, reading: Reading) -> None:
    href = a.get("href", "")
    key = item_key(href)
    point(a, reading.link(key) if key is not None else portable(href), wiki=reading.wiki)


def point(a: etree._Element, target: Target, *, wiki: bool) -> None:
    """Make a link lead there; inside a wiki as the wiki's own links do, where a title can be written so."""
    match target:
        case None:
            dissolve(a)
        case WikiTitle(title=title, url=url):
            label = "".join(map(str, a.itertext()))
            if wiki and not len(a) and _is_plain(title) and _is_label(label) and not _in_pre(a):
                replace_with_text(a, f"{_OPEN}{title}|{label}{_CLOSE}")
            else:
                a.set("href", url)
        case str():
            a.set("href", target)


def _is_plain(title: str) -> bool:
    return bool(_PLAIN_TITLE.fullmatch(title)) and "//" not in title and title == title.strip()


def _is_label(label: str) -> bool:
    return bool(label) and label == label.strip() and not re.search(r"[\[\]|\r\n&<>\"]|//", label)


def _in_pre(a: etree._Element) -> bool:
    return any(True for _ in a.iterancestors("pre", *_HEADINGS))


def _image(img: etree._Element, reading: Reading) -> None:
    src = img.get("src", "")
    shown = reading.assets if asset_digest(src) is not None else reading.web_images
    if not shown:
        replace_with_text(img, img.get("alt", ""))
        return
    img.set("alt", img.get("alt", ""))
    if asset_digest(src) is None:
        img.set("src", portable(src))


def portable(address: str) -> str:
    """An address as the cleaner leaves it: percent-encoded, the host in ASCII, scheme and host in lower case."""
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return address
    safe = "/:;=@&$!*'(),~+%-._"
    return urlunsplit(
        (
            parts.scheme.lower(),
            f"{host}{port}",
            quote(parts.path, safe=safe),
            quote(parts.query, safe=safe + "?"),
            quote(parts.fragment, safe=safe + "?"),
        )
    )


def _protect(fragment: Fragment) -> None:
    for element in fragment:
        if element.tag in _HEADINGS:
            element.set("class", HEADING_CLASS)
        for name, value in list(element.items()):
            one_line = " ".join(str(value).split())
            element.set(name, _attribute(one_line, address=name in ("href", "src")))
    _protect_text(fragment.root, in_pre=False, in_link=False)


def _protect_files(fragment: Fragment) -> None:
    """A forum reads its texts as they are, but for the place-holder of file addresses."""
    for element in [fragment.root, *fragment]:
        element.text = _without_file_sign(element.text)
        element.tail = _without_file_sign(element.tail)


def _without_file_sign(text: str | None) -> str | None:
    sign, spelled = _SIGNS[-1]
    return text.replace(sign, spelled) if text else text


def _attribute(value: str, *, address: bool) -> str:
    """Only an address right after the opening quote is safe from the wiki's own linking."""
    head, rest = (value[:8], value[8:]) if address else ("", value)
    return head + _signs(_SCHEME.sub(rf"\1{_COLON}", rest))


def _signs(text: str) -> str:
    for sign, spelled in _SIGNS:
        text = text.replace(sign, spelled)
    return text


def _protect_text(element: etree._Element, *, in_pre: bool, in_link: bool) -> None:
    in_pre = in_pre or element.tag == "pre"
    in_link = in_link or element.tag == "a"
    if (text := element.text) and (in_pre or _is_read_otherwise(text)):
        element.text = _spelled(text, in_pre=in_pre, in_link=in_link)
    for child in element:
        _protect_text(child, in_pre=in_pre, in_link=in_link)
        if (text := child.tail) and (in_pre or _is_read_otherwise(text)):
            child.tail = _spelled(text, in_pre=in_pre, in_link=in_link)


def _spelled(text: str, *, in_pre: bool, in_link: bool) -> str:
    text = _signs(text)
    if not in_link:
        text = _SCHEME.sub(rf"\1{_COLON}", text)
    if in_pre:
        text = text.replace("\r\n", "\n").replace("\n", _NEWLINE).replace("\t", _TAB)
    return text


def with_images(body: str, urls: Mapping[str, str]) -> str:
    """The body with its uploaded images' addresses in place; an image that has none shows nothing but its words."""

    def shown(found: re.Match[str]) -> str:
        url = urls.get(found[2])
        if url is not None:
            return f'{found[1]}src="{url}"{found[3]}'
        words = _ALT.search(found[0])
        return words[1] if words else ""

    return _ASSET_IMAGE.sub(shown, body)


def with_own_files(body: str, place: str, *, site: str) -> str:
    """The body with the files of its own place as Moodle keeps their addresses, so that they last when a course is
    moved. `place`: as in `mod_forum/post/7`."""
    return re.sub(rf'="{re.escape(site)}/pluginfile\.php/\d+/{re.escape(place)}/', '="@@PLUGINFILE@@/', body)
