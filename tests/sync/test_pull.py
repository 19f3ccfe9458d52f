"""What people changed at a destination comes back into the source that was asked for, or is left with the reason."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from odd_world import Odd, OddPlace

from lms_bridge.connector import Body, Payload
from lms_bridge.errors import DestinationError
from lms_bridge.items import Key, Kind
from lms_bridge.markup import fragment
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.source import FilesSource
from lms_bridge.sync.apply import apply
from lms_bridge.sync.pull import NO_TEXT, NOT_IN_STEP, OWN_NAME, Pull, pull
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Route
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import LEAVE
from lms_bridge.testing.memory import Thing, place_ref

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CONTENT = {
    "BIO/course.yaml": "title: Biology\n",
    "BIO/wiki/cells.md": "---\nid: cells\n---\n# Cells\n\nSmall rooms.\n",
    "BIO/wiki/plants.md": "---\nid: plants\n---\n# Plants\n\nGreen. See [[Cells]].\n",
    "BIO/ratings.csv": "rater,stars,comment,date\nann,5,Good,2026-03-02\n",
    "ECO/course.yaml": "title: Ecology\n",
    "ECO/wiki/woods.md": "---\nid: woods\n---\n# Woods\n\nTall trees.\n",
}
CELLS, PLANTS, WOODS = "programme:BIO/wiki/cells", "programme:BIO/wiki/plants", "programme:ECO/wiki/woods"


@dataclass
class Desk:
    """A content folder that was pushed."""

    folder: Path
    there: Odd = field(default_factory=Odd)

    @property
    def route(self) -> Route:
        source = FilesSource("programme", FilesSettings(path=Path("content"), scale=(1, 5)), self.folder)
        return Route("route", source, self.there, policy=LEAVE)

    def write(self, name: str, text: str) -> None:
        path = self.folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def sync(self) -> None:
        with State.open(self.folder / "state.sqlite") as state, state.lease("route"):
            apply(prepare(self.route, state, now=NOW), self.route, state, now=NOW)

    def pull(self, *only: str) -> Pull:
        with State.open(self.folder / "state.sqlite") as state:
            return pull(self.route, state, now=NOW, only=only)

    def thing(self, key: Key) -> Thing:
        (thing,) = self.there.find(key)
        return thing

    def edit(self, key: Key, old: str, new: str) -> None:
        html = self.thing(key).html
        assert old in html
        self.there.edit(key, html.replace(old, new))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    for name, text in CONTENT.items():
        desk.write(name, text)
    desk.sync()
    return desk


def taken(pulled: Pull) -> dict[Key, str]:
    """What the files of what comes back would say, without the head."""
    assert not pulled.failures
    texts = {file.path.stem: file.after.decode().rpartition("---\n")[2] for file in pulled.files}
    return {each.key: texts[Path(each.file).stem] for each in pulled.taken}


def test_only_the_words_that_were_asked_for_come_back(desk: Desk) -> None:
    desk.edit(CELLS, "Small", "Tiny")
    desk.edit(WOODS, "Tall", "High")
    one, every, none = desk.pull("page:cells"), desk.pull(), desk.pull("page:plants")
    assert (one.selected, taken(one), dict(one.left)) == (1, {CELLS: "# Cells\n\nTiny rooms.\n"}, {})
    assert set(taken(every)) == {CELLS, WOODS}
    assert every.selected > 3
    assert (none.selected, taken(none), dict(none.left)) == (1, {}, {})


def test_a_change_that_a_sync_has_seen_already_comes_back_all_the_same(desk: Desk) -> None:
    desk.edit(CELLS, "Small", "Tiny")
    desk.sync()
    assert taken(desk.pull()) == {CELLS: "# Cells\n\nTiny rooms.\n"}


def test_a_link_that_a_person_made_there_leads_to_the_same_page_in_the_source(desk: Desk) -> None:
    """Also while another page was moved to another course, and stands in both."""
    desk.write("ECO/wiki/roots.md", "---\nid: roots\n---\n# Roots\n\nDeep.\n")
    desk.sync()
    (desk.folder / "content/ECO/wiki/roots.md").rename(desk.folder / "content/BIO/wiki/roots.md")
    at = f"https://memory.example/{place_ref(Kind.PAGE, 'BIO').id}/{quote('Cells')}"
    assert at in desk.thing(PLANTS).html
    desk.edit(CELLS, "Small rooms.", f'Small rooms, as <a href="{at}">cells</a> are.')
    assert taken(desk.pull()) == {CELLS: "# Cells\n\nSmall rooms, as [cells](cells.md) are.\n"}


def test_a_title_that_a_person_gave_comes_back(desk: Desk) -> None:
    thing = desk.thing(WOODS)
    thing.title, thing.version = "Old woods", thing.version + 1
    assert taken(desk.pull()) == {WOODS: "# Old woods\n\nTall trees.\n"}


class Named(OddPlace):
    """As Moodle's wiki: its first page has a name of its own."""

    def expected(self, payload: Payload) -> Body:
        return replace(OddPlace.expected(self, payload), title="Home")


def test_a_name_that_is_none_of_the_source_is_left(desk: Desk) -> None:
    thing = desk.thing(WOODS)
    thing.title, thing.version = "Ann's home", thing.version + 1
    desk.there.kind_of_place = Named
    pulled = desk.pull("page:woods")
    assert (pulled.taken, dict(pulled.left)) == ((), {WOODS: OWN_NAME})


def test_what_is_no_text_of_the_source_is_left(desk: Desk) -> None:
    (review,) = [thing for place, things in desk.there.things.items() for thing in things.values() if "review" in place]
    review.fields, review.version = {**review.fields, "comment": "Bad"}, review.version + 1
    pulled = desk.pull()
    assert (pulled.taken, list(pulled.left.values())) == ((), [NO_TEXT])


def test_a_text_that_cannot_be_had_is_left_and_the_others_come_back(desk: Desk) -> None:
    desk.edit(CELLS, "Small", "Tiny")
    desk.sync()
    desk.edit(WOODS, "Tall", "High")
    refused = DestinationError("The wiki is locked.", where="there", next_step="Unlock it.")
    desk.there.unread = refused
    assert dict(desk.pull(CELLS).left) == {CELLS: refused.problem}
    desk.there.unread = None
    # It was another text when it was looked at.
    desk.thing(CELLS).html = "&amp;" * 1_000_000
    pulled = desk.pull()
    assert set(taken(pulled)) == {WOODS}
    assert pulled.left[CELLS].cause.startswith("holds a text that cannot be read: the text has")
    assert pulled.left[CELLS].next_step == NOT_IN_STEP.next_step


def test_a_text_that_is_too_long_in_our_form_is_left_and_the_others_come_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fragment, "MAX_LENGTH", 2_000)
    desk.edit(CELLS, "Small", "Tiny")
    desk.there.edit(WOODS, f"<p>{'<b>x</b> y ' * 150}</p>")
    pulled = desk.pull()
    assert set(taken(pulled)) == {CELLS}
    assert pulled.left[WOODS].cause.startswith("holds a text that cannot be read: the text has 3,")


def test_of_a_route_without_anything_nothing_is_selected(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("BIO/course.yaml", "title: Biology\n")
    assert desk.pull("page:cells").selected == 0
