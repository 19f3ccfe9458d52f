"""What did not change is not converted again, and nobody can tell: the listing is the same as without any memory."""

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_bridge import bridge
from lms_bridge.config.load import load_config
from lms_bridge.items import Course, Kind, Page, Prompt
from lms_bridge.markup.markdown import Conversion
from lms_bridge.opening import notes_of, open_connectors
from lms_bridge.sources.files import converting, glance, untouched
from lms_bridge.sources.files.converting import converted
from lms_bridge.sources.files.folder import Leaf
from lms_bridge.sources.files.front_matter import PageMatter
from lms_bridge.sources.files.memory import Keeping, Memory, remembering
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.source import FilesSource

pytestmark = pytest.mark.usefixtures("touched_long_ago")

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1" + b"\0" * 20
CONFIG = """\
version: 1
installation: test
sources:
  programme: {type: files, path: content}
destinations:
  moodle: {type: moodle, url: "http://127.0.0.1:9", token: '${file:token}'}
routes:
  all: {from: programme, to: moodle}
"""


LEAF = Leaf(Kind.PAGE, "s:C1/wiki/a", "a.md", Course("C1", "C1"), "A", PageMatter(), str, 2)


@dataclass(slots=True)
class Desk:
    folder: Path
    code: str = "one"
    settings: FilesSettings = field(default_factory=lambda: FilesSettings(path=Path("content")))

    @property
    def content(self) -> Path:
        return self.folder / "content"

    @property
    def kept(self) -> Path:
        return self.folder / "state" / "programme"

    @property
    def texts(self) -> Path:
        return self.kept / "texts.sqlite"

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.content / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # By exchange, as editors and Git do: two edits within one tick of the clock are two files all the same.
        new = path.with_name("_new")
        new.write_bytes(text if isinstance(text, bytes) else text.encode())
        new.replace(path)
        return path

    def source(self, *, remembering: bool = True) -> FilesSource:
        source = FilesSource("s", self.settings, self.folder)
        if remembering:
            source.remember(self.kept, self.code)
        return source

    def told(self, *, remembering: bool = True) -> object:
        """Everything that comes out of a listing, what `check` says of it, and whether a body must be cleaned again."""
        listing = self.source(remembering=remembering).items()
        items = list(listing.items)
        bodies = [item.body for item in items if isinstance(item, Page | Prompt)]
        forms = [(type(body), getattr(body, "policy", None)) for body in bodies]
        found = list(self.source(remembering=remembering).check())
        return items, forms, listing.problems, listing.withheld, listing.complete, listing.cursor, found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("C1/wiki/cells.md", "# Cells\n\nSmall rooms, of [walls](walls.md) and ![air](cell.png).\n")
    desk.write("C1/wiki/walls.md", "---\nid: walls\n---\n# Walls\n\nSee [[Cells]].\n\n- [ ] draw one\n")
    desk.write("C1/wiki/cell.png", PNG)
    desk.write("C1/prompts/after.md", "---\ntitle: After class\n---\nSee <a href='../wiki/cells.md'>c</a>?\n")
    return desk


@contextmanager
def counted() -> Iterator[list[str]]:
    """The texts that are parsed meanwhile."""
    parsed: list[str] = []
    whole = converting.to_html

    def to_html(text: str, **how: Any) -> Conversion:
        parsed.append(text)
        return whole(text, **how)

    converting.to_html = to_html
    try:
        yield parsed
    finally:
        converting.to_html = whole


def parsed_by(desk: Desk) -> list[str]:
    with counted() as parsed:
        assert not desk.source().items().problems
    return parsed


def test_a_text_that_did_not_change_is_not_parsed_again(desk: Desk) -> None:
    assert len(parsed_by(desk)) == 3
    assert parsed_by(desk) == []
    desk.write("C1/wiki/walls.md", "# Walls\n\nThey hold.\n")
    assert parsed_by(desk) == ["\nThey hold.\n"]


def test_another_program_may_convert_otherwise(desk: Desk) -> None:
    parsed_by(desk)
    desk.code = "two"
    assert len(parsed_by(desk)) == 3


