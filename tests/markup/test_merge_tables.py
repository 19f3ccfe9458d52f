"""What becomes of a table that both sides changed: its columns, heading and footing rows, its caption, wide cells."""

import pytest

from lms_bridge.markup.merge import merge
from lms_bridge.markup.merge_html import canonical


def table(*rows: str, caption: str = "", head: str = "") -> str:
    """Rows of cells with `|` between them; those of `head` are headings, and so is a row with `!` before it."""
    inner = f"<caption>{caption}</caption>" if caption else ""
    inner += f"<thead>{row('!' + head)}</thead>" if head else ""
    return f"<table>{inner}<tbody>{''.join(map(row, rows))}</tbody></table>"


def row(text: str) -> str:
    tag = "th" if text.startswith("!") else "td"
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in text.removeprefix("!").split("|")) + "</tr>"


ROOMS = table("Hall|80|0", "Loft|12|5", head="Room|Seats|Floor")
WIDE = '<tr><th colspan="2">Seats</th><th>Floor</th></tr>'
HIGH = '<tr><td rowspan="2">Hall</td><td>large</td></tr>'


def wide(*rows: str, above: str = WIDE) -> str:
    return f"<table><tbody>{above}{''.join(map(row, rows))}</tbody></table>"


# Base, theirs, ours, and what comes of them.
MERGED = {
    "one column that both added and each filled in part": (
        ROOMS,
        table("Hall|80|0|gate", "Loft|12|5|", head="Room|Seats|Floor|Key"),
        table("Hall|80|0|", "Loft|12|5|desk", head="Room|Seats|Floor|Key"),
        table("Hall|80|0|gate", "Loft|12|5|desk", head="Room|Seats|Floor|Key"),
    ),
    "one column that both added alike": (
        ROOMS,
        table("Hall|80|0|gate", "Loft|12|5|desk", head="Room|Seats|Floor|Key"),
        table("Hall|90|0|gate", "Loft|12|5|desk", head="Room|Seats|Floor|Key"),
        table("Hall|90|0|gate", "Loft|12|5|desk", head="Room|Seats|Floor|Key"),
    ),
    "one row that both added alike": (
        ROOMS,
        table("Hall|80|0", "Loft|12|5", "Shed|3|0", head="Room|Seats|Floor"),
        table("Hall|90|0", "Loft|12|5", "Shed|3|0", head="Room|Seats|Floor"),
        table("Hall|90|0", "Loft|12|5", "Shed|3|0", head="Room|Seats|Floor"),
    ),
    "a second row of headings, and a new column": (
        ROOMS,
        table("!Old|house|only", "Hall|80|0", "Loft|12|5", head="Room|Seats|Floor"),
        table("Hall|80|0|gate", "Loft|12|5|desk", head="Room|Seats|Floor|Key"),
        "<table><thead><tr><th>Room</th><th>Seats</th><th>Floor</th><th>Key</th></tr></thead><tbody>"
        "<tr><th>Old</th><th>house</th><th>only</th><th></th></tr>"
        + row("Hall|80|0|gate")
        + row("Loft|12|5|desk")
        + "</tbody></table>",
    ),
    "rows known by their first cells, though all others changed": (
        ROOMS,
        table("Hall|95|ground", "Shed|3|garden", "Loft|14|top", head="Room|Seats|Floor"),
        table("Hall|80|0|gate", "Loft|12|5|desk", head="Room|Seats|Floor|Key"),
        table("Hall|95|ground|gate", "Shed|3|garden|", "Loft|14|top|desk", head="Room|Seats|Floor|Key"),
    ),
    "a column known by its heading, moved and filled anew, and a new row": (
        table("Room|Seats|Floor", "Hall|80|0", "Loft|12|5"),
        table("Room|Floor|Seats", "Hall|ground|80", "Loft|top|12"),
        table("Room|Seats|Floor", "Hall|80|0", "Loft|12|5", "Shed|3|8"),
        table("Room|Floor|Seats", "Hall|ground|80", "Loft|top|12", "Shed|8|3"),
    ),
    "two columns of one heading, moved, and a new row": (
        table("N|N|A|B|C", "1|2|3|4|5"),
        table("A|B|C|N|N", "3|4|5|1|2"),
        table("N|N|A|B|C", "1|2|3|4|5", "6|7|8|9|10"),
        table("A|B|C|N|N", "3|4|5|1|2", "8|9|10|6|7"),
    ),
    "one of two columns of one heading moved behind the other, and a new row": (
        table("N|A|N|B", "1|2|3|4"),
        table("A|N|B|N", "2|3|4|1"),
        table("N|A|N|B", "1|2|3|4", "5|6|7|8"),
        table("A|N|B|N", "2|3|4|1", "6|7|8|5"),
    ),
    "two columns of one heading that changed places, and a new row": (
        table("A|N|N", "1|2|3", "4|5|6", "7|8|9"),
        table("A|N|N", "1|3|2", "4|6|5", "7|9|8"),
        table("A|N|N", "1|2|3", "4|5|6", "7|8|9", "10|11|12"),
        table("A|N|N", "1|3|2", "4|6|5", "7|9|8", "10|12|11"),
    ),
    "the first of two columns of one heading taken out, and a cell of the second": (
        table("N|N|A", "1|2|3", "4|5|6"),
        table("N|A", "2|3", "5|6"),
        table("N|N|A", "1|2|3", "4|7|6"),
        table("N|A", "2|3", "7|6"),
    ),
    "a new column without a word for a row that theirs took out": (
        ROOMS,
        table("Hall|80|0", head="Room|Seats|Floor"),
        table("Hall|80|0|gate", "Loft|12|5|", head="Room|Seats|Floor|Key"),
        table("Hall|80|0|gate", head="Room|Seats|Floor|Key"),
    ),
    "a new column without a word for a row that ours took out": (
        ROOMS,
        table("Hall|80|0|gate", "Loft|12|5|", head="Room|Seats|Floor|Key"),
        table("Hall|80|0", head="Room|Seats|Floor"),
        table("Hall|80|0|gate", head="Room|Seats|Floor|Key"),
    ),
    "a row made one of headings, and taken out": (
        ROOMS,
        table("!Hall|80|0", "Loft|12|5", head="Room|Seats|Floor"),
        table("Loft|14|5", head="Room|Seats|Floor"),
        table("Loft|14|5", head="Room|Seats|Floor"),
    ),
    "a row moved to the foot by ours, a cell of it changed by theirs": (
        ROOMS,
        table("Hall|80|0", "Loft|13|5", head="Room|Seats|Floor"),
        ROOMS.replace(row("Loft|12|5") + "</tbody>", f"</tbody><tfoot>{row('Loft|12|5')}</tfoot>"),
        ROOMS.replace(row("Loft|12|5") + "</tbody>", f"</tbody><tfoot>{row('Loft|13|5')}</tfoot>"),
    ),
    "a row moved to the foot by theirs, and to the head by ours: as theirs": (
        ROOMS,
        ROOMS.replace(row("Loft|12|5") + "</tbody>", f"</tbody><tfoot>{row('Loft|12|5')}</tfoot>"),
        ROOMS.replace("</thead>", f"{row('Loft|12|5')}</thead>").replace(row("Loft|12|5") + "</tbody>", "</tbody>"),
        ROOMS.replace(row("Loft|12|5") + "</tbody>", f"</tbody><tfoot>{row('Loft|12|5')}</tfoot>"),
    ),
    "a caption, and a cell": (
        table("Hall|80", caption="Our rooms"),
        table("Hall|80", caption="All rooms"),
        table("Hall|90", caption="Our rooms"),
        table("Hall|90", caption="All rooms"),
    ),
    "different words of a caption": (
        table("Hall|80", caption="Our rooms of today"),
        table("Hall|80", caption="All rooms of today"),
        table("Hall|80", caption="Our rooms of yesterday"),
        table("Hall|80", caption="All rooms of yesterday"),
    ),
    "a caption that one side gave": (
        table("Hall|80"),
        table("Hall|80", caption="All rooms"),
        table("Hall|90"),
        table("Hall|90", caption="All rooms"),
    ),
    "different words of a caption over no rows": (
        "<table><caption>Our rooms of today</caption></table>",
        "<table><caption>All rooms of today</caption></table>",
        "<table><caption>Our rooms of yesterday</caption></table>",
        "<table><caption>All rooms of yesterday</caption></table>",
    ),
    "different words of a caption over a row without cells that one side has": (
        "<table><caption>Our rooms of today</caption></table>",
        "<table><caption>All rooms of today</caption><tbody><tr></tr></tbody></table>",
        "<table><caption>Our rooms of yesterday</caption></table>",
        "<table><caption>All rooms of yesterday</caption><tbody><tr></tr></tbody></table>",
    ),
    "cells under wide ones": (
        wide("80|3|0", "12|1|5"), wide("90|3|0", "12|1|5"), wide("80|3|0", "12|2|5"), wide("90|3|0", "12|2|5")
    ),
    "a new row under wide cells, and a cell": (
        wide("80|3|0", "12|1|5"),
        wide("80|3|0", "12|1|5", "6|2|7"),
        wide("80|4|0", "12|1|5"),
        wide("80|4|0", "12|1|5", "6|2|7"),
    ),
    "a row taken out under wide cells, and a cell": (
        wide("80|3|0", "12|1|5"), wide("80|3|0"), wide("80|4|0", "12|1|5"), wide("80|4|0")
    ),
    "cells beside one that is two rows high": (
        wide("warm and dry", "Loft|small", above=HIGH),
        wide("warm and wet", "Loft|small", above=HIGH),
        wide("warm and dry", "Loft|tiny", above=HIGH),
        wide("warm and wet", "Loft|tiny", above=HIGH),
    ),
}  # fmt: skip

