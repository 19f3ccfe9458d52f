"""How a text will read back is foretold without reading it as a tree, where that comes to the same."""

import pytest
from golden_texts import SITE
from hypothesis import example, given
from hypothesis import strategies as st
from test_adapting import BLOCKS, TITLES, WIKI

from lms_bridge.markup.digest import digest
from lms_bridge.markup.fragment import Cleaned
from lms_bridge.moodle.dialect import Reading, WikiTitle, to_moodle
from lms_bridge.moodle.displayed import WikiAddress, by_titles, form_of, linked, normal
from lms_bridge.moodle.marker import marker
from lms_bridge.moodle.stored import to_stored
from tests.markup import junk

END = marker("s:a", None, "f" * 64, "here")
ODD_LINKS = [
    f"""<a{about} href="{SITE}/mod/wiki/{page}">x</a>"""
    for about in ("", ' title="t"')
    for page in (
        "view.php?pageid=5",
        "view.php?title=A+b&amp;wid=7",
        "view.php?wid=7&amp;title=A+b",
        "edit.php?pageid=5",
    )
]
LINKS = {"one": WikiTitle("Cells", WIKI.url("Cells")), "two": f"{SITE}/mod/wiki/view.php?pageid=5"}
READ = Reading(link=LINKS.get, wiki=True, assets=True)
PLAIN = """<h2>Cells</h2><p>Of <a href="item:one">cells</a>, <a href="item:two">roots</a> &amp; <em>more</em>.</p>
<ul><li>one<ul><li>two</li></ul></li></ul><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>"""
WIKIS = st.sampled_from([WIKI, WikiAddress(SITE, 7, 3, TITLES), None])
SOURCES = st.sampled_from([None, "https://e.org/a?b=1&c=2", "lms:x"])


@given(BLOCKS, WIKIS, SOURCES, st.sampled_from([to_moodle, to_stored]))
@example([PLAIN], WIKI, None, to_moodle)
@example(["<p>a  b</p>"], WIKI, None, to_stored)
@example([f"<p>{' '.join(ODD_LINKS)}</p>"], WIKI, None, to_stored)
@example([f"<p>{' '.join(ODD_LINKS)}</p>"], WIKI, None, to_moodle)
def test_a_text_of_ours_is_foretold_as_it_reads(
    blocks: list[str], wiki: WikiAddress | None, source: str | None, write: object
) -> None:
    text = to_moodle("\n".join(blocks), READ) if write is to_moodle else to_stored("\n".join(blocks), wiki)
    body = linked(f"{text}\n{marker('s:a', source, 'f' * 64)}", wiki)
    told, read = form_of(body, site=SITE, wiki=wiki), normal(body, site=SITE, wiki=wiki)
    assert told == read
    assert digest(told) == digest(read)


@given(junk.html | BLOCKS.map("".join) | st.lists(st.sampled_from(ODD_LINKS)).map("".join), WIKIS)
def test_whatever_stands_there_reads_the_same_with_its_links_by_title(html: str, wiki: WikiAddress | None) -> None:
    if wiki is not None:
        assert normal(by_titles(html, wiki), site=SITE, wiki=wiki) == normal(html, site=SITE, wiki=wiki)


@pytest.mark.parametrize(
    ("made", "title"),
    [
        ('<a href="{}/view.php?pageid=5">x</a>', "Cells"),
        ('<a class="wiki_newentry" href="{}/create.php?swid=3&amp;title=No+page&amp;action=new">x</a>', "No page"),
        ('<a href="{}/view.php?pageid=99">x</a>', None),
        ('<a lang="en" href="{}/view.php?pageid=5">x</a>', None),
        ('<a class="mine" href="{}/view.php?pageid=5">x</a>', None),
    ],
    ids=["a page", "a page that does not stand yet", "an unknown page", "a person's attribute", "a person's class"],
)
def test_only_a_link_as_moodle_makes_it_goes_by_title(made: str, title: str | None) -> None:
    shown = made.format(f"{SITE}/mod/wiki")
    by_title = f'<a href="{WIKI.url(title).replace("&", "&amp;")}">x</a>' if title else shown
    assert by_titles(shown, WIKI) == by_title


def test_what_moodle_shows_of_a_plain_page_is_what_was_foretold_to_the_letter() -> None:
    """So that it need not be read at all."""
    body = f"{to_moodle(PLAIN, READ)}\n{END}"
    assert "[[Cells|cells]]" in body
    shown = body.replace("[[Cells|cells]]", f'<a href="{SITE}/mod/wiki/view.php?pageid=5">cells</a>')
    assert by_titles(shown, WIKI) == linked(body, WIKI)
    assert isinstance(form_of(linked(body, WIKI), site=SITE, wiki=WIKI), Cleaned)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(("<em>", f"{link}<em>") for link in ODD_LINKS if ' title="t"' in link),
        ("<em>", f'<a href="{SITE}/webservice/pluginfile.php/3/x.png">x</a><em>'),
        ("<table>", "<table><tfoot><tr><td>c</td></tr></tfoot>"),
        ("Of", "Of &#58;"),
        ("<em>", '<em class="x">'),
        ("<em>more</em>", "<pre>\n\nmore</pre>"),
        ("<em>", '<img src="https://e.org/x.png"><em>'),
        ("<em>", '<a name="toc-1"></a><em>'),
        ("<em>", '<span class="edited">(edited)</span><em>'),
        ("Of", "Of  "),
        ("</p>", "</p>words"),
        ("<p>", "<p>a</p><p></p><p>"),
        ("Source: s:a", "Source: s:a, says Ann"),
        ("Source: s:a", "Source: s:b"),
        (END, f"{END}<p>Ann's words.</p>"),
        (END, "<p>The end.</p>"),
    ],
)
def test_what_is_not_so_plain_is_read(old: str, new: str) -> None:
    body = linked(f"{to_moodle(PLAIN, READ)}\n{END}".replace(old, new), WIKI)
    told = form_of(body, site=SITE, wiki=WIKI)
    assert told == normal(body, site=SITE, wiki=WIKI)
    assert not isinstance(told, Cleaned)