def test_a_text_is_converted_anew_where_a_link_leads_elsewhere_by_now(desk: Desk) -> None:
    desk.told()
    desk.write("C1/wiki/walls.md", "---\nid: membranes\n---\n# Walls\n\nSee [[Cells]].\n\n- [ ] draw one\n")
    with counted() as parsed:
        bodies = {item.key: item.body for item in desk.source().items().items if isinstance(item, Page)}
    assert "item:s%3AC1%2Fwiki%2Fmembranes" in bodies["s:C1/wiki/cells"]
    assert len(parsed) == 1
    (desk.content / "C1/wiki/walls.md").unlink()
    (problem,) = desk.source().items().problems
    assert str(problem).startswith("content/C1/wiki/cells.md:3: the link to 'walls.md' leads to a page that does not")


def test_a_text_is_converted_anew_where_an_image_is_another_by_now(desk: Desk) -> None:
    desk.told()
    desk.write("C1/wiki/cell.png", PNG + b"more")
    assert desk.told() == desk.told(remembering=False)
    assert parsed_by(desk) == []


def test_a_text_that_moved_down_in_its_file_is_told_by_its_new_line(desk: Desk) -> None:
    for head, line in (("", 3), ("---\ntags: [a]\n---\n", 6)):
        desk.write("C1/wiki/walls.md", head + "# Walls\n\n[top](#here)\n")
        (told,) = [str(found.problem) for found in desk.source().check() if "#here" in str(found.problem)]
        assert told.startswith(f"content/C1/wiki/walls.md:{line}: ")


