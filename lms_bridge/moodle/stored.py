"""A text in the form that Moodle gives back → HTML that reads back the same when it is stored. Pure.

Apart from `dialect`, which begins with canonical HTML: here headings stand at their levels and links lead somewhere.
"""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from lms_bridge.markup.clean import CANONICAL, clean_fragment
from lms_bridge.markup.fragment import Fragment
from lms_bridge.markup.links import asset_digest, images, links
from lms_bridge.markup.vocabulary import READ_SCHEMES
from lms_bridge.moodle.dialect import WikiTitle, drop_private, point, portable, spelled
from lms_bridge.moodle.displayed import WikiAddress

_KEPT = replace(CANONICAL, relative=True, schemes=READ_SCHEMES - {"data", "file"})
"""What people linked to stays linked, even where a source could not."""


def to_stored(html: str, wiki: WikiAddress | None = None) -> str:
    """`wiki`: the wiki that the text is to stand in; none for a forum and everything else."""
    fragment = clean_fragment(html, policy=_KEPT)
    drop_private(fragment)
    for a in list(links(fragment)):
        href = a.get("href", "")
        own = _own_page(href, wiki) if wiki is not None else None
        point(a, own or portable(href), wiki=wiki is not None)
    _settle_images(fragment)
    return spelled(fragment, wiki=wiki is not None)


def _own_page(href: str, wiki: WikiAddress) -> WikiTitle | None:
    """A page of the same wiki, which Moodle itself finds by title."""
    parts = urlsplit(href)
    if not href.startswith(f"{wiki.site}/mod/wiki/view.php"):
        return None
    query = parse_qs(parts.query)
    titles, here = query.get("title", [""]), wiki.url(query.get("title", [""])[0])
    return WikiTitle(titles[0], here) if titles[0] and here == href else None


def _settle_images(fragment: Fragment) -> None:
    for img in images(fragment):
        img.set("alt", img.get("alt", ""))
        src = img.get("src", "")
        if asset_digest(src) is None:
            img.set("src", portable(src))
