"""What cannot be read costs itself alone, and never makes the rest look as if it had been deleted."""

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from lms_bridge.connector import Level, Listing, Source
from lms_bridge.errors import SourceError
from lms_bridge.items import Review
from lms_bridge.sources.files import CONNECTOR
from lms_bridge.sources.files.reading import Reading

HEADER = "rater,stars,comment,date\n"
NOBODY = 65534


@pytest.fixture
def content() -> Iterator[Path]:
    """A content folder that every account may enter: pytest's own folders are closed to others than root."""
    top = Path(tempfile.mkdtemp())
    top.chmod(0o755)
    root = top / "content"
    root.mkdir()
    write(root, "C1/wiki/good.md", "# Good\n")
    write(root, "C1/prompts/good.md", "# Good\n")
    # Both load modules, which the other account of `closed` may not be able to do.
    openpyxl.Workbook()
    assert listing(root).complete
    yield root
    shutil.rmtree(top)


def write(root: Path, name: str, text: str | bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def source(root: Path, **settings: Any) -> Source:
    assert CONNECTOR.source is not None
    return CONNECTOR.source("s", CONNECTOR.settings.model_validate({"path": root.name, **settings}), root.parent)


def listing(root: Path) -> Listing:
    return source(root).items()


def told(found: Listing) -> list[str]:
    assert not found.complete, "nothing may be pruned after something could not be read"
    return [str(problem) for problem in found.problems]


def keys(found: Listing) -> set[str]:
    return {item.key for item in found.items}


@contextmanager
def closed(path: Path, *, left: int = 0) -> Iterator[None]:
    """A path that this account may not read, also where the tests run as root."""
    mode = path.stat().st_mode
    path.chmod(left)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        path.chmod(mode)


@pytest.mark.parametrize("name", ["C1/wiki", "C1/wiki/cells", "C1/prompts"])
def test_a_folder_that_may_not_be_read_is_told_and_nothing_in_it_counts_as_deleted(content: Path, name: str) -> None:
    write(content, "C1/wiki/cells/wall.md", "# Wall\n")
    with closed(content / name):
        (message,) = told(listing(content))
    assert message.startswith(f"content/{name}: cannot be listed (Permission denied).")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("C1/wiki/a.md", "content/C1/wiki/a.md: cannot be read (Permission denied)."),
        ("C1/ratings.csv", "content/C1/ratings.csv: cannot be read (Permission denied)."),
        ("C1/ratings.xlsx", "content/C1/ratings.xlsx: cannot be read (Permission denied)."),
        ("C1/course.yaml", "content/C1/course.yaml: cannot be read (Permission denied)."),
        ("C1/wiki/x.png", "content/C1/wiki/shows.md:3: the image 'x.png' cannot be read (Permission denied)."),
    ],
)
def test_a_file_that_may_not_be_read_holds_back_what_stands_in_it(content: Path, name: str, message: str) -> None:
    write(content, "C2/wiki/good.md", "# Good\n")
    if name.endswith(".png"):
        write(content, "C1/wiki/shows.md", "# Shows\n\n![x](x.png)\n")
    with closed(write(content, name, "x")):
        found = listing(content)
    (problem,) = told(found)
    assert problem.startswith(message)
    assert "s:C2/wiki/good" in keys(found)


def test_a_course_that_may_not_be_read_leaves_the_others_alone(content: Path) -> None:
    write(content, "C2/wiki/good.md", "# Good\n")
    with closed(content / "C1"):
        found = listing(content)
    (problem,) = told(found)
    assert problem.startswith("content/C1/course.yaml: cannot be read (Permission denied).")
    assert keys(found) == {"s:C2/wiki/good"}


def test_a_content_folder_that_may_not_be_read_fails_the_source(content: Path) -> None:
    with closed(content), pytest.raises(SourceError, match=r"the content folder cannot be read \(Permission denied\)"):
        listing(content)


def test_a_content_folder_that_links_to_itself_fails_the_source(content: Path) -> None:
    loop = content.parent / "loop"
    loop.symlink_to(loop)
    with pytest.raises(SourceError, match="the content folder"):
        listing(loop)


@pytest.mark.parametrize("room", ["wiki", "prompts"])
def test_a_file_in_the_place_of_a_room_is_no_empty_room(content: Path, room: str) -> None:
    shutil.rmtree(content / "C1" / room)
    write(content, f"C1/{room}", "a file")
    (message,) = told(listing(content))
    assert message.startswith(f"content/C1/{room}: cannot be listed (Not a directory).")


@pytest.mark.parametrize("name", ["C2", "C1/wiki", "C1/wiki/b.md", "C1/ratings.csv", "C1/course.yaml"])
def test_a_link_that_leads_nowhere_is_no_deletion(content: Path, name: str) -> None:
    if name == "C1/wiki":
        shutil.rmtree(content / name)
    (content / name).symlink_to("/nowhere/at/all")
    (message,) = told(listing(content))
    assert message.startswith(f"content/{name}: ")