def read_by(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that a listing reads for their text."""
    read: list[str] = []
    whole = untouched.read_leaf

    def read_leaf(reading: Any, path: Path, *others: Any) -> Any:
        read.append(path.name)
        return whole(reading, path, *others)

    with monkeypatch.context() as patch:
        patch.setattr(untouched, "read_leaf", read_leaf)
        desk.source().items()
    return sorted(read)


def test_a_file_that_nobody_touched_is_not_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_by(desk, monkeypatch) == ["after.md", "cells.md", "walls.md"]
    assert read_by(desk, monkeypatch) == []
    desk.write("C1/wiki/walls.md", "# Walls\n\nThey hold.\n")
    assert read_by(desk, monkeypatch) == ["walls.md"]
    before = (desk.content / "C1/wiki/walls.md").stat()
    path = desk.write("C1/wiki/walls.md", "# Walls\n\nThey fold.\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read_by(desk, monkeypatch) == ["walls.md"]


def test_a_file_that_was_touched_within_a_tick_of_the_clock_is_read_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glance, "_GRAIN_NS", 60_000_000_000)
    assert [len(read_by(desk, monkeypatch)) for _ in range(2)] == [3, 3]


def test_a_link_to_a_file_is_read_as_what_it_leads_to(desk: Desk) -> None:
    path = desk.content / "C1/wiki/linked.md"
    path.symlink_to("walls.md")
    desk.write("C1/wiki/walls.md", "# Linked\n\nOne.\n")
    for words in ("One.", "Two."):
        desk.write("C1/wiki/walls.md", f"# Linked\n\n{words}\n")
        bodies = [item.body.strip() for item in desk.source().items().items if item.key.endswith("linked")]  # type: ignore[union-attr]
        assert bodies == [f"<p>{words}</p>"]


def test_a_date_is_a_date_and_a_time_a_time_however_often_they_are_read(desk: Desk) -> None:
    moments = ("2027-01-11", "2027-01-11 09:00:00+01:00", "'2027-01-11'", "2027-01-11 00:00:00")
    for name, moment in enumerate(moments):
        desk.write(f"C1/prompts/{name}.md", f"---\ntitle: {name}\npublish: {moment}\n---\nWhat now?\n")
    assert [desk.told() for _ in range(2)] == [desk.told(remembering=False)] * 2


def test_a_limit_that_is_lower_by_now_counts(desk: Desk) -> None:
    desk.write("C1/wiki/walls.md", "# Walls\n\n" + "They hold. " * 200)
    parsed_by(desk)
    desk.settings = FilesSettings(path=Path("content"), max_page_bytes=1000)
    assert "content/C1/wiki/walls.md: has 0.0 MB" in str(desk.source().items().problems[0])


def test_what_is_wrong_in_the_front_matter_is_told_with_its_line_however_often_it_is_read(desk: Desk) -> None:
    desk.write("C1/wiki/walls.md", "---\ntags: [a]\nparent: nobody\n---\n# Walls\n")
    told = [[problem.where for problem in desk.source().items().problems] for _ in range(2)]
    assert told == [["content/C1/wiki/walls.md:3"]] * 2


def test_a_file_that_changes_while_it_is_listed_waits_for_the_next_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.told()
    with monkeypatch.context() as patch:
        seen = {path: glance.of_file(path, 2**63) for path in desk.content.rglob("*.md")}
        patch.setattr(untouched, "of_file", lambda path, begun: seen[path])
        desk.write("C1/wiki/cells.md", "# Cells\n\nLarge rooms, of [walls](walls.md).\n")
        desk.write("C1/wiki/cell.png", PNG + b"another")
        (problem,) = desk.source().items().problems
    assert str(problem) == "content/C1/wiki/cells.md: changed while the run went on. Run again."
    assert desk.told() == desk.told(remembering=False)


@pytest.mark.parametrize("answers", [("x", "y", "z"), ("x", "other", "z"), ("x", "other", None)])
def test_whatever_is_asked_on_the_way_is_told_once(desk: Desk, answers: tuple[str | None, ...]) -> None:
    """A conversion asks where addresses lead, and hears what is wrong with them: neither twice nor never."""

    def ask(now: dict[str, str | None], memory: Memory | None) -> tuple[Any, list[str]]:
        told: list[str] = []

        def answer(address: str, line: int) -> str | None:
            told.append(f"{address} in line {line}")
            return now[address]

        resolve = dict.fromkeys(("link", "image", "wiki"), answer)
        leaf = replace(LEAF, body=lambda: "[a](a) ![b](b)\n\n[[c]]\n")
        return converted(leaf, resolve, memory=memory, anew=told.clear), told

    one: dict[str, str | None] = {"a": "item:x", "b": "asset:y", "c": "item:z"}
    now = dict(zip(one, (answer and f"item:{answer}" for answer in answers), strict=True))
    with remembering(Keeping(desk.kept, "one")) as memory:
        ask(one, memory)
        for _ in range(2):
            assert ask(now, memory) == ask(now, None)


NAMES = ("a", "b", "c/index")
PIECES = (
    "Words, ![air](cell.png) and ![none](none.png).",
    "[a](a.md) [b](b.md#part) [c](c/index.md) [up](../a.md)",
    "[[First]] and [[Second#part|there]] or [[Nobody]]",
    "<a href='b.md'>raw</a> <img src='cell.png' alt='x'> <script>alert(1)</script>",
    "| a | b |\n|---|---|\n| [[First|x]] | 2 |",
    "> * [ ] a task[^1]\n\n[^1]: and a note with [b](b.md)",
    "[odd](javascript:alert) [top](#here) <b style='x'>b</b> &amp; &#1;",
    "[" * 5001,
)
HEADS = (
    "",
    "---\ntags: [b, a]\norder: 2\n---\n",
    "---\nid: other\n---\n",
    "---\nstatus: draft\n---\n",
    "---\ntitle: [\n---\n",
    "---\nparent: a\n---\n",
)
TITLES = ("First", "Second", "")
EDITS = st.one_of(
    st.tuples(
        st.just("write"),
        st.sampled_from(NAMES),
        st.sampled_from(HEADS),
        st.sampled_from(TITLES),
        st.lists(st.sampled_from(PIECES), max_size=3),
    ),
    st.tuples(st.just("delete"), st.sampled_from(NAMES)),
    st.tuples(st.just("image"), st.sampled_from((PNG, PNG + b"other", b"no image", None))),
    st.tuples(st.just("course"), st.sampled_from(("idnumber: C2\n", "title: Biology\n", "title: [\n"))),
)


def edit(desk: Desk, what: str, *how: object) -> None:
    match what, *how:
        case "write", str(name), str(head), str(title), list(pieces):
            desk.write(f"C1/wiki/{name}.md", head + (f"# {title}\n\n" if title else "") + "\n\n".join(pieces) + "\n")
        case "delete", str(name):
            (desk.content / f"C1/wiki/{name}.md").unlink(missing_ok=True)
        case "image", bytes(content):
            desk.write("C1/wiki/cell.png", content)
        case "image", None:
            (desk.content / "C1/wiki/cell.png").unlink(missing_ok=True)
        case "course", str(text):
            desk.write("C1/course.yaml", text)


@settings(max_examples=20)
@given(st.lists(EDITS, min_size=1, max_size=4))
def test_whatever_is_edited_the_listing_is_the_same_as_without_memory(edits: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        desk.write("C1/wiki/a.md", "# First\n\n" + "\n\n".join(PIECES[:3]) + "\n")
        desk.write("C1/wiki/b.md", "# Second\n\n" + "\n\n".join(PIECES[3:6]) + "\n")
        for what in (*edits, ("nothing",)):
            edit(desk, *what)  # type: ignore[arg-type]
            assert desk.told() == desk.told(remembering=False)


def _sql(desk: Desk, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(desk.texts)) as file, file:
        file.execute(statement, values)


def _lost(desk: Desk) -> None:
    shutil.rmtree(desk.kept)


def _no_database(desk: Desk) -> None:
    desk.texts.write_bytes(b"nothing of the kind" * 500)


def _empty(desk: Desk) -> None:
    desk.texts.write_bytes(b"")


def _cut_off(desk: Desk) -> None:
    os.truncate(desk.texts, desk.texts.stat().st_size // 2)


def _a_flipped_bit(desk: Desk) -> None:
    content = desk.texts.read_bytes()
    assert b"Small rooms" in content
    desk.texts.write_bytes(content.replace(b"Small rooms", b"Smell rooms"))


def _forged(desk: Desk) -> None:
    _sql(desk, "UPDATE kept SET found = replace(CAST(found AS TEXT), '<p>', '<p><script>alert(1)</script>')")


def _forged_with_another_key(desk: Desk) -> None:
    """As whoever has a memory of their own could give it."""
    other = Desk(desk.folder / "other")
    shutil.copytree(desk.content, other.content)
    for page in other.content.rglob("*.md"):
        page.write_text(page.read_text())
    other.told()
    shutil.copy(other.texts, desk.texts)


def _of_another_form(desk: Desk) -> None:
    _sql(desk, "DROP TABLE kept")
    _sql(desk, "CREATE TABLE kept (other TEXT)")


def _of_other_types(desk: Desk) -> None:
    _sql(desk, "UPDATE kept SET seal = 'words', found = 7")


def _exchanged(desk: Desk) -> None:
    """Each row under another text's mark."""
    with closing(sqlite3.connect(desk.texts)) as file, file:
        rows = file.execute("SELECT mark, seal, found FROM kept").fetchall()
        for (mark, _, _), (_, seal, found) in zip(rows, rows[1:] + rows[:1], strict=True):
            file.execute("UPDATE kept SET seal = ?, found = ? WHERE mark = ?", (seal, found, mark))


def _without_key(desk: Desk) -> None:
    (desk.kept / "key").unlink()


def _half_a_key(desk: Desk) -> None:
    os.truncate(desk.kept / "key", 7)


def _a_folder_in_its_place(desk: Desk) -> None:
    desk.texts.unlink()
    desk.texts.mkdir()


def _a_file_for_a_folder(desk: Desk) -> None:
    shutil.rmtree(desk.kept)
    desk.kept.write_text("in the way")


def _open_to_others(desk: Desk) -> None:
    desk.kept.chmod(0o777)


def _a_file_that_others_may_write(desk: Desk) -> None:
    desk.texts.chmod(0o666)


def _a_link(desk: Desk) -> None:
    desk.texts.rename(desk.folder / "elsewhere")
    desk.texts.symlink_to(desk.folder / "elsewhere")


@pytest.mark.parametrize(
    ("spoil", "mends"),
    [
        (_lost, True),
        (_no_database, True),
        (_empty, True),
        (_cut_off, True),
        (_a_flipped_bit, True),
        (_forged, True),
        (_forged_with_another_key, True),
        (_of_another_form, True),
        (_of_other_types, True),
        (_exchanged, True),
        (_without_key, True),
        (_half_a_key, True),
        (_a_folder_in_its_place, False),
        (_a_file_for_a_folder, False),
        (_open_to_others, False),
        (_a_file_that_others_may_write, False),
        (_a_link, False),
    ],
)
def test_a_memory_that_was_spoilt_costs_time_and_nothing_else(
    desk: Desk, spoil: Callable[[Desk], None], mends: bool
) -> None:
    known = desk.told()
    spoil(desk)
    assert len(parsed_by(desk)) > 0
    assert desk.told() == known == desk.told(remembering=False)
    assert len(parsed_by(desk)) == (0 if mends else 3)


def test_a_memory_that_another_process_writes_to_is_waited_for_no_longer_than_worth_it(desk: Desk) -> None:
    known = desk.told()
    desk.write("C1/wiki/walls.md", "# Walls\n\nThey hold.\n")
    with closing(sqlite3.connect(desk.texts)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert desk.told() == desk.told(remembering=False) != known
    assert len(parsed_by(desk)) == 1


def _read_only(file: sqlite3.Connection) -> None:
    file.execute("PRAGMA query_only = ON")


def _full(file: sqlite3.Connection) -> None:
    file.execute("PRAGMA max_page_count = 1")


@pytest.mark.parametrize("disk", [_read_only, _full])
def test_what_stands_on_a_disk_that_takes_nothing_more_serves_all_the_same(
    desk: Desk, disk: Callable[[sqlite3.Connection], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.told()
    desk.write("C1/wiki/walls.md", "# Walls\n\n" + "They hold. " * 2000)
    connect = sqlite3.connect

    def connected(*args: object, **how: object) -> sqlite3.Connection:
        connection = connect(*args, **how)  # type: ignore[call-overload]
        disk(connection)
        return connection  # type: ignore[no-any-return]

    monkeypatch.setattr(sqlite3, "connect", connected)
    assert [len(parsed_by(desk)) for _ in range(2)] == [1, 1]
    assert desk.told() == desk.told(remembering=False)


def test_processes_side_by_side_do_not_disturb_one_another(desk: Desk) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: list(desk.source().items().items), range(8)))
    assert found == [found[0]] * 8
    parsed_by(desk)
    assert parsed_by(desk) == []


def test_what_is_gone_from_the_folder_is_nowhere_in_the_memory(desk: Desk) -> None:
    for number in range(60):
        desk.write(f"C1/wiki/ann-{number}.md", f"# Ann {number}\n\nAnn Adler wrote this as {number}. " + "More. " * 300)
    parsed_by(desk)
    large = desk.texts.stat().st_size
    assert b"Ann Adler" in desk.texts.read_bytes()
    for page in desk.content.rglob("ann-*.md"):
        page.unlink()
    assert parsed_by(desk) == []
    assert all(b"Ann Adler" not in file.read_bytes() for file in desk.kept.iterdir())
    assert desk.texts.stat().st_size < large / 4


def test_reviews_are_not_remembered(desk: Desk) -> None:
    desk.write("C1/ratings.csv", "rater,stars,comment,date\nAnn Adler,5,Well spoken,2026-03-02\n")
    parsed_by(desk)
    assert all(b"Ann" not in file.read_bytes() for file in desk.kept.iterdir())
    assert all(b"Well spoken" not in file.read_bytes() for file in desk.kept.iterdir())


@pytest.fixture
def configured(desk: Desk) -> Path:
    path = desk.folder / "connectors.yaml"
    path.write_text(CONFIG)
    (desk.folder / "token").write_text("0123456789abcdef0123456789abcdef")
    return path


def test_a_source_remembers_beside_the_state_for_its_owner_alone(configured: Path) -> None:
    config = load_config(configured)
    for expected in (3, 0):
        with counted() as parsed, open_connectors(config, config.routes) as (sources, _):
            sources["programme"].items()
        assert len(parsed) == expected
    folder = notes_of(config) / "sources" / "programme"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (*folder.parents[:2], folder, *folder.iterdir())}
    folders = dict.fromkeys((notes_of(config).name, "sources", "programme"), 0o700)
    assert modes == {**folders, "key": 0o600, "texts.sqlite": 0o600}


def test_a_check_looks_for_itself_and_leaves_nothing(configured: Path) -> None:
    config = load_config(configured)
    with counted() as parsed:
        for _ in range(2):
            assert any(who == "programme" for who, _ in bridge.check(config))
    assert len(parsed) == 6
    assert not notes_of(config).exists()
