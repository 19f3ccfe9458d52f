"""OData's filters, against a plain Python idea of what they mean."""

import contextlib
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.sandbox.sharepoint.errors import Refusal
from lms_bridge.sandbox.sharepoint.odata_query import parse_expand, parse_filter, parse_orderby
from lms_bridge.sandbox.sharepoint.rest_address import plain_address

WORDS = {name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")}
TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@given(left=TEXT, word=st.sampled_from(sorted(WORDS)), right=TEXT)
def test_texts_are_compared_without_their_case_and_with_any_characters(left: str, word: str, right: str) -> None:
    quoted = right.replace("'", "''")
    condition = parse_filter(f"fields/A {word} '{quoted}'")
    # A text that reads as a date is compared as one; that is not meant here.
    if "-" not in right:
        assert condition.holds({"fields/A": left}.get) is WORDS[word](left.casefold(), right.casefold())


@given(left=st.integers(-999, 999), word=st.sampled_from(sorted(WORDS)), right=st.integers(-999, 999))
def test_numbers_are_compared_as_numbers(left: int, word: str, right: int) -> None:
    assert parse_filter(f"fields/A {word} {right}").holds({"fields/A": left}.get) is WORDS[word](left, right)


@given(st.text(max_size=60))
def test_nonsense_is_refused_and_never_breaks(text: str) -> None:
    with contextlib.suppress(Refusal):
        list(parse_filter(text).paths())


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a eq 1 or b eq 2 and c eq 3", True),
        ("(a eq 1 or b eq 2) and c eq 3", False),
        ("not a eq 1", False),
        ("not (b eq 2) and a eq 1", True),
        ("substringof('el', t) eq true", True),
        ("contains(t,'EL') and startswith(t,'h')", True),
        ("endswith(t,'lo') eq false", False),
        ("d ge 2026-11-22T00:00:00Z", True),
        ("d lt datetime'2026-11-22T00:00:00'", False),
        ("n eq null", True),
        ("a ne null", True),
        ("n gt 3", False),
        ("y eq true", True),
        ("y eq 1", True),
    ],
)
def test_words_bind_as_odata_says(text: str, holds: bool) -> None:
    values = {"a": 1, "b": 9, "c": 9, "t": "hello", "d": "2026-11-22T09:00:00Z", "n": None, "y": True}
    assert parse_filter(text).holds(values.get) is holds


@pytest.mark.parametrize("depth", [41, 5000])
def test_endless_nesting_is_refused(depth: int) -> None:
    with pytest.raises(Refusal):
        parse_filter("(" * depth + "a eq 1" + ")" * depth)


def test_expansions_hold_their_own_selection() -> None:
    found = parse_expand("fields($select=A,B),items(expand=fields(select=C);$select=id)")
    assert found["fields"].select == ("A", "B")
    assert found["items"].select == ("id",)
    assert found["items"].expand["fields"].select == ("C",)
    assert parse_orderby("fields/A desc,fields/B") == [("fields/A", True), ("fields/B", False)]


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("web/lists/GetByTitle('A b')/items(3)", "/web/lists/title%3AA%20b/items/3"),
        ("Web/Lists(guid'0a')/GetItemById(3)/Comments('7')", "/web/lists/id%3A0a/items/3/comments/7"),
        ("web/lists/getbytitle('it''s a/b')", "/web/lists/title%3Ait%27s%20a%2Fb"),
        ("web/lists(@l)/fields/getbyinternalnameortitle('K')", "/web/lists/id%3A0a/fields/K"),
        ("web/GetFileByServerRelativePath(decodedurl='/s/a.aspx')/$value", "/web/files/url%3A%2Fs%2Fa.aspx/$value"),
    ],
)
def test_function_like_addresses_are_brought_to_plain_ones(address: str, plain: str) -> None:
    assert plain_address(address, {"@l": "guid'0a'"}) == plain


@given(st.text(alphabet="ab/'()@,=", max_size=200))
def test_no_address_breaks_its_reader_or_keeps_it_busy(address: str) -> None:
    assert plain_address(address, {}).startswith("/")
