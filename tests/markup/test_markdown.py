"""What a designer writes in Markdown and what becomes of it."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.markup import markdown
from lms_bridge.markup.clean import CANONICAL, clean
from lms_bridge.markup.commonmark import unhastened
from lms_bridge.markup.fragment import Cleaned, MarkupError
from lms_bridge.markup.markdown import Conversion, split_front_matter, to_html
from lms_bridge.markup.sections import sections

GOLDEN = Path(__file__).parent / "golden"
PAGES = {"Feedback": "item:wiki%2Ffeedback", "A & B": "item:wiki%2Fab"}


def convert(text: str, *, line_offset: int = 0) -> Conversion:
    def link(href: str, _line: int) -> str | None:
        return None if "missing" in href else f"item:{href.removesuffix('.md')}"

    def image(src: str, _line: int) -> str | None:
        return None if "missing" in src else f"asset:{src.rpartition('/')[2].partition('.')[0]}"

    def wiki(title: str, _line: int) -> str | None:
        return PAGES.get(title)

    return to_html(text, resolve_link=link, resolve_image=image, wiki_link=wiki, line_offset=line_offset)


@pytest.mark.parametrize("source", sorted(GOLDEN.glob("*.md")), ids=lambda path: path.stem)
def test_markdown_becomes_the_html_beside_it(source: Path) -> None:
    assert convert(source.read_text()).html + "\n" == source.with_suffix(".html").read_text()


@pytest.mark.parametrize("source", sorted(GOLDEN.glob("*.md")), ids=lambda path: path.stem)
def test_what_markdown_becomes_is_clean_already(source: Path) -> None:
    html = convert(source.read_text()).html
    assert clean(str(html)) == html


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("one\n\n[x](missing.md)\n", [(3, "link “missing.md” leads nowhere")]),
        ("one\ntwo [[Nowhere]]\n", [(2, "link “[[Nowhere]]”: there is no page with this title")]),
        ("- a\n- b\n- ![p](img/missing.png)\n", [(3, "image “img/missing.png” leads nowhere")]),
        ('<div>\n<a href="missing.html">x</a>\n</div>\n', [(2, "link “missing.html” leads nowhere")]),
        ('text <img src="missing.png" alt="p">\n', [(1, "image “missing.png” leads nowhere")]),
        ("one\n\n<a href='missing.html'>x</a>\n", [(3, "link “missing.html” leads nowhere")]),
        ("one\n\n<a href=missing.html>x</a>\n", [(3, "link “missing.html” leads nowhere")]),
        ("one\n\n<a href='missing?a&amp;b'>x</a>\n", [(3, "link “missing?a&b” leads nowhere")]),
        # Where an address is mended on the way its line is not found again: that of the text's beginning is told.
        ("one\n\n<a href='mis\nsing'>x</a>\n", [(1, "link “missing” leads nowhere")]),
        ("```\nthe sign [[\n```\n", []),
        ("[x](ftp://e.org/f)\n", [(1, "link “ftp://e.org/f”: addresses of this kind are not sent")]),
        ("[x](HTTP:e.org)\n", [(1, "link “HTTP:e.org”: write the whole address, https://…")]),
        ("![x](//e.org/p.png)\n", [(1, "image “//e.org/p.png”: write the whole address, https://…")]),
        (
            "![x](data:image/png;base64,AA)\n",
            [(1, "image “data:image/png;base64,AA”: addresses of this kind are not sent")],
        ),
        ("![x](HTTP://e.org/missing.png)\n", [(1, "image “HTTP://e.org/missing.png” leads nowhere")]),
        ("[x](HTTP://e.org/missing) ![p](https://e.org/missing.png)\n", []),
        ("[x](#part)\n", [(1, "link “#part”: links within a page do not work where it is sent")]),
        ("| a |\n|---|\n| [x](missing.md) |\n", [(3, "link “missing.md” leads nowhere")]),
        (
            "| a |\n|---|\n| [[Feedback|how]] |\n",
            [(3, "“[[Feedback”: a bar ends the cell of a table; write [[Title\\|label]] there")],
        ),
        ("| a |\n|---|\n| [[Feedback\\|how]] |\n", []),
        ("[x](a.md) [[Feedback]] ![p](p.png) <https://e.org> [m](mailto:a@e.org)\n", []),
        ("`[[Nowhere]]` and\n\n    [[Nowhere]]\n\n\\[[Nowhere]]\n", []),
    ],
)
def test_a_broken_address_is_reported_with_its_line(text: str, problems: list[tuple[int, str]]) -> None:
    assert [(problem.line, problem.message) for problem in convert(text).problems] == problems


def test_a_broken_link_or_image_leaves_its_words() -> None:
    assert convert("[the *way*](missing.md) ![a chart](missing.png)").html == "<p>the <em>way</em> a chart</p>"


def test_lines_count_from_the_top_of_the_file_with_its_front_matter() -> None:
    front, body, lines = split_front_matter("---\ntitle: X\n---\n\n[x](missing.md)\n")
    assert front == "title: X\n"
    assert [problem.line for problem in convert(body, line_offset=lines).problems] == [5]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("no front matter\n---\nx", ("", "no front matter\n---\nx", 0)),
        ("---\n---\nbody", ("", "body", 2)),
        ("\ufeff---\r\na: 1\r\n---\r\nbody", ("a: 1\r\n", "body", 3)),
        ("---\na: '---'\n...\nbody", ("a: '---'\n", "body", 3)),
        ("---\nnever closed\n", ("", "---\nnever closed\n", 0)),
    ],
)
def test_front_matter_is_what_stands_between_lines_of_dashes(text: str, parts: tuple[str, str, int]) -> None:
    assert split_front_matter(text) == parts


def test_links_and_images_are_listed_once_each() -> None:
    conversion = convert("[a](x.md) [b](x.md) [[Feedback]] <https://e.org> ![p](i/p.png) ![p](i/p.png)")
    assert conversion.links == ("item:x", "item:wiki%2Ffeedback", "https://e.org")
    assert conversion.images == ("asset:p",)


def test_the_first_line_is_line_one_unless_told_otherwise() -> None:
    def nowhere(_address: str, _line: int) -> None:
        return None

    text = "[x](missing.md) <a href='mis\nsing'>y</a>"
    found = to_html(text, resolve_link=nowhere, resolve_image=nowhere, wiki_link=nowhere)
    assert [problem.line for problem in found.problems] == [1, 1]


def test_the_blocks_of_a_text_ask_for_addresses_with_their_lines() -> None:
    asked = []

    def answer(address: str, line: int) -> str:
        asked.append((address, line))
        return "item:x"

    text = "[x](a.md)\n\n<a href='b.html'>y</a>\n\n<a href='c\nd'>z</a>\n"
    sections(text, resolve_link=answer, resolve_image=answer, wiki_link=answer)
    assert asked == [("a.md", 1), ("b.html", 3), ("cd", 1)]


def test_a_text_is_clean_where_its_addresses_are_whole() -> None:
    def relative(_address: str, _line: int) -> str:
        return "other.html"

    whole = convert("[x](a.md)").html
    assert isinstance(whole, Cleaned)
    assert whole.policy == CANONICAL
    left = to_html("[x](a.md)", resolve_link=relative, resolve_image=relative, wiki_link=relative)
    assert clean(left.html) == "<p>x</p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a ~~b~~ <b>c</b>", "<p>a <s>b</s> <strong>c</strong></p>"),
        ("a[^n] b\n\n[^n]: c", "<p>a<sup>1</sup> b</p>\n<hr>\n<ol><li><p>c</p></li></ol>"),
        ("a ^[b] c", "<p>a ^[b] c</p>"),
        ("- [ ] a *b*\n- [x] *c* d", "<ul><li>☐ a <em>b</em></li><li>☑ <em>c</em> d</li></ul>"),
    ],
)
def test_the_parser_reads_this_beyond_commonmark(text: str, html: str) -> None:
    assert clean(unhastened().render(text)).replace("\n<li>", "<li>").replace("</li>\n", "</li>") == html


def test_a_line_may_hold_any_number_of_titles() -> None:
    text = " ".join(["[[Feedback]]"] * 50)
    assert convert(text).html.count('<a href="item:wiki%2Ffeedback">Feedback</a>') == 50


@pytest.mark.parametrize(
    "text",
    ["\\[" * 5_000, "\\[" * 5_000 + "\n\n\\[", "\\[" * 3_000 + "\n\n" + "\\[" * 3_000, f"```\n{'[' * 6_000}\n```"],
)
def test_many_brackets_are_taken_where_no_paragraph_is_full_of_them(text: str) -> None:
    assert "[[" in convert(text).html


def test_a_paragraph_full_of_brackets_is_refused_by_name() -> None:
    with pytest.raises(MarkupError, match=r"^one paragraph has more than 5,000 brackets") as refused:
        convert("first\n\n" + "\\[" * 5_001, line_offset=10)
    assert refused.value.line == 13


@pytest.mark.parametrize(("sign", "taken"), [("- ", 9), ("> ", 19)], ids=["lists", "quotes"])
def test_what_is_nested_too_deeply_is_refused_by_name_rather_than_left_out(sign: str, taken: int) -> None:
    assert "word" in convert(sign * taken + "word").html
    with pytest.raises(MarkupError, match=r"^lists or quotes are nested too deeply") as refused:
        convert("first\n\n" + sign * (taken + 1) + "word", line_offset=10)
    assert refused.value.line == 13


def test_addresses_come_to_the_callbacks_percent_encoded() -> None:
    assert convert("[x](<Grüße aus Köln.md>)").links == ("item:Gr%C3%BC%C3%9Fe%20aus%20K%C3%B6ln",)


def test_scripts_in_markdown_are_gone() -> None:
    html = convert("a <script>alert(1)</script> <b onclick='x()'>b</b>\n\n<script>\nalert(1)\n</script>\n").html
    assert html == "<p>a <strong>b</strong></p>"


@pytest.mark.parametrize(
    "text",
    [
        "> " * 5000 + "x",
        "- " * 3000 + "x",
        "[" * 20000,
        "*a " * 20000,
        "[[" * 20000,
        "![" * 10000,
        "`" * 20000,
        "<div>" * 5000,
        "|a" * 5000 + "\n" + "|-" * 5000,
        "[^1]" * 5000 + "\n\n[^1]: x",
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.timeout(30)
def test_hostile_markdown_ends_soon(text: str) -> None:
    with suppress(MarkupError):
        convert(text)


def test_a_text_that_is_too_long_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MarkupError, match=r"^the text has 1,000,001 characters"):
        convert("x" * 1_000_001)
    monkeypatch.setattr(markdown, "MAX_LENGTH", 3)
    assert convert("xxx").html == "<p>xxx</p>"


@given(st.text(alphabet=st.one_of(st.sampled_from("[]()!*_`#>|-=\n <>&~^:\\\"'x1"), st.characters()), max_size=200))
def test_any_text_converts_to_clean_html_or_is_refused(text: str) -> None:
    with suppress(MarkupError):
        html = convert(text).html
        assert clean(str(html)) == html
