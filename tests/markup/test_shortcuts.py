"""What is made quicker says the same as what it is quicker than."""

import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lms_bridge.markup.clean import CANONICAL, classes_of, clean, clean_fragment, cleaner, in_normal_form
from lms_bridge.markup.commonmark import parser, unhastened
from lms_bridge.markup.fragment import Cleaned, Fragment, MarkupError, _reader, bounded, parse, serialize, tree
from lms_bridge.markup.nesting import built
from lms_bridge.markup.standing import stands
from lms_bridge.markup.tidy import tidy
from lms_bridge.markup.vocabulary import TAGS, VOID
from lms_bridge.sharepoint.dialect import KEPT
from tests.markup import junk

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.md"))
_SIGNS = """- * + 1. > # ## *** --- === ` ~~x~~ | [^1] [[T|x]] [a](b.md) [a] ![i](x.png) <b> </b> <!--c--> &amp;
\\ \\* * ** _ ~ : ~~~ 10) <http://e.org> word é""".split()  # noqa: SIM905 - signs, as they stand in a text
_BLOCKS = [
    "\n",
    "\n",
    "\n\n",
    "    ",
    "\t",
    " ",
    "  \n",
    "\\\n",
    "\r\n",
    "\0",
    "```\n",
    "|---|---|\n",
    "a | b\n",
    "-|-\n",
]
_BLOCKS += [
    "[^1]: note\n",
    "[a]: /u\n",
    ": def\n",
    "~ x\n",
    "term\n",
    "- [ ] ",
    "<div>\n",
    "\n=\n",
    "> - ",
    "\u00a0",
    "\x0b",
]
MARKDOWN = st.lists(st.sampled_from([*_SIGNS, *_BLOCKS]), max_size=25).map("".join)
POLICIES = st.sampled_from([CANONICAL, KEPT])


@st.composite
def in_order(draw: st.DrawFn, levels: int = 4) -> str:
    """Markup whose elements are closed as they were opened, most of it where it may stand."""
    blank = st.sampled_from(["", " ", "\n"])
    words = st.sampled_from(["word", " two words ", "&amp;", "\u00a0", "<br>", '<img src="asset:a" alt="x">', "a\nb"])
    if levels == 0:
        return draw(words)
    inline = st.sampled_from(["strong", "em", "code", 'a href="item:x"', 'a href="x"', "span", "sup", "b"])
    block = st.sampled_from(
        ["p", "h2", "blockquote", "pre", "ul li", "ol li", "table tbody tr td", "dl dd", "div", "hr"]
    )
    parts = []
    for names in draw(st.lists(block if levels > 2 else inline | block, max_size=3)):
        inner = draw(words) if draw(st.booleans()) else draw(in_order(levels - 1))
        opened = names.split() if not names.startswith("a ") else [names]
        tags = "".join(draw(blank) + f"<{name}>" for name in opened)
        ends = "".join(f"</{name.split()[0]}>" + draw(blank) for name in reversed(opened))
        parts.append(f"{tags}{inner}{ends}")
    return "".join(parts)


def tokens(md: Any, text: str) -> Any:
    env: dict[str, Any] = {}
    try:
        found = [token.as_dict() for token in md.parse(text, env)]
    except MarkupError as error:
        return str(error)
    return found, {name: value for name, value in env.items() if value != {"refs": {}, "list": {}}}


@pytest.mark.parametrize("source", GOLDEN, ids=lambda path: path.stem)
def test_a_text_has_the_tokens_that_all_rules_together_find(source: Path) -> None:
    assert tokens(parser(), source.read_text()) == tokens(unhastened(), source.read_text())


@pytest.mark.parametrize(
    "text",
    [
        "+  - \n\n     |-|",
        "- : x\n  > ",
        "> b---\n> \n \n    ",
        "\n  > a\n    - ",
        "> a\n  + ",
        "+ b\n     ```\n",
        "a  \na",
        "\n: x \na",
        "a \nb",
        "a\n   # b",
        "- a\n     # b",
        "- a\n  - b\n\n  c",
        "- a\n\n  # b\n  # c",
        "> a\n2. b",
        "> a\n>\n\nb",
        "> a\n[^1]: b",
        "a\n: : b",
        "a\n: b\n\n  : c",
    ],
)
def test_lines_in_lists_and_quotes_end_where_all_rules_together_end_them(text: str) -> None:
    assert tokens(parser(), text) == tokens(unhastened(), text)


