"""Blocks of every kind are merged by what a reader takes for one thing: terms with their definitions, lines of code."""

import pytest

from lms_bridge.markup.merge import merge

# Base, theirs, ours, and what comes of them: nothing where they clash.
MERGED = {
    "a term goes with its definition": (
        "<dl><dt>ham</dt><dd>of a pig</dd><dt>brie</dt><dd>of milk</dd></dl>",
        "<dl><dt>brie</dt><dd>of milk</dd><dt>ham</dt><dd>of a pig</dd></dl>",
        "<dl><dt>ham</dt><dd>of a wild pig</dd><dt>brie</dt><dd>of milk</dd></dl>",
        "<dl><dt>brie</dt><dd>of milk</dd><dt>ham</dt><dd>of a wild pig</dd></dl>",
    ),
    "two terms go with the definition that they share": (
        "<dl><dt>ham</dt><dt>gammon</dt><dd>of a pig</dd><dt>brie</dt><dd>of milk</dd></dl>",
        "<dl><dt>brie</dt><dd>of milk</dd><dt>ham</dt><dt>gammon</dt><dd>of a pig</dd></dl>",
        "<dl><dt>ham</dt><dt>gammon</dt><dd>of a wild pig</dd><dt>brie</dt><dd>of milk</dd></dl>",
        "<dl><dt>brie</dt><dd>of milk</dd><dt>ham</dt><dt>gammon</dt><dd>of a wild pig</dd></dl>",
    ),
    "a term goes with all of its definitions": (
        "<dl><dt>ham</dt><dd>of a pig</dd><dd>of an actor</dd><dt>brie</dt><dd>of milk</dd></dl>",
        "<dl><dt>brie</dt><dd>of milk</dd><dt>ham</dt><dd>of a pig</dd><dd>of an actor</dd></dl>",
        "<dl><dt>ham</dt><dd>of a pig</dd><dd>of a bad actor</dd><dt>brie</dt><dd>of milk</dd></dl>",
        "<dl><dt>brie</dt><dd>of milk</dd><dt>ham</dt><dd>of a pig</dd><dd>of a bad actor</dd></dl>",
    ),
    "bold words of an item, by the word": (
        "<ul><li><strong>wash the red cup</strong></li></ul>",
        "<ul><li><strong>dry the red cup</strong></li></ul>",
        "<ul><li><strong>wash the red pot</strong></li></ul>",
        "<ul><li><strong>dry the red pot</strong></li></ul>",
    ),
    "a link within bold words": (
        '<p><strong>wash <a href="https://e.org/">it</a> soon and well</strong></p>',
        '<p><strong>dry <a href="https://e.org/">it</a> soon and well</strong></p>',
        '<p><strong>wash <a href="https://e.org/">it</a> soon and again</strong></p>',
        '<p><strong>dry <a href="https://e.org/">it</a> soon and again</strong></p>',
    ),
    "a line that parts two subjects stays one": (
        "<p>wash the cup</p><hr><p>dry the pot</p>",
        "<p>wash a cup</p><hr><p>dry the pot</p>",
        "<p>wash the cup</p><hr><p>dry a pot</p>",
        "<p>wash a cup</p>\n<hr>\n<p>dry a pot</p>",
    ),
    "signs that mean something in HTML stay signs": (
        "<p>use &lt;b&gt; &amp; 'q' in a \"text\" of one page</p>",
        "<p>use &lt;i&gt; &amp; 'q' in a \"text\" of one page</p>",
        "<p>use &lt;b&gt; &amp; 'q' in a \"text\" of two pages</p>",
        "<p>use &lt;i&gt; &amp; 'q' in a \"text\" of two pages</p>",
    ),
    "code whose first line is taken out begins with the next that is not empty": (
        "<pre>a\n\nb\nc</pre>",
        "<pre>b\nc</pre>",
        "<pre>a\n\nb\nd</pre>",
        "<pre>b\nd</pre>",
    ),
}