PNG_START = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("src", "make", "message"),
    [
        ("a%00b.png", None, "cannot be read (embedded null byte)."),
        ("x" * 300 + ".png", None, "cannot be read (File name too long)."),
        ("x.png", lambda path: path.symlink_to(path), "cannot be read ("),
        ("x.png", os.mkfifo, "is not an ordinary file."),
        ("x.png", Path.mkdir, "is not an ordinary file."),
        ("x.png", lambda path: path.write_bytes(PNG_START), "is cut off."),
        ("x.png", lambda path: path.write_bytes(PNG_START + b"\x00\x00\x00\rIHDR\x00\x00"), "is cut off."),
        ("x.gif", lambda path: path.write_bytes(b"GIF89a\x01"), "is cut off."),
        ("x.jpg", lambda path: path.write_bytes(b"\xff\xd8\xff\xe0\xff"), "is cut off."),
    ],
)
def test_an_image_that_is_none_holds_back_its_page_alone(
    content: Path, src: str, make: Callable[[Path], object] | None, message: str
) -> None:
    write(content, "C1/wiki/shows.md", f"# Shows\n\n![x]({src})\n")
    if make is not None:
        make(content / "C1/wiki" / src)
    found = listing(content)
    (problem,) = told(found)
    assert problem.startswith(f"content/C1/wiki/shows.md:3: the image {src!r} {message}")
    assert keys(found) == {"s:C1/wiki/good", "s:C1/prompts/good"}


@pytest.mark.parametrize("name", ["C1/wiki/pipe.md", "C1/prompts/pipe.md", "C1/ratings.csv", "C1/ratings.xlsx"])
def test_a_pipe_is_told_and_never_waited_for(content: Path, name: str) -> None:
    os.mkfifo(content / name)
    found = listing(content)
    assert [message.partition(". ")[0] for message in told(found)] == [f"content/{name}: is not an ordinary file"]
    assert keys(found) == {"s:C1/wiki/good", "s:C1/prompts/good"}