# Base, theirs, ours: theirs stands.
CLASHING = {
    "one column that both added with other words": (
        ROOMS,
        table("Hall|80|0|gate", "Loft|12|5|desk", head="Room|Seats|Floor|Key"),
        table("Hall|80|0|door", "Loft|12|5|desk", head="Room|Seats|Floor|Key"),
    ),
    "no column in common": (
        table("A|B", "1|2"),
        table("C|D|E", "3|4|5"),
        table("A|B|F", "1|2|6"),
    ),
    "a column moved and taken out": (
        table("A|B|C|D", "1|2|3|4"), table("D|A|B|C", "4|1|2|3"), table("A|B|C", "1|2|3")
    ),
    "a column taken out and moved": (
        table("A|B|C|D", "1|2|3|4"), table("A|B|C", "1|2|3"), table("D|A|B|C", "4|1|2|3")
    ),
    "a cell of a column that the person took out": (
        ROOMS, table("Hall|80", "Loft|12", head="Room|Seats"), table("Hall|80|0", "Loft|12|6", head="Room|Seats|Floor")
    ),
    "captions of their own": (
        table("Hall|80"), table("Hall|80", caption="All rooms"), table("Hall|80", caption="Where we teach")
    ),
    "a caption changed and taken out": (
        table("Hall|80", caption="Our rooms"), table("Hall|80", caption="All rooms"), table("Hall|80")
    ),
    "a caption taken out and changed": (
        table("Hall|80", caption="Our rooms"), table("Hall|80"), table("Hall|80", caption="All rooms")
    ),
    "a new column beside wide cells": (
        wide("80|3|0"), wide("80|3|0|x", above=WIDE.replace("</tr>", "<th>Key</th></tr>")), wide("80|4|0")
    ),
    "a new column where all cells are wide": (
        '<table><tr><td colspan="2">Hall</td></tr></table>',
        '<table><tr><td colspan="2">Hall</td><td>gate</td></tr></table>',
        '<table><tr><td colspan="2">Loft</td></tr></table>',
    ),
    "a row whose cells grew together, and a cell of it": (
        wide("80|3|0", "12|1|5"),
        wide("80|3|0", above=WIDE + '<tr><td>12</td><td colspan="2">1</td></tr>'),
        wide("80|3|0", "12|1|6"),
    ),
    "a new row where a cell is two rows high": (
        wide("warm and dry", "Loft|small", above=HIGH),
        wide("warm and dry", "Loft|small", "Shed|cold", above=HIGH),
        wide("warm and dry", "Loft|tiny", above=HIGH),
    ),
    "rows in a table that had none": (
        "<table><caption>Rooms</caption></table>", table("Hall", caption="Rooms"), table("Loft", caption="Rooms")
    ),
}  # fmt: skip