@pytest.mark.parametrize(("base", "theirs", "ours", "merged"), MERGED.values(), ids=MERGED)
def test_both_changes_stand(base: str, theirs: str, ours: str, merged: str) -> None:
    found = merge(base, theirs, ours)
    assert (found.html, found.clashes) == (merged, ())


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "shown"),
    [
        (
            "<dl><dt>ham</dt><dd>of a pig</dd><dt>brie</dt><dd>of milk</dd></dl>",
            "<dl><dt>brie</dt><dd>of milk</dd></dl>",
            "<dl><dt>ham</dt><dd>of a wild pig</dd><dt>brie</dt><dd>of milk</dd></dl>",
            ("<dl><dt>ham</dt><dd>of a pig</dd></dl>", "", "<dl><dt>ham</dt><dd>of a wild pig</dd></dl>"),
        ),
        (
            "<dl><dt>ham</dt><dt>gammon</dt><dd>of a pig</dd><dt>brie</dt><dd>of milk</dd></dl>",
            "<dl><dt>brie</dt><dd>of milk</dd></dl>",
            "<dl><dt>ham</dt><dt>gammon</dt><dd>of a wild pig</dd><dt>brie</dt><dd>of milk</dd></dl>",
            (
                "<dl><dt>ham</dt><dt>gammon</dt><dd>of a pig</dd></dl>",
                "",
                "<dl><dt>ham</dt><dt>gammon</dt><dd>of a wild pig</dd></dl>",
            ),
        ),
        (
            "<table><tr><td>ham</td><td>3</td></tr><tr><td>brie</td><td>4</td></tr></table>",
            "<table><tr><td>brie</td><td>4</td></tr></table>",
            "<table><tr><td>ham</td><td>5</td></tr><tr><td>brie</td><td>4</td></tr></table>",
            (
                "<table><tbody><tr><td>ham</td><td>3</td></tr></tbody></table>",
                "",
                "<table><tbody><tr><td>ham</td><td>5</td></tr></tbody></table>",
            ),
        ),
        (
            "<ul><li>wash<ul><li>the cup</li></ul>by hand</li></ul>",
            "<ul><li>wash<ul><li>the cup</li></ul>by feet</li></ul>",
            "<ul><li>wash<ul><li>the cup</li></ul>by machine</li></ul>",
            ("<p>by hand</p>", "<p>by feet</p>", "<p>by machine</p>"),
        ),
        ("<h2>Cups</h2><p>a</p>", "<h3>Cups</h3><p>a</p>", "<h4>Cups</h4><p>a</p>",
         ("<h2>Cups</h2>", "<h3>Cups</h3>", "<h4>Cups</h4>")),
        ("<blockquote><p>wash</p></blockquote>", "<blockquote><p>dry</p></blockquote>",
         "<blockquote><p>pour</p></blockquote>", ("<p>wash</p>", "<p>dry</p>", "<p>pour</p>")),
    ],
    ids=[
        "a term and its definition", "terms and their definition", "a row", "words beside a list", "a heading's level",
        "a quotation",
    ],
)  # fmt: skip
def test_a_clash_shows_what_it_is_about_and_no_more(
    base: str, theirs: str, ours: str, shown: tuple[str, str, str]
) -> None:
    found = merge(base, theirs, ours)
    assert [(clash.base, clash.theirs, clash.ours) for clash in found.clashes] == [shown]


@pytest.mark.parametrize(
    ("item", "merged"),
    [
        ("{}<ul><li>the cup</li></ul>", "wash<p>dry</p><ul><li>the cup</li></ul>"),
        ("<ul><li>the cup</li></ul>{}", "<ul><li>the cup</li></ul>wash<p>dry</p>"),
        ("<p>the cup</p>{}", "<p>the cup</p>wash<p>dry</p>"),
    ],
    ids=["before a list", "behind a list", "behind a paragraph"],
)
def test_words_that_both_sides_put_beside_a_block_of_an_item_do_not_grow_together(item: str, merged: str) -> None:
    """Here where another paragraph clashes: alone, the change that becomes a paragraph would clash itself."""
    base, theirs, ours = (
        f"<ul><li>{item.format(words)}</li></ul><p>at {hour}</p>"
        for words, hour in (("", "noon"), ("wash", "one"), ("dry", "two"))
    )
    found = merge(base, theirs, ours)
    assert [clash.theirs for clash in found.clashes] == ["<p>at one</p>"]
    assert found.html == f"<ul><li>{merged}</li></ul>\n<p>at one</p>"


def test_words_beside_blocks_do_not_grow_together_with_those_of_the_other_side() -> None:
    found = merge(
        "<blockquote>wash<p>the cup</p>by hand</blockquote>",
        "<blockquote>wash<p>soon</p><p>the cup</p>by hand</blockquote>",
        "<blockquote>dry it</blockquote>",
    )
    assert not found.clean
    assert found.html == "<blockquote><p>dry it</p><p>wash</p><p>soon</p><p>the cup</p><p>by hand</p></blockquote>"
