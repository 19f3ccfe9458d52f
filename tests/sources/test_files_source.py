"""The content folder as its designer knows it: what becomes of each file, and what is said when something is wrong."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from lms_bridge.connector import Level, Listing
from lms_bridge.errors import SourceError
from lms_bridge.items import Item, Page, Prompt, Rating, Review
from lms_bridge.sources.files import CONNECTOR

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000002000000030802000000368849d6"
    "0000000c49444154789c6360606000000000040001f61738550000000049454e44ae426082"
)
HEADER = "rater,stars,comment,date\n"


class Folder:
    """A content folder that a test writes."""

    def __init__(self, root: Path) -> None:
        self.root = root / "content"
        self.root.mkdir()

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def listing(self, **settings: Any) -> Listing:
        assert CONNECTOR.source is not None
        model = CONNECTOR.settings.model_validate({"path": "content", **settings})
        return CONNECTOR.source("s", model, self.root.parent).items()

    def items(self, **settings: Any) -> dict[str, Item]:
        listing = self.listing(**settings)
        assert not listing.problems
        assert listing.complete
        return {item.key: item for item in listing.items}

    def problems(self, **settings: Any) -> list[str]:
        listing = self.listing(**settings)
        assert not listing.complete, "nothing may be pruned after something could not be read"
        return [str(problem) for problem in listing.problems]


@pytest.fixture
def content(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def page(content: Folder, key: str, **settings: Any) -> Page:
    item = content.items(**settings)[key]
    assert isinstance(item, Page)
    return item


def test_a_page_takes_its_title_from_its_first_heading_and_does_not_repeat_it(content: Folder) -> None:
    content.write("C1/wiki/cells.md", "# The *cell*\n\nText.\n")
    found = page(content, "s:C1/wiki/cells")
    assert found.title == "The cell"
    assert found.body.strip() == "<p>Text.</p>"


def test_front_matter_may_give_title_id_tags_and_parent(content: Folder) -> None:
    content.write("C1/wiki/plants.md", "# Plants\n")
    content.write("C1/wiki/a.md", "---\nid: cells\ntitle: Cells\ntags: [a, b]\nparent: plants\n---\nText\n")
    found = page(content, "s:C1/wiki/cells")
    assert (found.title, found.tags, found.parent) == ("Cells", ("a", "b"), "s:C1/wiki/plants")


def test_renaming_a_file_keeps_its_identity_when_it_has_an_id(content: Folder) -> None:
    path = content.write("C1/wiki/a.md", "---\nid: cells\n---\n# Cells\n")
    before = set(content.items())
    path.rename(path.with_name("b.md"))
    assert set(content.items()) == before == {"s:C1/wiki/cells"}


def test_an_id_may_be_the_path_that_a_moved_file_had(content: Folder) -> None:
    content.write("C1/wiki/start.md", "# Start\n\n[d](preparing/new.md)\n")
    content.write("C1/wiki/preparing/new.md", "---\nid: preparing/dates\n---\n# Dates\n")
    assert "item:s%3AC1%2Fwiki%2Fpreparing%2Fdates" in page(content, "s:C1/wiki/start").body
    assert page(content, "s:C1/wiki/preparing/dates").title == "Dates"


@pytest.mark.parametrize("given", ["/a", "a/", "a//b", "../a", "a/../b", "a/./b", "''"])
def test_an_id_is_no_way_out_of_its_course(content: Folder, given: str) -> None:
    content.write("C1/wiki/a.md", f"---\nid: {given}\n---\n# A\n")
    (told,) = content.problems()
    assert told.startswith("content/C1/wiki/a.md:2: `id` is ")


def test_a_folder_with_a_dot_in_its_name_has_its_own_page(content: Folder) -> None:
    for name in ("v1.2.md", "v1.2/first.md", "v1.md"):
        content.write(f"C1/wiki/{name}", f"# {name}\n")
    assert page(content, "s:C1/wiki/v1.2/first").parent == "s:C1/wiki/v1.2"


def test_a_page_in_a_folder_has_the_page_of_that_folder_as_its_parent(content: Folder) -> None:
    content.write("C1/wiki/index.md", "# Start\n")
    content.write("C1/wiki/cells/index.md", "# Cells\n")
    content.write("C1/wiki/cells/wall.md", "# Wall\n")
    content.write("C1/wiki/roots.md", "# Roots\n")
    content.write("C1/wiki/roots/tip.md", "# Tip\n")
    parents = {key: item.parent for key, item in content.items().items() if isinstance(item, Page)}
    assert parents == {
        "s:C1/index": None,
        "s:C1/wiki/cells/index": None,
        "s:C1/wiki/cells/wall": "s:C1/wiki/cells/index",
        "s:C1/wiki/roots": None,
        "s:C1/wiki/roots/tip": "s:C1/wiki/roots",
    }
    assert page(content, "s:C1/index").index


@pytest.mark.parametrize(
    "link",
    [
        "[w](cells/wall.md)",
        "[w](cells/../cells/wall.md#part)",
        "[[The Wall]]",
        "[[the  wall|w]]",
        "[w](./cells/wall.md)",
    ],
)
def test_links_between_pages_become_links_between_items(content: Folder, link: str) -> None:
    content.write("C1/wiki/start.md", f"# Start\n\n{link}\n")
    content.write("C1/wiki/cells/wall.md", "# The Wall\n")
    assert 'href="item:s%3AC1%2Fwiki%2Fcells%2Fwall"' in page(content, "s:C1/wiki/start").body


def test_links_lead_to_prompts_and_to_other_courses(content: Folder) -> None:
    content.write("C1/wiki/a.md", "# A\n\n[p](../prompts/one.md) [o](../../C2/wiki/b.md) [[B]] <https://ex.org/>\n")
    content.write("C1/prompts/one.md", "# One\n")
    content.write("C2/wiki/b.md", "# B\n")
    body = page(content, "s:C1/wiki/a").body
    assert body.count("item:s%3AC2%2Fwiki%2Fb") == 2
    assert "item:s%3AC1%2Fprompts%2Fone" in body
    assert 'href="https://ex.org/"' in body


def test_an_image_beside_the_page_becomes_an_asset_with_its_size(content: Folder) -> None:
    content.write("C1/wiki/a.md", "# A\n\n![a cell](pictures/cell.png)\n")
    content.write("C1/wiki/pictures/cell.png", PNG)
    found = page(content, "s:C1/wiki/a")
    (asset,) = found.assets
    assert (asset.name, asset.media_type, asset.width, asset.height) == ("cell.png", "image/png", 2, 3)
    assert asset.load() == PNG
    assert f'src="asset:{asset.digest}"' in found.body


def test_drafts_are_not_listed_and_hidden_files_are_not_read(content: Folder) -> None:
    content.write("C1/wiki/a.md", "---\nstatus: draft\n---\n# A\n")
    content.write("C1/wiki/_notes.md", "no title")
    content.write("C1/wiki/.git/x.md", "no title")
    content.write("_shared/wiki/x.md", "no title")
    assert content.items() == {}


@pytest.mark.parametrize(
    ("line", "settings", "moment"),
    [
        ("publish: 2027-01-11 08:00:00+01:00", {}, datetime(2027, 1, 11, 7, tzinfo=UTC)),
        ("publish: 2027-01-11", {}, datetime(2027, 1, 11, tzinfo=UTC)),
        ("publish: 2027-07-11", {"timezone": "Europe/Berlin"}, datetime(2027, 7, 10, 22, tzinfo=UTC)),
        ("publish: 2027-07-11 09:00", {"timezone": "Europe/Berlin"}, datetime(2027, 7, 11, 7, tzinfo=UTC)),
    ],
)
def test_a_prompt_says_when_it_is_due(content: Folder, line: str, settings: dict[str, str], moment: datetime) -> None:
    content.write("C1/prompts/p.md", f"---\n{line}\n---\n# Why?\n")
    found = content.items(**settings)["s:C1/prompts/p"]
    assert isinstance(found, Prompt)
    assert found.publish == moment


def test_the_rating_of_a_course_is_derived_from_its_reviews(content: Folder) -> None:
    content.write("C1/ratings.csv", HEADER + "Ann,5,Good,2026-10-01\nBob,4,,2026-10-02\nCem,2,,\n")
    content.write("C2/ratings.csv", HEADER + "Ann,5,,2026-10-01\n")
    rating = content.items(prior_weight=2)["s:C1/rating"]
    assert isinstance(rating, Rating)
    assert (rating.average, rating.count, rating.spread) == (3.67, 3, (0, 1, 0, 1, 1))
    assert rating.rank == round((2 * 4.0 + 11) / 5, 2), "few reviews are drawn towards the programme's mean of 4.0"


def reviews(content: Folder, **settings: Any) -> list[Review]:
    return [item for item in content.items(**settings).values() if isinstance(item, Review)]


def test_raters_are_pseudonymised_alike_in_every_course_unless_the_config_says_otherwise(content: Folder) -> None:
    content.write("C1/ratings.csv", HEADER + "Ann Adler,5,Good,2026-10-01\n")
    content.write("C2/ratings.csv", HEADER + " ann adler ,4,,2026-10-01\n")
    first, second = reviews(content)
    assert first.rater == second.rater
    assert "ann" not in repr((first, second)).casefold()
    assert reviews(content, pseudonym_key="k")[0].rater != first.rater
    assert reviews(content, raters="named")[0].rater == "Ann Adler"


def test_semicolons_decimal_commas_and_a_byte_order_mark_are_understood(content: Folder) -> None:
    content.write("C1/ratings.csv", "\ufeffRater;Stars;Comment;Date\r\nAnn;4,5;Good, really;2026-10-01\r\n")
    (review,) = reviews(content)
    assert (review.stars, review.comment) == (4.5, "Good, really")


def test_a_spreadsheet_is_read_like_a_csv(content: Folder, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["id", "rater", "stars", "comment", "date"])
    sheet.append(["r1", "Ann", 4, "Good", datetime(2026, 10, 1)])
    sheet.append([None, None, None, None, None])
    (content.root / "C1").mkdir()
    book.save(content.root / "C1" / "ratings.xlsx")
    (review,) = reviews(content)
    assert (review.key, review.stars, review.date) == ("s:C1/reviews/r1", 4.0, datetime(2026, 10, 1, tzinfo=UTC))


def test_course_yaml_gives_title_idnumber_and_places(content: Folder) -> None:
    content.write("one/course.yaml", "idnumber: BIO/101\ntitle: Biology\nplaces:\n  moodle: {wiki: biology-wiki}\n")
    content.write("one/wiki/a.md", "# A\n")
    course = page(content, "s:BIO/101/wiki/a").course
    assert (course.idnumber, course.title, course.placement["moodle"]["wiki"]) == ("BIO/101", "Biology", "biology-wiki")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("C1/wiki/a.md", "Just text.\n", "content/C1/wiki/a.md: has no title. Begin the text with `# Title`, or write"),
        (
            "C1/wiki/a.md",
            "---\ntitel: A\n---\n",
            "content/C1/wiki/a.md:2: the key 'titel' is not known. Did you mean 'title'?",
        ),
        ("C1/wiki/a.md", "---\ntitle: A: B\n---\n", "content/C1/wiki/a.md:2: is not valid YAML: mapping values"),
        (
            "C1/wiki/a.md",
            "---\nstatus: done\n---\n# A\n",
            "content/C1/wiki/a.md:2: `status` is 'done'. Expected 'draft' or",
        ),
        (
            "C1/wiki/a.md",
            "# A\n\nx\n\n[b](b.md)\n",
            "content/C1/wiki/a.md:5: the link to 'b.md' leads to a page that does",
        ),
        ("C1/wiki/a.md", "# A\n\n[[Nobody]]\n", "content/C1/wiki/a.md:3: [[Nobody]] names a page that does not exist."),
        ("C1/wiki/a.md", "# A\n\n![x](no.png)\n", "content/C1/wiki/a.md:3: the image 'no.png' is not there."),
        (
            "C1/wiki/a.md",
            "# A\n\n![x](../../../out.png)\n",
            "content/C1/wiki/a.md:3: the image '../../../out.png' lies outside the content folder.",
        ),
        ("C1/wiki/a.md", "# A\n\n![x](a.md)\n", "content/C1/wiki/a.md:3: the image 'a.md' is not an image that both"),
        (
            "C1/wiki/a.md",
            b"# A\n\xff\n",
            "content/C1/wiki/a.md: is not UTF-8 (byte 4). Save it with the encoding UTF-8.",
        ),
        ("C1/wiki/a.md", "# A\n\x00\n", "content/C1/wiki/a.md:2: holds the control character U+0000. Remove it."),
        ("C1/wiki/a.md", "# A\n" + "x" * 5_000_000, "content/C1/wiki/a.md: has 5.0 MB; the limit is 1.0 MB. Split it,"),
        (
            "C1/wiki/a.md",
            "---\nparent: x\n---\n# A\n",
            "content/C1/wiki/a.md:2: `parent` is 'x', and there is no such page.",
        ),
        (
            "C1/prompts/a.md",
            "---\npublish: 2027-01-11 08:00:00\n---\n# A\n",
            "content/C1/prompts/a.md:2: `publish` is 2027-01-11 08:00:00, a time without a zone. Add the zone",
        ),
        (
            "C1/prompts/a.md",
            "---\npublish: 2027-01-11 00:00:00\n---\n# A\n",
            "content/C1/prompts/a.md:2: `publish` is 2027-01-11 00:00:00, a time without a zone. Add the zone",
        ),
        ("C1/prompts/a.md", "---\npublish: soon\n---\n# A\n", "content/C1/prompts/a.md:2: `publish` is 'soon'."),
        (
            "C1/ratings.csv",
            "rater,star,comment,date\n",
            "content/C1/ratings.csv:1: the header holds rater, star, comment, date;"
            " missing: stars; not known: star. The first line must name rater, stars, comment, date (and may name id)."
            " Did you mean 'stars' for 'star'?",
        ),
        ("C1/ratings.csv", "", "content/C1/ratings.csv: is empty."),
        (
            "C1/ratings.csv",
            HEADER + "Ann,6,,\n",
            "content/C1/ratings.csv:2: `stars` is '6', which is off the scale. Write a"
            " number from 1 to 5, or declare another `scale` in connectors.yaml.",
        ),
        (
            "C1/ratings.csv",
            HEADER + "Ann,nan,,\n",
            "content/C1/ratings.csv:2: `stars` is 'nan', which is off the scale.",
        ),
        ("C1/ratings.csv", HEADER + ",4,,\n", "content/C1/ratings.csv:2: names no rater."),
        ("C1/ratings.csv", HEADER + "Ann,4,,1.10.26\n", "content/C1/ratings.csv:2: `date` is '1.10.26'. Write it as"),
        (
            "C1/ratings.csv",
            HEADER + "Ann,4,a,2026-10-01,b\n",
            "content/C1/ratings.csv:2: has more cells than the header.",
        ),
        (
            "C1/ratings.csv",
            HEADER + "Ann,4,,\nann,5,,\n",
            "content/C1/ratings.csv:3: is a second review by the same rater. The first stands at content/C1",
        ),
        ("C1/ratings.csv", HEADER + 'Ann,4,"a,\n', "content/C1/ratings.csv:2: is not valid CSV"),
        ("C1/ratings.xlsx", "not a zip", "content/C1/ratings.xlsx: is not a readable .xlsx file."),
        (
            "C1/course.yaml",
            "titel: A\n",
            "content/C1/course.yaml:1: the key 'titel' is not known. Did you mean 'title'?",
        ),
    ],
)
def test_one_bad_file_is_told_with_its_place_and_the_rest_goes_on(
    content: Folder, name: str, text: str | bytes, message: str
) -> None:
    content.write("C9/wiki/good.md", "# Good\n")
    content.write(name, text)
    (told,) = content.problems()
    assert told.startswith(message), told
    assert "s:C9/wiki/good" in {item.key for item in content.listing().items}


def test_two_files_with_one_id_are_both_left_out_since_nobody_knows_which_is_meant(content: Folder) -> None:
    content.write("C1/wiki/a.md", "---\nid: x\n---\n# A\n")
    content.write("C1/wiki/b.md", "---\nid: x\n---\n# B\n")
    (told,) = content.problems()
    assert told.startswith("content/C1/wiki/a.md and content/C1/wiki/b.md: the id 'x' is used twice.")
    assert list(content.listing().items) == []


def test_a_page_that_links_to_one_with_a_mistake_goes_through(content: Folder) -> None:
    content.write("C1/wiki/a.md", "# A\n\n[b](b.md), [c](c.md), [[D]]\n")
    content.write("C1/wiki/b.md", "no title")
    for name in ("c", "d"):
        content.write(f"C1/wiki/{name}.md", f"---\nid: twin\n---\n# {name.upper()}\n")
    assert len(content.problems()) == 2
    assert [item.title for item in content.listing().items] == ["A"]


WITHHELD = {
    "a dead link": "# Home\n\n[x](nowhere.md)\n",
    "a slip in its front matter": "---\ntitel: x\n---\n# Home\n",
}


@pytest.mark.parametrize("mistake", WITHHELD)
def test_what_is_held_back_is_named_with_what_is_known_of_it(content: Folder, mistake: str) -> None:
    content.write("C1/wiki/index.md", WITHHELD[mistake])
    content.write("C1/wiki/a.md", "# A\n")
    first = content.listing().withheld[0]
    assert (str(first.origin), first.page is not None and first.page.index) == ("content/C1/wiki/index.md", True)
    assert first.key == "s:C1/index"


def test_a_file_with_a_slip_keeps_its_id_and_its_title_for_those_that_link_to_it(content: Folder) -> None:
    content.write("C1/wiki/start.md", "# Start\n\n[c](b.md) and [[The cell]]\n")
    content.write("C1/wiki/b.md", "---\nid: cells\ntitel: x\n---\n# The cell\n")
    content.write("C1/wiki/c.md", "---\nparent: cells\n---\n# Wall\n")
    assert len(content.problems()) == 1
    listing = content.listing()
    pages = {item.title: item for item in listing.items if isinstance(item, Page)}
    assert pages["Start"].body.count("item:s%3AC1%2Fwiki%2Fcells") == 2
    assert pages["Wall"].parent == "s:C1/wiki/cells"
    assert [w.key for w in listing.withheld] == ["s:C1/wiki/cells"]


def findings(content: Folder) -> list[tuple[Level, str]]:
    assert CONNECTOR.source is not None
    source = CONNECTOR.source("s", CONNECTOR.settings.model_validate({"path": "content"}), content.root.parent)
    return [(finding.level, str(finding.problem)) for finding in source.check() if finding.problem]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[part](#part)", "content/C1/wiki/a.md:3: link “#part”: links within a page do not work where it is sent."),
        ("[call](tel:123)", "content/C1/wiki/a.md:3: link “tel:123”: addresses of this kind are not sent."),
        ("| a |\n| - |\n| [[B|b]] |", "content/C1/wiki/a.md:5: “[[B”: a bar ends the cell of a table;"),
    ],
)
def test_what_will_not_read_as_it_was_meant_is_a_warning_of_check_and_the_page_goes_through(
    content: Folder, text: str, told: str
) -> None:
    content.write("C1/wiki/a.md", f"# A\n\n{text}\n")
    content.write("C1/wiki/b.md", "# B\n")
    assert "s:C1/wiki/a" in content.items()
    assert any(level is Level.WARNING and problem.startswith(told) for level, problem in findings(content))
    assert not any(level is Level.ERROR for level, _ in findings(content))


def test_a_bad_row_costs_that_row_alone(content: Folder) -> None:
    content.write("C1/ratings.csv", HEADER + "Ann,5,,\nBob,9,,\nCem,3,,\n")
    assert len(content.problems()) == 1
    rating = next(item for item in content.listing().items if isinstance(item, Rating))
    assert (rating.count, rating.average) == (2, 4.0)


def test_a_link_to_a_draft_says_so(content: Folder) -> None:
    content.write("C1/wiki/a.md", "# A\n\n[[B]]\n")
    content.write("C1/wiki/b.md", "---\nstatus: draft\n---\n# B\n")
    (told,) = content.problems()
    assert "content/C1/wiki/a.md:3: the link leads to content/C1/wiki/b.md, which is a draft." in told


@pytest.mark.parametrize("target", ["page", "image", "course"])
def test_a_symbolic_link_cannot_lead_out_of_the_folder(content: Folder, tmp_path: Path, target: str) -> None:
    outside = tmp_path / "outside"
    (outside / "wiki").mkdir(parents=True)
    (outside / "wiki" / "secret.md").write_text("# Secret\n")
    (outside / "secret.png").write_bytes(PNG)
    content.write("C1/wiki/a.md", "# A\n\n![x](x.png)\n" if target == "image" else "# A\n")
    match target:
        case "page":
            os.symlink(outside / "wiki" / "secret.md", content.root / "C1" / "wiki" / "b.md")
        case "image":
            os.symlink(outside / "secret.png", content.root / "C1" / "wiki" / "x.png")
        case "course":
            os.symlink(outside, content.root / "C2")
    (told,) = content.problems()
    assert "out of the content folder" in told or "outside the content folder" in told
    assert "Secret" not in {item.title for item in content.listing().items}


def test_a_missing_folder_fails_the_source(tmp_path: Path) -> None:
    assert CONNECTOR.source is not None
    source = CONNECTOR.source("s", CONNECTOR.settings.model_validate({"path": "nowhere"}), tmp_path)
    with pytest.raises(SourceError, match=r"sources\.s\.path: nowhere: the content folder is not there"):
        source.items()


def test_names_that_look_like_a_slip_are_told_by_check(content: Folder) -> None:
    content.write("C1/promts/a.md", "# A\n")
    assert CONNECTOR.source is not None
    source = CONNECTOR.source("s", CONNECTOR.settings.model_validate({"path": "content"}), content.root.parent)
    told = [str(finding.problem) for finding in source.check()]
    assert "content/C1/promts: is not read. Did you mean 'prompts'?" in told


def test_the_example_programme_is_as_large_as_it_claims() -> None:
    assert CONNECTOR.source is not None
    root = Path(__file__).parent.parent.parent
    listing = CONNECTOR.source("s", CONNECTOR.settings.model_validate({"path": "content"}), root).items()
    items = list(listing.items)
    assert listing.problems == ()
    assert len({item.course.idnumber for item in items}) >= 3
    pages = [item for item in items if isinstance(item, Page)]
    assert len(pages) >= 15
    assert sum("<table" in page.body for page in pages) >= 5
    assert sum(bool(page.assets) for page in pages) >= 4
    assert all("item:" in page.body for page in pages if not page.title.startswith("Glossary"))
    assert sum(isinstance(item, Prompt) for item in items) >= 12
    assert sum(isinstance(item, Review) for item in items) >= 200
