"""The sandbox's wiki shows a page exactly as a real Moodle's wiki does, with all that its parser does to the text."""

import pytest
from moodle_probes import count_matches, rows

from lms_bridge.sandbox.moodle.purifier import clean
from lms_bridge.sandbox.moodle.wiki_markup import LinkTarget, parse_wiki_html, php_urlencode, render_wiki_html
from lms_bridge.sandbox.moodle.wiki_sections import get_section, replace_section

ROOT = "https://moodle.example"


def _shown(row):
    def link_to(title):
        if title in row["pages"]:
            return LinkTarget(f"{ROOT}/mod/wiki/view.php?pageid={row['pages'][title]}")
        query = f"swid={row['subwiki']}&amp;title={php_urlencode(title)}&amp;action=new"
        return LinkTarget(f"{ROOT}/mod/wiki/create.php?{query}", missing=True)

    html = render_wiki_html(row["stored"], page_id=row["page"], link_to=link_to)
    html = html if row["raw"] else clean(html)
    return html.replace("@@PLUGINFILE@@", f"{ROOT}/webservice/pluginfile.php/34/mod_wiki/attachments/1")


def _by_length(title):
    """The other half of the probes: titles with an odd number of bytes exist."""
    size = len(title.encode())
    if size % 2:
        return LinkTarget(f"{ROOT}/view.php?pageid={size}")
    return LinkTarget(f"{ROOT}/create.php?swid=1&amp;title={php_urlencode(title)}&amp;action=new", missing=True)


@pytest.mark.parametrize("row", rows("wiki_probes"), ids=lambda row: row["from"] + (" raw" if row["raw"] else ""))
def test_a_wiki_page_is_shown_as_a_real_moodle_shows_it(row):
    assert _shown(row) == row["shown"]


def test_wiki_texts_of_every_kind_are_parsed_as_a_real_moodle_parses_them(capsys):
    matches = []
    for row in rows("parser_probes"):
        display = parse_wiki_html(row["stored"], page_id=7, link_to=_by_length)
        assert display.html == row["parsed"], row["stored"]
        assert list(display.links) == row["links"], row["stored"]
        matches.append(True)
    count_matches("wiki parser", matches, capsys)


def test_a_section_is_found_and_replaced_as_in_a_real_moodle(capsys):
    matches = []
    for row in rows("parser_probes"):
        assert get_section(row["stored"], row["section"]) == row["found"], row["stored"]
        assert replace_section(row["stored"], row["section"], "NEW") == row["replaced"], row["stored"]
        matches.append(True)
    for row in rows("section_probes"):
        assert get_section(row["stored"], row["section"]) == row["found"]
        matches.append(True)
    count_matches("wiki sections", matches, capsys)


def test_code_keeps_its_lines_when_newlines_are_written_as_references():
    stored = "<pre>def f():&#10;    return 1&#10;&#10;x = 2</pre>"
    shown = clean(render_wiki_html(stored, page_id=1, link_to=_by_length))
    assert shown == "<pre>def f():\n    return 1\n\nx = 2</pre>\n"


def test_a_repeated_heading_is_told_and_becomes_a_paragraph():
    display = parse_wiki_html("<h2>A</h2><h2>A</h2><h3> A </h3>", page_id=1, link_to=_by_length)
    assert display.repeated_headings == ("A",)
    assert display.html.count("<p>A</p>") == 2