@given(MARKDOWN)
def test_any_signs_have_the_tokens_that_all_rules_together_find(text: str) -> None:
    found = tokens(parser(), text)
    assert found == tokens(unhastened(), text) or "nested too deeply" in found


@given(junk.html | in_order(), POLICIES)
def test_what_needs_no_tree_comes_out_as_through_a_tree(html: str, policy: Any) -> None:
    with suppress(MarkupError):
        markup = cleaner(policy).clean(bounded(html))
        quick = tidy(markup, tags=policy.tags, classes=classes_of(policy))
        assert quick in (None, serialize(in_normal_form(markup, policy))) or "&#" in html


@pytest.mark.parametrize(
    ("markup", "is_quick"),
    [
        ("<p>a <strong>b</strong>\n c</p>\n<ul>\n<li>d</li>\n</ul>\n", True),
        ('<pre><code class="language-py">\n x </code></pre><blockquote>\n<p>a<br>b</p></blockquote>', True),
        ('<p><img src="asset:a" alt="x"> <a href="item:b">c</a></p><hr>', True),
        ("<ul><li><p>a</p><em>b</em></li></ul>", True),
        ('<p><a href="item:a"><strong>b</strong></a></p>', True),
        ("<table><tbody><tr><td></td></tr></tbody></table>", True),
        ('<p><a href="item:a"><img src="asset:a" alt="x"></a></p>', True),
        ('<p><a href="item:a">b<a href="item:c">c</a></a></p>', False),
        ("<p> a </p> <p> b </p>", True),
        ("<p>a</p><pre>\n\nb</pre>", True),
        ('<p><a href="item:a">b<a href="item:b">c</a></a></p>', False),
        ("<p></p>", False),
        ('<ul><li>a<em title="<em>">b</em></li></ul>', False),
        ("<p>a<br></p>", False),
        ("<div>a</div>", False),
        ("words", False),
        ('<p class="other">a</p>', False),
        ('<p title="a > b">a</p>', False),
    ],
)
def test_most_of_what_markdown_becomes_needs_no_tree(markup: str, is_quick: bool) -> None:
    quick = tidy(markup, tags=CANONICAL.tags, classes=classes_of(CANONICAL))
    assert quick == (serialize(in_normal_form(markup, CANONICAL)) if is_quick else None)


def test_only_the_first_line_break_in_code_is_none_of_its_own() -> None:
    code = "<pre>\n\na<strong>\nb</strong></pre>"
    assert tidy(code, tags=CANONICAL.tags, classes=classes_of(CANONICAL)) == "<pre>a<strong>\nb</strong></pre>"
    assert clean(code) == "<pre>a<strong>\nb</strong></pre>"


@given(junk.html | in_order(), POLICIES)
def test_what_is_known_to_be_clean_reads_as_what_is_not(html: str, policy: Any) -> None:
    with suppress(MarkupError):
        cleaned = clean(html, policy=policy)
        assert clean(str(cleaned), policy=policy) == cleaned
        assert serialize(parse(cleaned)) == serialize(parse(str(cleaned))) == cleaned
        assert serialize(clean_fragment(cleaned)) == serialize(clean_fragment(str(cleaned)))


_ELEMENTS = """p h1 ul ol li dl dt dd table caption thead tbody tr th td blockquote pre div hr br strong em a a img
span""".split()  # noqa: SIM905 - names, as they stand in markup
_GIVEN = {"a": ' href="https://e.org"', "img": ' src="https://e.org/x.png"'}


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def element(name: str, content: list[str]) -> str:
        opened = f"<{name}{_GIVEN.get(name, '')}>"
        return opened if name in VOID else f"{opened}{''.join(content)}</{name}>"

    return st.builds(element, st.sampled_from(_ELEMENTS), st.lists(inner, max_size=4))


_STACKED = st.lists(st.recursive(st.sampled_from(["a", " ", "\n", "x y", "\xa0"]), _around, max_leaves=12), max_size=4)


