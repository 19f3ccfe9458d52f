"""What a designer writes into a page, a prompt or a course file, and what is said when it cannot be meant so."""

from pathlib import Path
from typing import Any

import pytest

from lms_bridge.connector import Listing, Source
from lms_bridge.items import Item, Page
from lms_bridge.sources.files import CONNECTOR


class Folder:
    """A content folder that a test writes."""

    def __init__(self, root: Path) -> None:
        self.root = root / "content"

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def source(self, **settings: Any) -> Source:
        assert CONNECTOR.source is not None
        model = CONNECTOR.settings.model_validate({"path": "content", **settings})
        return CONNECTOR.source("s", model, self.root.parent)

    def listing(self, **settings: Any) -> Listing:
        return self.source(**settings).items()

    def items(self, **settings: Any) -> dict[str, Item]:
        listing = self.listing(**settings)
        assert not listing.problems
        return {item.key: item for item in listing.items}

    def problems(self, **settings: Any) -> list[str]:
        return [str(problem) for problem in self.listing(**settings).problems]

    def warnings(self) -> list[str]:
        return [str(finding.problem) for finding in self.source().check() if finding.what == "content"]


@pytest.fixture
def content(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def page(content: Folder, key: str, **settings: Any) -> Page:
    item = content.items(**settings)[key]
    assert isinstance(item, Page)
    return item


@pytest.mark.parametrize("key", ["publish", "close"])
@pytest.mark.parametrize(
    "when",
    [
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+12:00",
        "9999-12-31",
        "0001-01-01",
        "1969-12-30",
        "2200-01-02",
        "2199-12-31T23:00:00-02:00",
    ],
)
@pytest.mark.parametrize("zone", [None, "Pacific/Kiritimati"])
def test_a_moment_far_from_our_time_costs_its_prompt_alone(
    content: Folder, key: str, when: str, zone: str | None
) -> None:
    content.write("C1/prompts/far.md", f"---\n{key}: {when}\n---\n# Far\n")
    content.write("C1/prompts/near.md", f"---\n{key}: 2199-12-30\n---\n# Near\n")
    listing = content.listing(timezone=zone)
    assert [item.key for item in listing.items] == ["s:C1/prompts/near"]
    (told,) = map(str, listing.problems)
    assert told.startswith(f"content/C1/prompts/far.md:2: `{key}` is {when}")
    assert told.endswith("which cannot be meant. Write a moment between the years 1970 and 2200.")


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("# The my_var and 2 * 3", "The my_var and 2 * 3"),
        ("# 2*3*4 is a*b*c where a * b", "234 is abc where a * b"),
        (r"# a\*b\*c and \# signs", "a*b*c and # signs"),
        ("# __init__.py, `__init__` and snake_case_name", "init.py, __init__ and snake_case_name"),
        ("# Q&amp;A, AT&T &copy;", "Q&A, AT&T ©"),
        ("# 3 < 4 and x > y", "3 < 4 and x > y"),
        ("# H<sub>2</sub>O", "H2O"),
        ("# The [long *road*](https://e.org/a_b) home ##", "The long road home"),
        ("# The ![red *dot*](dot.png) sign", "The red dot sign"),
        ("# From [[Cells]] to [[Plants|green things]]", "From Cells to green things"),
        ("# `a*b`  &nbsp; done", "a*b done"),
        ("Two *words*\n=====", "Two words"),
        ("# C#", "C#"),
    ],
)
def test_a_title_reads_as_its_heading_would(content: Folder, heading: str, title: str) -> None:
    content.write("C1/wiki/a.md", f"{heading}\n\nText.\n")
    found = page(content, "s:C1/wiki/a")
    assert found.title == title
    assert found.body.strip() == "<p>Text.</p>"


def test_a_heading_that_repeats_the_title_of_the_front_matter_is_not_shown_twice(content: Folder) -> None:
    content.write("C1/wiki/a.md", "---\ntitle: Q&A on my_var\n---\n# Q&amp;A on my_var\n\nText.\n")
    assert page(content, "s:C1/wiki/a").body.strip() == "<p>Text.</p>"


