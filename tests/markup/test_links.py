"""Addresses of items and assets, and replacing addresses in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.markup.clean import clean
from lms_bridge.markup.fragment import parse
from lms_bridge.markup.links import (
    asset_digest,
    asset_src,
    images,
    item_href,
    item_key,
    links,
    map_images,
    map_links,
)

TEXT = (
    '<p><a href="item:a%2Fb">one</a> <a href="https://e.org"><strong>two</strong></a></p>\n'
    '<p><img src="asset:ab" alt="pic"> tail</p>'
)


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_key_goes_into_an_address_and_comes_back(key: str) -> None:
    assert item_key(item_href(key)) == key
    assert asset_digest(asset_src(key)) == key


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])))
def test_the_address_of_any_key_survives_cleaning(key: str) -> None:
    cleaned = clean(f'<a href="{item_href(key)}">x</a><img src="{asset_src(key)}" alt="">')
    assert [item_key(a.get("href", "")) for a in links(parse(cleaned))] == [key]
    assert [asset_digest(img.get("src", "")) for img in images(parse(cleaned))] == [key]


@pytest.mark.parametrize(
    ("href", "key"),
    [
        ("item:wiki%2Fa", "wiki/a"),
        ("item:wiki%2Fa#part", "wiki/a"),
        ("item:", None),
        ("https://e.org/item:x", None),
        ("Item:x", None),
    ],
)
def test_only_an_items_address_has_a_key(href: str, key: str | None) -> None:
    assert item_key(href) == key


def test_link_addresses_are_replaced_and_links_without_one_leave_their_words() -> None:
    mapped = map_links(TEXT, lambda href: "https://moodle/x?a=1&b=2" if item_key(href) == "a/b" else None)
    assert mapped.splitlines()[0] == '<p><a href="https://moodle/x?a=1&amp;b=2">one</a> <strong>two</strong></p>'


def test_image_addresses_are_replaced_and_images_without_one_leave_their_alternative_text() -> None:
    assert map_images(TEXT, lambda src: f"https://e.org/{asset_digest(src)}.png").endswith(
        '<p><img src="https://e.org/ab.png" alt="pic"> tail</p>'
    )
    assert map_images(TEXT, lambda _: None).endswith("<p>pic tail</p>")
