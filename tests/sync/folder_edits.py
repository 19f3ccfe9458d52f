"""A content folder that was pushed, and what may happen to it or to what stands of it, for runs that look at less."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from quiet_world import PNG, Desk

from lms_bridge.connector import PlaceRef
from lms_bridge.items import Kind
from lms_bridge.sync.policy import Limits
from lms_bridge.sync.state import State

CELLS, ROOTS, INDEX = "BIO-101/wiki/cells.md", "BIO-101/wiki/roots.md", "BIO-101/wiki/index.md"
ASK, COURSE, TABLE, IMAGE = (
    "BIO-101/prompts/ask.md",
    "BIO-101/course.yaml",
    "BIO-101/ratings.csv",
    "BIO-101/wiki/cell.png",
)
BEGIN = {
    CELLS: "# Cells\n\nSmall rooms, as in [[Roots]].\n\n![A cell](cell.png)\n",
    ROOTS: "---\ntags: [plants]\n---\n# Roots\n\nBelow. See [cells](cells.md).\n",
    INDEX: "# Biology\n\nWelcome.\n",
    "BIO-101/wiki/later.md": "---\nstatus: draft\n---\n# Later\n\nTo come.\n",
    ASK: "---\ntitle: Ask\n---\nWhat is a [cell](../wiki/cells.md)?\n",
    COURSE: "title: Biology\n",
    TABLE: "rater,stars,comment,date\nann,5,Good,2026-03-02\n",
    "ECO-7/wiki/woods.md": "# Woods\n\nTrees, and what is [below](../../BIO-101/wiki/roots.md).\n",
}


def write(desk: Desk, name: str, text: str | bytes) -> None:
    """By exchange, as editors and Git do: two edits within one tick of the clock are two files all the same."""
    path = desk.content / name
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name("_new")
    new.write_bytes(text if isinstance(text, bytes) else text.encode())
    new.replace(path)


def filled(folder: Path, *, remembers: bool = True, besides: Mapping[str, str] = MappingProxyType({})) -> Desk:
    """A folder that was pushed, and a run that found nothing to do."""
    desk = Desk(folder, remembers=remembers)
    for name, text in {**BEGIN, **besides}.items():
        write(desk, name, text)
    write(desk, IMAGE, PNG)
    desk.sync()
    desk.sync()
    return desk


def more(desk: Desk) -> None:
    write(desk, ROOTS, f"{BEGIN[ROOTS]}\nMore.\n")


def key_of(desk: Desk, title: str) -> str:
    with State.open(desk.folder / "state.sqlite") as state:
        (key,) = [record.key for record in state.records("route") if record.title == title]
    return key


def another_title(desk: Desk) -> None:
    write(desk, ROOTS, BEGIN[ROOTS].replace("# Roots", "# The roots"))


def another_tag(desk: Desk) -> None:
    write(desk, ROOTS, BEGIN[ROOTS].replace("plants", "trees"))


def another_page(desk: Desk) -> None:
    write(desk, "BIO-101/wiki/leaves.md", "# Leaves\n")


def one_page_less(desk: Desk) -> None:
    (desk.content / "ECO-7/wiki/woods.md").unlink()


def another_name(desk: Desk) -> None:
    (desk.content / "ECO-7/wiki/woods.md").rename(desk.content / "ECO-7/wiki/forests.md")


def a_draft_that_is_approved(desk: Desk) -> None:
    write(desk, "BIO-101/wiki/later.md", "# Later\n\nTo come.\n")


def a_page_that_is_a_draft_again(desk: Desk) -> None:
    write(desk, "ECO-7/wiki/woods.md", "---\nstatus: draft\n---\n# Woods\n\nTrees.\n")


def the_designers_index(desk: Desk) -> None:
    write(desk, INDEX, "# Biology\n\nWelcome all.\n")


def another_image(desk: Desk) -> None:
    write(desk, IMAGE, PNG[:-1] + b"\1")


def another_review(desk: Desk) -> None:
    write(desk, TABLE, f"{BEGIN[TABLE]}bob,1,Bad,2026-03-03\n")


def another_course(desk: Desk) -> None:
    write(desk, COURSE, "title: Botany\n")


def a_link_in_the_folder(desk: Desk) -> None:
    link = desk.content / "BIO-101/wiki/linked.md"
    link.unlink(missing_ok=True)
    link.symlink_to("cells.md")


def a_link_that_leads_nowhere(desk: Desk) -> None:
    write(desk, ROOTS, f"{BEGIN[ROOTS]}\n[gone](gone.md)\n")


def a_person_who_edits_it(desk: Desk) -> None:
    for thing in [thing for thing in desk.there.all() if thing.title == "Roots"]:
        thing.html, thing.version = "<p>Ann's words.</p>", thing.version + 1
    write(desk, ROOTS, f"{BEGIN[ROOTS]}\nOurs.\n")


def a_person_who_deletes_it(desk: Desk) -> None:
    for ref in [thing.ref for thing in desk.there.all() if thing.title == "Roots"]:
        desk.there.things["page@BIO-101"].pop(ref, None)
    more(desk)


def beside(desk: Desk) -> None:
    """Another route brings something to the same destination."""
    with State.open(desk.folder / "state.sqlite") as state:
        place = PlaceRef(Kind.PAGE, "X", "pages of X", "X")
        state.save_places("other", [place], listed={})
        like = [replace(each, key="x:X/wiki/x", place=place.id) for each in state.records("route")[:1]]
        state.save_records("other", "memory", like)


def another_route(desk: Desk) -> None:
    beside(desk)
    more(desk)


def a_place_that_cannot_be_listed(desk: Desk) -> None:
    desk.there.closed.add("page@BIO-101")
    more(desk)


def a_destination_that_does_not_answer(desk: Desk) -> None:
    desk.there.unreachable = True
    more(desk)


def so_many_at_once_that_somebody_is_to_approve(desk: Desk) -> None:
    desk.policy = replace(desk.policy, limits=Limits(update_share=0.4, population=1))
    desk.sync()
    desk.sync()
    for name in (ROOTS, CELLS):
        write(desk, name, f"{BEGIN[name]}\nMore.\n")


MORE_THAN_A_TEXT: tuple[Callable[[Desk], None], ...] = (
    another_title,
    another_tag,
    another_page,
    one_page_less,
    another_name,
    a_draft_that_is_approved,
    a_page_that_is_a_draft_again,
    the_designers_index,
    another_image,
    another_review,
    another_course,
    a_link_in_the_folder,
    a_link_that_leads_nowhere,
    a_person_who_edits_it,
    a_person_who_deletes_it,
    another_route,
    a_place_that_cannot_be_listed,
    a_destination_that_does_not_answer,
    so_many_at_once_that_somebody_is_to_approve,
)