@pytest.mark.parametrize("heading", ["# <b></b>", "# &nbsp;", "# <!-- none -->"])
def test_a_heading_without_words_is_no_title(content: Folder, heading: str) -> None:
    content.write("C1/wiki/a.md", f"{heading}\n\nText.\n")
    (told,) = content.problems()
    assert told.startswith("content/C1/wiki/a.md: has no title.")


@pytest.mark.parametrize("heading", ["![" * 2_400, "*a " * 1_600, "[[" * 2_400, "x" * 900_000])
def test_a_hostile_heading_is_told_like_any_other_that_is_too_long(content: Folder, heading: str) -> None:
    content.write("C1/wiki/a.md", f"# {heading}\n")
    (told,) = content.problems()
    assert "has a title of" in told


@pytest.mark.parametrize(
    "link", ["[[Source code#Naming]]", "[[source code # Naming|names]]", "[c](code.md#naming)", "[c](./code.md#%C3%A4)"]
)
def test_a_link_to_a_part_leads_to_the_page_and_check_says_so(content: Folder, link: str) -> None:
    content.write("C1/wiki/code.md", "# Source code\n")
    content.write("C1/wiki/a.md", f"# A\n\nSee {link} and {link}.\n")
    assert page(content, "s:C1/wiki/a").body.count('href="item:s%3AC1%2Fwiki%2Fcode"') == 2
    (told,) = content.warnings()
    assert told.startswith("content/C1/wiki/a.md:3: ")
    assert "parts of pages cannot be linked to. Leave the part out" in told


def test_a_title_may_hold_the_sign_that_begins_a_part(content: Folder) -> None:
    content.write("C1/wiki/c.md", "# C#\n")
    content.write("C1/wiki/a.md", "# A\n\n[[C#]] and [[C##types]]\n")
    assert page(content, "s:C1/wiki/a").body.count('href="item:s%3AC1%2Fwiki%2Fc"') == 2
    (told,) = content.warnings()
    assert "[[C##types]]" in told


@pytest.mark.parametrize("link", ["[[Nowhere#part]]", "[[#part]]", "[x](nowhere.md#part)"])
def test_a_part_of_no_page_is_still_a_dead_link(content: Folder, link: str) -> None:
    content.write("C1/wiki/a.md", f"# A\n\n{link}\n")
    (told,) = content.problems()
    assert told.startswith("content/C1/wiki/a.md:3: ")
    assert "a page that does not exist" in told


@pytest.mark.parametrize(
    ("publish", "close"),
    [
        ("2027-01-11", "2027-01-11"),
        ("2027-01-11", "2027-01-10"),
        ("2027-01-11T09:00:00+01:00", "2027-01-11T08:00:00+00:00"),
        ("2027-01-11T09:00:00+01:00", "2027-01-11"),
    ],
)
def test_a_prompt_that_closes_before_it_opens_is_told_at_its_line(content: Folder, publish: str, close: str) -> None:
    content.write("C1/prompts/a.md", f"---\npublish: {publish}\nclose: {close}\n---\n# A\n")
    (told,) = content.problems(timezone="Europe/Berlin")
    assert told.startswith("content/C1/prompts/a.md:3: `close` is 2027-01-1")
    assert told.endswith("Write a later `close`; a date alone means its first minute.")


def test_a_list_that_is_nested_too_deeply_is_told_at_its_line(content: Folder) -> None:
    content.write("C1/wiki/a.md", "---\ntags: [x]\n---\n# A\n\n" + "- " * 10 + "deep\n")
    (told,) = content.problems()
    assert told.startswith("content/C1/wiki/a.md:6: lists or quotes are nested too deeply")


