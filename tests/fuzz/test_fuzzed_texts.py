"""Whatever a file or a text holds, reading it ends: with the thing that was read, or with a clear sentence."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import strategies as st

from lms_bridge.calendars.events import contents
from lms_bridge.calendars.feed import Rules
from lms_bridge.cli.printing import print_json, say
from lms_bridge.config.load import load_config
from lms_bridge.config.secrecy import secrets_of
from lms_bridge.errors import BridgeError, SourceError
from lms_bridge.items import Course, Kind
from lms_bridge.markup.clean import CANONICAL, clean, clean_fragment
from lms_bridge.markup.digest import plain_form
from lms_bridge.markup.fragment import MarkupError, serialize
from lms_bridge.markup.markdown import to_html
from lms_bridge.markup.merge import merge
from lms_bridge.markup.merge_html import canonical
from lms_bridge.markup.rewriting import rewritten
from lms_bridge.markup.sections import sections
from lms_bridge.markup.text import to_text
from lms_bridge.markup.to_markdown import Spelling
from lms_bridge.moodle.marker import find_marker
from lms_bridge.sharepoint.marker import marker_in
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.source import FilesSource
from lms_bridge.sync import state_transfer
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import Bench
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.sample import make_item
from tests.calendars.calendar_world import NOW as CALENDAR_NOW
from tests.calendars.calendar_world import calendar
from tests.fuzz.mutants import fuzz, mutants

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(0)]
ROOT = Path(__file__).parent.parent.parent
PAGES = [path.read_bytes() for path in sorted(ROOT.glob("content/*/*/**/*.md"))]
HTML = [path.read_bytes() for path in sorted((ROOT / "tests").glob("*/golden/**/*.html"))]
assert PAGES
assert HTML


def text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def nowhere(address: str, line: int) -> str:
    return f"item:{len(address)}"


def markdown(source: str) -> str:
    return to_html(source, resolve_link=nowhere, resolve_image=nowhere, wiki_link=nowhere).html


def test_config(tmp_path: Path) -> None:
    path = tmp_path / "connectors.yaml"
    seeds = [path.read_bytes() for path in (ROOT / "connectors.yaml",)]

    def read(content: bytes) -> None:
        path.write_bytes(content)
        try:
            secrets_of(load_config(path, without_secrets=True))
        except BridgeError as error:
            say(str(error))

    assert fuzz(mutants(seeds), read)


def test_calendars() -> None:
    series = "DTSTART;TZID=Europe/Berlin:20270111T080000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;COUNT=9\nCATEGORIES:BIO-101"
    day = "DTSTART;VALUE=DATE:20270111\nDTEND;VALUE=DATE:20270112\nEXDATE;VALUE=DATE:20270111\nSUMMARY:CHE-220"
    rules = Rules(by_course=True, pattern=r"[A-Z]{3}-\d{3}", before=60.0)

    def read(content: bytes) -> None:
        try:
            found = contents(content, rules, CALENDAR_NOW)
        except SourceError:
            return
        assert all(span.begin < span.end for span in found.spans)
        assert "".join(course for span in found.spans for course in span.courses).isprintable()

    assert fuzz(mutants([calendar(series, day, head="X-WR-TIMEZONE:Europe/Vienna"), calendar(day)]), read)


KINDS = {
    "a page": ("wiki/page.md", PAGES),
    "a prompt": (
        "prompts/prompt.md",
        [b"---\ntitle: Why?\npublish: 2026-11-01\nclose: 2026-12-01\n---\nSay."],
    ),
    "a course": ("course.yaml", [b"title: Biology\nidnumber: BIO\nplaces:\n  moodle:\n    wiki: W\n"]),
    "a table": (
        "ratings.csv",
        [b"rater,stars,comment,date\nAnn,5,Good,2026-10-01\n", b'rater;stars;comment\r\nAnn;4,5;"a\r\nb"\r\n'],
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "content" / "DS-101", tmp_path / "content" / "DS-101")
    return tmp_path


def listed(folder: Path) -> None:
    listing = FilesSource("s", FilesSettings.model_validate({"path": "content"}), folder).items()
    items = list(listing.items)
    assert items
    print_json([item.title for item in items] + [str(problem) for problem in listing.problems])
    for problem in listing.problems:
        assert "Report this" not in str(problem), problem


@pytest.mark.parametrize("kind", KINDS)
def test_content(folder: Path, kind: str) -> None:
    name, seeds = KINDS[kind]
    path = folder / "content" / "BIO" / name
    path.parent.mkdir(parents=True, exist_ok=True)

    def read(content: bytes) -> None:
        path.write_bytes(content)
        listed(folder)

    assert fuzz(mutants(seeds), read)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("rater", "stars", "comment", "date"), ("Ann", 5, "Good", "2026-10-01"), ("Bob", 4.5, None, None)):
        sheet.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def test_workbook(folder: Path) -> None:
    """The archive itself, and each part in it."""
    path = folder / "content" / "BIO" / "ratings.xlsx"
    path.parent.mkdir(parents=True)
    whole = workbook()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def read(example: bytes | tuple[str, bytes]) -> None:
        content = example
        if isinstance(content, tuple):
            held = io.BytesIO()
            with zipfile.ZipFile(held, "w") as archive:
                for name, part in {**parts, content[0]: content[1]}.items():
                    archive.writestr(name, part)
            content = held.getvalue()
        path.write_bytes(content)
        listed(folder)

    inside = st.sampled_from(sorted(parts)).flatmap(lambda name: st.tuples(st.just(name), mutants([parts[name]])))
    assert fuzz(st.one_of(mutants([whole]), inside), read)


def test_markdown_and_back() -> None:
    def read(content: bytes) -> None:
        try:
            html = markdown(text(content))
        except MarkupError:
            return
        assert clean(str(html)) == html or plain_form(clean(str(html))) == plain_form(html)
        to_text(html)

    assert fuzz(mutants(PAGES), read)


def test_html_is_cleaned_once_and_for_all() -> None:
    def read(content: bytes) -> None:
        try:
            once = serialize(clean_fragment(text(content), policy=CANONICAL))
        except MarkupError:
            return
        assert serialize(clean_fragment(once, policy=CANONICAL)) == once
        assert plain_form(plain_form(once)) == plain_form(once)
        assert canonical(canonical(once)) == canonical(once)

    assert fuzz(mutants(HTML), read)


def test_merges() -> None:
    def read(three: tuple[bytes, bytes, bytes]) -> None:
        try:
            merge(*map(text, three))
        except MarkupError:
            return

    assert fuzz(st.tuples(*[mutants(HTML[:4])] * 3), read)


def test_rewriting() -> None:
    def read(pair: tuple[bytes, bytes]) -> None:
        try:
            html = canonical(text(pair[1]))
            rewritten(
                text(pair[0]), html, Spelling({}, {}, {}),
                lambda source: sections(source, resolve_link=nowhere, resolve_image=nowhere, wiki_link=nowhere),
            )  # fmt: skip
        except (MarkupError, RecursionError):
            return

    assert fuzz(st.tuples(mutants(PAGES), mutants(HTML)), read)


def test_marks() -> None:
    seeds = [
        b'<p class="lmsb lmsb-7meygcqy6wvjtdge lmsbf-b1e8f2fdd029">Source: x</p>',
        b"Words. lms-bridge page 7meygcqy6wvjtdge b1e8f2fdd029",
    ]

    def read(content: bytes) -> None:
        find_marker(text(content))
        marker_in(text(content))

    assert fuzz(mutants(seeds), read)


def test_a_cursor(folder: Path) -> None:
    """What a source told to be told next time comes from the state, where anything may stand by then."""

    def read(cursor: bytes) -> None:
        found = FilesSource("s", FilesSettings.model_validate({"path": "content"}), folder).items(text(cursor))
        assert list(found.items)

    assert fuzz(mutants([b"4.25", b"nan", b"1e308", b""]), read)


def exported(folder: Path) -> bytes:
    """A state that a sync left, with everything that can stand in one."""
    there = MemoryDestination()
    bench = Bench(there, folder)
    bench.fill(*(make_item(kind, Course("BIO-101", "Cell Biology")) for kind in Kind))
    bench.sync()
    there.remove(bench.source.content[0].key)
    bench.sync()
    return "".join(f"{line}\n" for line in state_transfer.export(bench.file)).encode()


def test_state_import(tmp_path: Path) -> None:
    seed = exported(tmp_path)
    seeds = [seed, seed + seed, *(line + b"\n" for line in seed.splitlines() if len(line) < 20_000)]
    numbers = iter(range(10**9))

    def read(content: bytes) -> None:
        location = tmp_path / f"to-{next(numbers)}.sqlite"
        try:
            with State.open(str(location)):
                pass
            state_transfer.import_(location, text(content).splitlines())
        except BridgeError as error:
            print_json(str(error))
        finally:
            for path in tmp_path.glob(f"{location.name}*"):
                path.unlink()

    assert fuzz(mutants(seeds), read)


def test_printing() -> None:
    def read(content: object) -> None:
        say(str(content))
        print_json(json.loads(json.dumps(content)))

    signs = st.characters(codec=None)
    plain = st.none() | st.booleans() | st.integers() | st.text(signs)
    values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(signs), inner))
    assert fuzz(values, read)