@pytest.mark.parametrize(("base", "theirs", "ours", "merged"), MERGED.values(), ids=MERGED)
def test_both_changes_stand_in_one_table(base: str, theirs: str, ours: str, merged: str) -> None:
    found = merge(base, theirs, ours)
    assert (found.html, found.clashes) == (merged, ())


@pytest.mark.parametrize(("base", "theirs", "ours"), CLASHING.values(), ids=CLASHING)
def test_the_table_stays_the_persons(base: str, theirs: str, ours: str) -> None:
    """What the source changed beside the table is taken over all the same."""
    found = merge(f"{base}<p>now</p>", f"{theirs}<p>now</p>", f"{ours}<p>later</p>")
    assert found.html == f"{canonical(theirs)}\n<p>later</p>"
    assert found.clashes


def test_captions_of_their_own_are_shown_without_the_table() -> None:
    found = merge(*CLASHING["captions of their own"])
    assert [(clash.base, clash.theirs, clash.ours) for clash in found.clashes] == [
        ("", "<p>All rooms</p>", "<p>Where we teach</p>")
    ]


def test_words_of_a_new_column_do_not_go_unseen_with_a_row_that_the_person_took_out() -> None:
    with_keys = table("Hall|80|0|gate", "Loft|12|5|desk", head="Room|Seats|Floor|Key")
    found = merge(ROOMS, table("Hall|80|0", head="Room|Seats|Floor"), with_keys)
    assert found.html == table("Hall|80|0|gate", head="Room|Seats|Floor|Key")
    assert [(clash.base, clash.theirs, clash.ours) for clash in found.clashes] == [
        (table("Loft|12|5"), "", table("Loft|12|5|desk"))
    ]