@pytest.mark.parametrize("lines", ["publish: 2027-01-11\nclose: 2027-01-12", "close: 2001-01-01"])
def test_a_prompt_may_close_after_it_opens_or_have_no_beginning(content: Folder, lines: str) -> None:
    content.write("C1/prompts/a.md", f"---\n{lines}\n---\n# A\n")
    assert set(content.items()) == {"s:C1/prompts/a"}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("C1/wiki/what is it?.md", "C1/wiki/what%20is%20it%3F.md"),
        ("C1/wiki/50% of C#.md", "C1/wiki/50%25%20of%20C%23.md"),
        ("C1/wiki/ä/b-1_2.md", "C1/wiki/%C3%A4/b-1_2.md"),
    ],
)
def test_the_link_to_the_source_leads_to_files_of_any_name(content: Folder, name: str, path: str) -> None:
    content.write(name, "# A\n")
    (found,) = content.items(source_link="https://git.e.org/blob/main/{path}?plain=1").values()
    assert found.url == f"https://git.e.org/blob/main/{path}?plain=1"


@pytest.mark.parametrize(
    "image", ["![x](http://e.org/x.png)", "![x](HTTP://e.org/x.png)", '<img src="http://e.org/x.png" alt="x">']
)
def test_an_image_that_is_not_https_holds_its_page_back(content: Folder, image: str) -> None:
    content.write("C1/wiki/a.md", f"# A\n\nSee {image}\n")
    (told,) = content.problems()
    assert told.startswith("content/C1/wiki/a.md:3: the image ")
    assert "is not an https address. Put the file beside the page, or use https." in told


@pytest.mark.parametrize("address", ["https://e.org/x.png", "HTTPS://e.org/x.png?a=b#c"])
def test_an_image_at_an_https_address_stays(content: Folder, address: str) -> None:
    content.write("C1/wiki/a.md", f"# A\n\n![x]({address})\n")
    assert f'src="{address}"' in page(content, "s:C1/wiki/a").body


@pytest.mark.parametrize(
    "link",
    [
        "[x](//evil.org/x.md)",
        "[x](//[evil)",
        "[x](http:x.md)",
        "[x](https:/x.md)",
        "[x](https:///x.md)",
        "[x](?a=b)",
        "![x](//evil.org/x.png)",
        "![x](http:x.png)",
        '<a href="//evil.org/x.md">x</a>',
        '<a href="https:\\\\evil.org">x</a>',
    ],
)
def test_an_address_that_is_half_written_is_told_and_leaves_its_words(content: Folder, link: str) -> None:
    content.write("C1/wiki/a.md", f"# A\n\nSee {link}\n")
    assert page(content, "s:C1/wiki/a").body.strip() == "<p>See x</p>"
    (told,) = content.warnings()
    assert told.startswith("content/C1/wiki/a.md:3: ")


@pytest.mark.parametrize("address", ["http://e.org", "http://e.org/a.md#b", "https://e.org?a", "mailto:a@e.org"])
def test_whole_addresses_are_linked_to_as_they_stand(content: Folder, address: str) -> None:
    content.write("C1/wiki/a.md", f"# A\n\n[x]({address})\n")
    assert f'<a href="{address}">x</a>' in page(content, "s:C1/wiki/a").body
    assert not content.warnings()


