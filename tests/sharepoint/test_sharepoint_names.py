"""Names of pages, their marker, and stars: safe in every address and the same every time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.items import Kind, mark
from lms_bridge.sharepoint.marker import described, marker_in
from lms_bridge.sharepoint.slugs import is_name_of, page_name
from lms_bridge.sharepoint.stars import on_five, shown, star_row

ANY = st.text(max_size=300)


@given(course=ANY, title=ANY, key=st.text(min_size=1, max_size=200))
def test_every_page_name_is_short_plain_and_tells_whose_it_is(course: str, title: str, key: str) -> None:
    name = page_name(prefix="lms", course=course, title=title, key=key)
    slug = name.removesuffix(".aspx")
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= 100
    assert is_name_of(name, mark(key))
    assert name == page_name(prefix="lms", course=course, title=title, key=key)


@given(title=ANY, keys=st.lists(st.text(min_size=1), min_size=2, max_size=20, unique=True))
def test_pages_of_one_title_have_names_of_their_own(title: str, keys: list[str]) -> None:
    names = {page_name(prefix="lms", course="BIO-101", title=title, key=key) for key in keys}
    assert len(names) == len({mark(key)[:6] for key in keys})


@pytest.mark.parametrize(
    ("title", "middle"),
    [
        ("Cells: what & why?", "cells-what-why"),
        ("Größe der Zelle", "grosse-der-zelle"),
        ("Łódź / Ærø", "lodz-aero"),
        ("細胞", ""),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "con"),
    ],
)
def test_titles_become_readable_names(title: str, middle: str) -> None:
    name = page_name(prefix="lms", course="BIO-101", title=title, key="k")
    parts = ["lms-bio-101", middle, mark("k")[:6]]
    assert name == "-".join(part for part in parts if part) + ".aspx"


@given(text=ANY)
def test_the_marker_is_found_whatever_the_text_says(text: str) -> None:
    html = f"<p>{text.replace('&', '&amp;').replace('<', '&lt;')}</p><p>lms-bridge page {'a' * 16} {'0' * 12}</p>"
    written = described(html, kind=Kind.PROMPT, key="k", fingerprint="f" * 64)
    found = marker_in(written)
    assert found is not None
    assert (found.kind, found.mark, found.fingerprint) == (Kind.PROMPT, mark("k"), "f" * 12)
    assert len(written) <= 255


@pytest.mark.parametrize(
    ("value", "scale", "row", "words"),
    [
        (4.21, (1, 5), "★★★★☆", "4.2"),
        (4.25, (1, 5), "★★★★☆", "4.3"),
        (5.25, (1, 10), "★★★☆☆", "5.3/10"),
        (4.5, (1, 5), "★★★★★", "4.5"),
        (0, (1, 5), "☆☆☆☆☆", "0.0"),
        (7.5, (1, 10), "★★★★☆", "7.5/10"),
        (99, (1, 5), "★★★★★", "99.0"),
    ],
)
def test_stars_are_text_that_any_list_shows(value: float, scale: tuple[int, int], row: str, words: str) -> None:
    assert (star_row(value, scale), shown(value, scale)) == (row, words)


def test_scales_are_brought_to_five_so_that_courses_can_be_ordered() -> None:
    assert on_five(7.5, (1, 10)) == 3.75
