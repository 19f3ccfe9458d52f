"""A text of plain blocks becomes SharePoint's without a tree, and reads as by way of one."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given

from bench.content import page_text
from lms_bridge.items import Key
from lms_bridge.markup.clean import clean
from lms_bridge.markup.fragment import Cleaned, MarkupError
from lms_bridge.markup.markdown import to_html
from lms_bridge.sharepoint import dialect
from tests.markup import junk
from tests.markup.test_everyday import ORDERLY
from tests.markup.test_shortcuts import GOLDEN, in_order


def link_of(key: Key) -> str | None:
    """Some have no address, and one has signs that are spelled in several ways."""
    return {"0": None, "1": "/sites/l/Lists/it's", "2": "/sites/l/SitePages/a%20b.aspx?x=1&y=2"}.get(
        str(len(key) % 4), "/sites/l/SitePages/a.aspx"
    )


def resolve(address: str, line: int) -> str | None:
    return f"item:programme:C/wiki/{address[:9]}" if "missing" not in address else None


def ways(html: str) -> tuple[str, str]:
    """With the shortcut, and without: an ordinary text is not known to be clean."""
    short = dialect.to_sharepoint(html, link_of=link_of, images_kept=True)
    return short, dialect.to_sharepoint(str(html), link_of=link_of, images_kept=True)


def markdown(text: str) -> str:
    return to_html(text, resolve_link=resolve, resolve_image=resolve, wiki_link=resolve).html


@given(junk.html | in_order())
@example('<p><a href="item:ab">its address has an ampersand</a></p>')
def test_any_clean_markup_comes_out_as_through_a_tree(html: str) -> None:
    try:
        cleaned = clean(html)
        short, long = ways(cleaned)
    except MarkupError:
        return
    assert short == long
    if isinstance(short, Cleaned):
        assert clean(str(short), policy=dialect.KEPT) == short, "it is as clean as it says"


@given(ORDERLY)
def test_what_people_write_comes_out_as_through_a_tree(text: str) -> None:
    short, long = ways(markdown(text))
    assert short == long


@pytest.mark.parametrize("source", GOLDEN, ids=lambda path: path.stem)
def test_a_programme_s_texts_come_out_as_through_a_tree(source: Path) -> None:
    short, long = ways(markdown(source.read_text(encoding="utf-8")))
    assert short == long


def test_most_of_what_people_write_needs_no_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_tree(html: str, **how: Any) -> None:
        raise AssertionError(html)

    monkeypatch.setattr(dialect, "clean_fragment", no_tree)
    text = markdown(page_text(1, 3, 60))
    assert dialect.to_sharepoint(text, link_of=lambda key: "/sites/l/SitePages/a.aspx", images_kept=True)