@pytest.mark.parametrize("named", ["a", "a.md", "Alpha", "own"])
def test_a_page_that_names_itself_as_its_parent_is_told(content: Folder, named: str) -> None:
    identity = "id: own\n" if named == "own" else ""
    content.write("C1/wiki/a.md", f"---\nparent: {named}\n{identity}---\n# Alpha\n")
    (told,) = content.problems()
    assert told.startswith(f"content/C1/wiki/a.md:2: `parent` is '{named}', which is this page itself.")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("title: 2026-01-01", "2: `title` is 2026-01-01. Expected words: write it in quotes."),
        ("title: true", "2: `title` is true. Expected words: write it in quotes."),
        ("tags: one", "2: `tags` is 'one'. Expected a list: [one, two]."),
        ("tags: {a: b}", "2: `tags` is a block of keys. Expected a list: [one, two]."),
        ("order: 1.5", "2: `order` is 1.5. Expected a whole number."),
        ("id: /a", "2: `id` is '/a'. It holds a sign that cannot stand there: letters, digits, `-` and `_` can."),
        ("title: ''", "2: `title` is ''. Write something, or leave the line out."),
        ("order: 1\n1: 2", "3: the key `1` is not a word. Write a word as the key, or the key in quotes."),
        ("title: a\norder: 1\ntitle: b", "4: the key 'title' stands here twice. Keep one of them."),
        (
            "order: 1\ntitle: 2026-13-01",
            "3: `title` is `2026-13-01`: it looks like a date or a number, and there is no such one. "
            "Correct it, or write it in quotes.",
        ),
        (
            "order: " + "9" * 5_000,
            f"2: `order` is `{'9' * 60}`: it looks like a date or a number, and there is no such one. "
            "Correct it, or write it in quotes.",
        ),
    ],
    ids=lambda text: text[:30],
)
def test_a_slip_in_the_front_matter_is_told_in_the_words_of_its_writer(content: Folder, lines: str, told: str) -> None:
    content.write("C1/wiki/a.md", f"---\n{lines}\n---\n# A\n")
    assert content.problems() == [f"content/C1/wiki/a.md:{told}"]


@pytest.mark.parametrize("line", ["publish: soon", "close: 12"])
def test_what_is_no_moment_is_told_with_an_example(content: Folder, line: str) -> None:
    content.write("C1/prompts/a.md", f"---\n{line}.x\n---\n# A\n")
    (told,) = content.problems()
    assert told.endswith("Expected a date or a time: 2027-01-11, or 2027-01-11 09:00:00+01:00.")


def test_front_matter_that_is_not_closed_is_told_as_that(content: Folder) -> None:
    content.write("C1/wiki/a.md", "---\ntitle: A\n\nText.\n")
    assert content.problems() == [
        "content/C1/wiki/a.md:1: opens with `---`, and no other such line follows. "
        "Close the front matter with a line `---`."
    ]


@pytest.mark.parametrize("nothing", ["", "null", "~", "# to be written", "{}", "---"])
def test_a_course_file_or_front_matter_that_says_nothing_is_none(content: Folder, nothing: str) -> None:
    content.write("C1/course.yaml", f"{nothing}\n")
    content.write("C1/wiki/a.md", f"---\n{nothing if nothing != '---' else ''}\n---\n# A\n\nText.\n")
    assert content.problems() == []
    (page,) = content.items().values()
    assert (page.course.idnumber, page.title) == ("C1", "A")


@pytest.mark.parametrize("places", ["3", "{moodle: wiki}"])
def test_places_that_are_no_block_are_told_without_python_words(content: Folder, places: str) -> None:
    content.write("C1/course.yaml", f"places: {places}\n")
    (told,) = content.problems()
    assert told.endswith("Expected lines `key: value` below it.")


@pytest.mark.parametrize("key", ["idnumber", "title"])
@pytest.mark.parametrize("value", ['"  "', '""', r'"C\n1"', r'"C\t1"', r'"C\u007f1"', r'"C\x001"'])
def test_a_course_has_a_name_that_can_be_written_on_one_line(content: Folder, key: str, value: str) -> None:
    content.write("C1/course.yaml", f"places: {{}}\n{key}: {value}\n")
    content.write("C1/wiki/a.md", "# A\n")
    (told,) = content.problems()
    assert told.startswith(f"content/C1/course.yaml:2: `{key}` is '")


@pytest.mark.parametrize(
    ("value", "idnumber"),
    [('" BIO 101 "', "BIO 101"), (r'"BIO\n"', "BIO"), ("101", "101"), ("Ökologie/1", "Ökologie/1")],
)
def test_blanks_around_an_idnumber_do_not_count(content: Folder, value: str, idnumber: str) -> None:
    content.write("C1/course.yaml", f"idnumber: {value}\n")
    content.write("C1/wiki/a.md", "# A\n")
    (found,) = content.items().values()
    assert found.course.idnumber == idnumber