@settings(max_examples=300)
@given(_STACKED.map("".join), st.sampled_from(["", "p", "div", "img", "a", "ul", "li"]))
@example("<ul>\n<li>a</li> </ul><table> <tr> <td><p>a</p></td></tr></table>", "")
@example("<div>a<p>b</p></div>", "p")
@example("<p><br></p><p> </p><p>\xa0</p><a>x</a>", "")
def test_markup_that_stands_as_it_may_is_the_same_when_it_is_built_anew(html: str, without: str) -> None:
    tags, cleaned = TAGS - {without}, _reader().clean(bounded(html))
    as_it_is = tree(cleaned)
    if stands(as_it_is, tags=tags):
        assert serialize(Fragment(as_it_is)) == serialize(Fragment(built(tree(cleaned), tags=tags)))
    else:
        # What was looked at in vain is as good as new.
        assert serialize(Fragment(built(as_it_is, tags=tags))) == serialize(Fragment(built(tree(cleaned), tags=tags)))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_what_was_read_once_stands_as_it_may(golden: Path) -> None:
    once = serialize(parse(clean(golden.read_text(encoding="utf-8"))))
    assert stands(tree(once), tags=TAGS)


@pytest.mark.parametrize(
    ("markup", "as_it_may"),
    [
        ("a<br>b <strong>c</strong>", True),
        ("<p>a <strong>b <em>c</em></strong></p>", True),
        ("<p><img src='https://e.org/x.png'></p>", True),
        ("<p>a <a href='https://e.org'><em>b</em></a> <a href='https://e.org'>c</a></p>", True),
        ("<p><em><a href='https://e.org'>b</a></em></p>", True),
        (" <h2>a</h2> <hr> <blockquote> <p>b</p> </blockquote> ", True),
        ("<div>a <em>b</em></div>", True),
        ("<pre>a <em>b</em></pre>", True),
        ("<ul> <li>a</li> <li><p>b</p><ol><li>c</li></ol></li> </ul>", True),
        ("<ul><li> </li></ul>", True),
        ("<dl><dt>a</dt><dd>b</dd></dl>", True),
        ("<table><caption>a <em>b</em></caption><thead><tr><th>c</th></tr></thead></table>", True),
        ("<table><tbody><tr><td>a</td><td><p>b</p><ul><li>c</li></ul></td></tr></tbody></table>", True),
        ("<p></p>", False),
        ("<p> </p>", False),
        ("<p><img></p>", False),
        ("<p><a>b</a></p>", False),
        ("<p><a href='https://e.org'><em><a href='https://e.org'>b</a></em></a></p>", False),
        ("<p><b>a</b></p>", False),
        ("<section><p>a</p></section>", False),
        ("<p><s>a</s></p>", False),
        ("<s>a</s>", False),
        ("<a>b</a>", False),
        ("<strong><p>a</p></strong>", False),
        ("a<p>b</p>", False),
        ("<p>a</p>b", False),
        ("<p>a</p><em>b</em>", False),
        ("<div>a<p>b</p></div>", False),
        ("<div><p>a</p>b</div>", False),
        ("<p><strong><p>a</p></strong></p>", False),
        ("<h2>a<p>b</p></h2>", False),
        ("<pre>a<p>b</p></pre>", False),
        ("<p>a <strong>b <hr> c</strong></p>", False),
        ("<li>a</li>", False),
        ("<div><li>a</li></div>", False),
        ("<p><li>a</li></p>", False),
        ("<ul>a<li>b</li></ul>", False),
        ("<ul><li>a</li>b</ul>", False),
        ("<ul><p>a</p></ul>", False),
        ("<ul><li><td>a</td></li></ul>", False),
        ("<ul><li><p></p></li></ul>", False),
        ("<table><caption>a<p>b</p></caption></table>", False),
        ("<table><tr><td>a<tr><td>b</td></tr></td></tr></table>", False),
    ],
)
def test_a_text_whose_parts_stand_as_they_may_is_not_built_anew(markup: str, as_it_may: bool) -> None:
    tags = TAGS - {"s"}
    assert stands(tree(markup), tags=tags) is as_it_may
    if as_it_may:
        found = tree(markup)
        stands(found, tags=tags)
        assert serialize(Fragment(found)) == serialize(Fragment(built(tree(markup), tags=tags)))


def test_nothing_but_cleaning_makes_a_text_clean() -> None:
    cleaned = clean("<p>a</p>")
    attack = "<script>alert(1)</script>"
    for made in (
        cleaned + attack,
        f"{cleaned}{attack}",
        cleaned.replace("a", attack),
        pickle.loads(pickle.dumps(cleaned)),  # noqa: S301 - our own
    ):
        assert not isinstance(made, Cleaned)
    assert clean(cleaned + attack) == "<p>a</p>"


def test_a_wider_policy_does_not_answer_for_a_narrower_one() -> None:
    assert clean(clean("<div class='x' title='t'>a</div>"), policy=KEPT) == "<p>a</p>"