def damaged(member: str, become: bytes) -> bytes:
    """A workbook of one review, one of whose parts is something else."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["rater", "stars", "comment", "date"])
    sheet.append(["Ann", 5, "Good", "2026-10-05"])
    whole, hurt = io.BytesIO(), io.BytesIO()
    book.save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(hurt, "w") as new:
        for name in old.namelist():
            new.writestr(name, become if name == member else old.read(name))
    return hurt.getvalue()


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("become", [b"", b"<worksheet><sheetData><row>", b"<a/>", b"\x00\xff"])
def test_a_damaged_workbook_holds_back_its_reviews_alone(content: Path, member: str, become: bytes) -> None:
    write(content, "C1/ratings.xlsx", damaged(member, become))
    found = listing(content)
    assert all(message.startswith("content/C1/ratings.xlsx: is ") for message in told(found))
    assert keys(found) == {"s:C1/wiki/good", "s:C1/prompts/good"}


def reviews(found: Listing) -> list[Review]:
    return [item for item in found.items if isinstance(item, Review)]


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2201-01-01", "9999-12-31"])
def test_a_date_far_from_our_time_costs_its_review_alone(content: Path, day: str) -> None:
    write(content, "C1/ratings.csv", HEADER + f"Ann,4,,{day}\nBen,5,,2026-10-05\n")
    found = listing(content)
    (message,) = told(found)
    assert message.startswith(f"content/C1/ratings.csv:2: `date` is {day!r}. Write it as year-month-day")
    assert [review.stars for review in reviews(found)] == [5]


@pytest.mark.parametrize("sign", ["\v", "\f", "\x00", "\x1f"])
def test_a_control_character_in_a_comment_becomes_a_blank(content: Path, sign: str) -> None:
    write(content, "C1/ratings.csv", HEADER + f"Ann,4,one{sign}two,\nBen,5,,\n")
    found = listing(content)
    assert found.complete
    assert sorted(review.comment for review in reviews(found)) == ["", "one two"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Ann,4," + "x" * 200_000 + ",", "has a comment of 200,000 characters."),
        ("Ann,4,yes, and no,2026-10-05", "has more cells than the header."),
        ("Ann,,,", "`stars` is empty. Write a number from 1 to 5"),
    ],
)
def test_a_bad_row_costs_that_row_alone(content: Path, row: str, message: str) -> None:
    write(content, "C1/ratings.csv", HEADER + row + "\nBen,5,,\n")
    found = listing(content)
    (problem,) = told(found)
    assert problem.startswith(f"content/C1/ratings.csv:2: {message}")
    assert [review.stars for review in reviews(found)] == [5]


@pytest.mark.parametrize("first", ["sep=;", "\ufeffsep=;", '"sep=;"', "SEP=;;;"])
def test_the_line_in_which_a_spreadsheet_names_its_separator_is_understood(content: Path, first: str) -> None:
    write(content, "C1/ratings.csv", f"{first}\r\nrater;stars;comment;date\r\nAnn;4;good, really;\r\n")
    (review,) = reviews(listing(content))
    assert (review.comment, str(review.origin)) == ("good, really", "content/C1/ratings.csv:3")


@pytest.mark.parametrize(
    ("stars", "message"),
    [
        ("=2+2", "`stars` is a formula without a stored value. Open and save the file in a spreadsheet program"),
        (None, "`stars` is empty. Write a number from 1 to 5"),
    ],
)
def test_an_empty_cell_and_a_formula_never_calculated_are_told_apart(
    content: Path, stars: str | None, message: str
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["rater", "stars", "comment", "date"], ["Ann", stars, None, None], ["Ben", 5, None, None]):
        sheet.append(row)
    book.save(content / "C1/ratings.xlsx")
    found = listing(content)
    (problem,) = told(found)
    assert problem.startswith(f"content/C1/ratings.xlsx:2: {message}")
    assert [review.stars for review in reviews(found)] == [5]


def warnings(root: Path) -> list[str]:
    return [str(finding.problem) for finding in source(root).check() if finding.level is Level.WARNING]


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("C1/prompts/sub/x.md", "content/C1/prompts/sub/x.md: is not read. Put it directly into `prompts`."),
        ("C1/wiki/big.MD", "content/C1/wiki/big.MD: is not read. Name it 'big.md'."),
        ("C1/wiki/sub/other.markdown", "content/C1/wiki/sub/other.markdown: is not read. Name it 'other.md'."),
        ("C1/loose.md", "content/C1/loose.md: is not read. Put it into `wiki` or `prompts`."),
        ("C2/loose.md", "content/C2: holds Markdown files, and none of them is read. Put its pages into `wiki`"),
        ("C2/cells/wall.md", "content/C2: holds Markdown files, and none of them is read. Put its pages into `wiki`"),
    ],
)
def test_markdown_that_is_never_read_is_told_by_check(content: Path, name: str, warning: str) -> None:
    before = warnings(content)
    write(content, name, "# X\n")
    (message,) = (told for told in warnings(content) if told not in before)
    assert message.startswith(warning)


@pytest.mark.parametrize("name", ["C1/_notes/x.md", "C1/wiki/_draft.markdown", "C1/wiki/.x.MD", "C1/wiki/x.png"])
def test_what_a_designer_keeps_apart_is_no_matter_for_check(content: Path, name: str) -> None:
    before = warnings(content)
    write(content, name, "# X\n")
    assert warnings(content) == before


@pytest.mark.parametrize(
    ("target", "warning"),
    [("/nowhere/at/all", "leads nowhere."), ("../prompts", "to a folder, and is not read. Copy the folder here.")],
)
def test_a_link_that_is_never_followed_is_told_by_check(content: Path, target: str, warning: str) -> None:
    (content / "C1/wiki/link").symlink_to(target)
    assert any("content/C1/wiki/link: is a symbolic link" in told and warning in told for told in warnings(content))


@pytest.mark.parametrize(
    ("name", "left"), [("C1", 0), ("C1", 0o444), ("C1/wiki", 0), ("C1/wiki", 0o444), ("C1/wiki", 0o111)]
)
def test_check_goes_on_where_a_folder_may_not_be_read(content: Path, name: str, left: int) -> None:
    (content / "C1/wiki/link").symlink_to("/nowhere/at/all")
    with closed(content / name, left=left):
        findings = list(source(content).check())
    assert [finding.level for finding in findings if finding.level is Level.ERROR] == [Level.ERROR]
    assert findings[-1].level is Level.OK


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C1/wiki/\udcff.md", "C1/wiki/\\udcff.md"),
        ("C1/prompts/\udcff.md", "C1/prompts/\\udcff.md"),
        ("\udcff", "\\udcff"),
    ],
)
def test_a_name_that_is_not_utf_8_costs_itself_alone(content: Path, name: str, shown: str) -> None:
    write(content, name if name.endswith(".md") else f"{name}/wiki/a.md", "# A\n")
    found = listing(content)
    assert told(found) == [f"content/{shown}: has a name that is not UTF-8. Give it another name."]
    assert keys(found) == {"s:C1/wiki/good", "s:C1/prompts/good"}


def test_a_mistake_of_ours_costs_the_file_it_meets_and_keeps_its_traces(
    content: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reading = Reading(content, "content")
    for _ in range(2):
        with caplog.at_level("DEBUG"), reading.one_file(content / "C1/wiki/good.md"):
            raise ZeroDivisionError("never foreseen")
    assert [str(problem) for problem in reading.problems] == [
        "content/C1/wiki/good.md: cannot be read: ZeroDivisionError: never foreseen. Report this with the file."
    ]
    assert not reading.complete
    assert caplog.records[0].exc_info