def test_where_cells_were_parted_only_that_row_clashes() -> None:
    base = '<table><tr><td colspan="2">80</td><td>0</td></tr><tr><td colspan="2">12</td><td>5</td></tr></table>'
    parted = base.replace('<td colspan="2">80</td>', "<td>70</td><td>10</td>")
    found = merge(base, parted, base.replace("<td>5</td>", "<td>6</td>"))
    assert found.html == merge(base, parted.replace("<td>5</td>", "<td>6</td>"), base).html
    assert [clash.theirs for clash in found.clashes] == [f"<table><tbody>{row('70|10|0')}</tbody></table>"]


def test_a_span_that_is_no_number_counts_as_one_cell() -> None:
    wide_row = '<tr><td colspan="wide">Hall</td><td rowspan="high">80</td></tr>'
    base = f"<table><tbody>{row('Room|Seats')}{wide_row}</tbody></table>"
    theirs = base.replace("Seats</td>", "Seats</td><td>Key</td>").replace("80</td>", "80</td><td>gate</td>")
    found = merge(base, theirs, base.replace("80", "90"))
    assert (found.html, found.clashes) == (theirs.replace("80", "90"), ())


def test_a_second_caption_of_a_person_is_not_lost() -> None:
    base = table("Hall|80", caption="Our rooms of today")
    theirs = base.replace("Our rooms of today", "All rooms of today</caption><caption>In the old house")
    found = merge(base, theirs, base.replace("today", "yesterday"))
    assert found.html == theirs
    assert [(clash.base, clash.theirs, clash.ours) for clash in found.clashes] == [
        ("<p>Our rooms of today</p>", "<p>All rooms of today</p>", "<p>Our rooms of yesterday</p>")
    ]
