"""Tables: rows, then cells, and columns that one side added, took out or moved. A table keeps its shape, or it clashes.

Apart from lists because a table is read two ways: a new column changes every row, and a new row must have a cell in it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from lms_bridge.markup.merge_order import Slot, side_by_side
from lms_bridge.markup.merge_tree import Block, Dispute, make_block, named_likeness, settled, share

Within = Callable[[Block, Block, Block], Block]
"""Merges three versions of a cell or a caption."""

Positions = tuple[int | None, int | None, int | None]
"""Where a column stands in the base, in theirs and in ours."""

_SECTIONS = ("thead", "tbody", "tfoot")


class _NoCommonShape(Exception):
    """Columns, or cells that span several, were changed so that rows of both sides do not fit together."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of one side. `keys`: what stands in the columns that all three tables have."""

    block: Block
    section: str
    keys: tuple[str, ...]
    tag: str = "tr"

    @property
    def key(self) -> str:
        return "\0".join(self.keys)


Rows = tuple[_Row | None, _Row | None, _Row | None]


@dataclass(frozen=True, slots=True)
class _Column:
    position: int
    key: str
    words: Counter[str]
    tag: str = "column"


@dataclass(frozen=True, slots=True)
class _Layout:
    """The columns of the merged table, and those that a side took out. `regular`: each row has a cell in each."""

    columns: Sequence[Positions]
    dropped: Sequence[Positions]
    regular: bool


def merge_table(base: Block, theirs: Block, ours: Block, within: Within, disputes: list[Dispute]) -> list[Block] | None:
    """What stands in the merged table; none where no common shape can be found."""
    tables = (base, theirs, ours)
    try:
        layout = _layout(tables)
        sides = [_rows(table, layout, side) for side, table in enumerate(tables)]
        slots = list(side_by_side(sides[0], sides[1], sides[2], _row_likeness))
        rows = [row for slot in slots if (row := _merged_row(slot, layout, within, disputes)) is not None]
    except _NoCommonShape:
        return None
    sections = [
        make_block(name, (), (row.block for row in rows if row.section == name))
        for name in _SECTIONS
        if any(row.section == name for row in rows)
    ]
    return [*_caption(tables, within, disputes), *sections]


def _layout(tables: Sequence[Block]) -> _Layout:
    grids = [[row.children for _, row in _parts(table)] for table in tables]
    shapes = [[[_span(cell) for cell in row] for row in grid] for grid in grids]
    spans = [span for shape in shapes for row in shape for span in row]
    if all(span == (1, 1) for span in spans) and all(len({len(row) for row in grid}) == 1 for grid in grids):
        return _regular_layout(*_columns(grids))
    widths = {max((sum(across for across, _ in row) for row in shape), default=0) for shape in shapes}
    if len(widths) > 1 or (any(down > 1 for _, down in spans) and shapes != [shapes[0]] * len(shapes)):
        raise _NoCommonShape
    most = max((len(row) for grid in grids for row in grid), default=0)
    return _Layout([(n, n, n) for n in range(most)], (), regular=False)


def _regular_layout(base: Sequence[_Column], theirs: Sequence[_Column], ours: Sequence[_Column]) -> _Layout:
    slots = list(side_by_side(base, theirs, ours, _column_likeness))
    columns: list[Positions] = []
    dropped: list[Positions] = []
    for slot in slots:
        positions = (_position(slot.base), _position(slot.theirs), _position(slot.ours))
        taken_out = slot.base is not None and None in positions
        (dropped if taken_out else columns).append(positions)
    if any(slot.clash for slot in slots) or not any(None not in positions for positions in columns):
        raise _NoCommonShape
    return _Layout(columns, dropped, regular=True)


def _position(column: _Column | None) -> int | None:
    return column.position if column is not None else None


def _columns(grids: Sequence[Sequence[Sequence[Block]]]) -> list[list[_Column]]:
    """Columns are known by their first cell, the heading in most tables; by all cells where one has it twice."""
    tables = [list(zip(*grid, strict=True)) for grid in grids]
    counts = [Counter(_inner(cells[0]) for cells in table) for table in tables]
    repeated = {heading for count in counts for heading, number in count.items() if number > 1}
    return [[_column(position, cells, repeated) for position, cells in enumerate(table)] for table in tables]


def _column(position: int, cells: Sequence[Block], repeated: Set[str]) -> _Column:
    heading = _inner(cells[0])
    words: Counter[str] = Counter()
    for cell in cells:
        words.update(cell.words)
    return _Column(position, "\0".join(map(_inner, cells)) if heading in repeated else heading, words)


def _column_likeness(one: _Column, other: _Column) -> float:
    return share(one.words, other.words)


def _rows(table: Block, layout: _Layout, side: int) -> list[_Row]:
    everywhere = [positions[side] for positions in layout.columns if None not in positions]
    rows = []
    for section, block in _parts(table):
        row = _Row(block, section, ())
        cells = [cell for position in everywhere if (cell := _cell(row, position)) is not None]
        rows.append(replace(row, keys=tuple(_inner(cell) if layout.regular else cell.key for cell in cells)))
    return rows


def _parts(table: Block) -> Iterator[tuple[str, Block]]:
    return ((part.tag, row) for part in table.children if part.tag in _SECTIONS for row in part.children)


def _cell(row: _Row | None, position: int | None) -> Block | None:
    if row is None or position is None or position >= len(row.block.children):
        return None
    return row.block.children[position]


def _inner(cell: Block) -> str:
    """What is read in a cell, whether it is a heading or not."""
    return "".join(child.key for child in cell.children)


def _row_likeness(one: _Row, other: _Row) -> float:
    return named_likeness(share(one.block.words, other.block.words), same_name=_name(one) == _name(other) != "")


def _name(row: _Row) -> str:
    return row.keys[0] if row.keys else ""


def _merged_row(slot: Slot[_Row], layout: _Layout, within: Within, disputes: list[Dispute]) -> _Row | None:
    """None for a row that was taken out."""
    rows = (slot.base, slot.theirs, slot.ours)
    _check_dropped(rows, layout)
    if slot.clash or _in_dispute(rows, layout):
        disputes.append((_block(slot.base), _block(slot.theirs), _block(slot.ours)))
        rows = (None, slot.theirs, None)
    base, theirs, ours = rows
    shown = theirs or ours
    if shown is None or (base is not None and (theirs is None or ours is None)):
        return None
    cells = [_merged_cell(rows, positions, within) for positions in layout.columns]
    heading = all(cell.tag == "th" for cell in shown.block.children)
    if layout.regular:
        empty = make_block("th" if heading else "td")
        cells = [cell or empty for cell in cells]
    block = make_block("tr", shown.block.attributes, (cell for cell in cells if cell is not None))
    section = shown.section
    if base is not None and theirs is not None and ours is not None:
        section = settled(base.section, theirs.section, ours.section, key=str) or theirs.section
    return _Row(block, section, ())


def _block(row: _Row | None) -> Block | None:
    return row.block if row is not None else None


def _check_dropped(rows: Rows, layout: _Layout) -> None:
    """Nothing new may stand in a column that the other side took out."""
    for positions in layout.dropped:
        cells = [_cell(row, position) for row, position in zip(rows, positions, strict=True)]
        known = _inner(cells[0]) if cells[0] is not None else ""
        if any(cell is not None and _inner(cell) != known for cell in cells[1:]):
            raise _NoCommonShape


def _in_dispute(rows: Rows, layout: _Layout) -> bool:
    base, *sides = rows
    if base is None:
        return False
    if None in sides:
        return any(row is not None and _edited(base, row, layout, side) for side, row in enumerate(sides, start=1))
    return not layout.regular and len({tuple(map(_span, row.block.children)) for row in rows if row is not None}) > 1


def _edited(base: _Row, row: _Row, layout: _Layout, side: int) -> bool:
    new = [_cell(row, positions[side]) for positions in layout.columns if positions[0] is None]
    return row.key != base.key or any(cell is not None and cell.children for cell in new)


def _merged_cell(rows: Rows, positions: Positions, within: Within) -> Block | None:
    """None where the table has a column and no row has a cell for it."""
    base, theirs, ours = (_cell(row, position) for row, position in zip(rows, positions, strict=True))
    if theirs is None or ours is None:
        return theirs or ours
    if base is not None:
        return within(base, theirs, ours)
    # A column, or a row, that both added.
    if theirs.children and ours.children and _inner(theirs) != _inner(ours):
        raise _NoCommonShape
    return theirs if theirs.children else ours


def _span(cell: Block) -> tuple[int, int]:
    spans = dict(cell.attributes)
    across, down = (spans.get(name, "1") for name in ("colspan", "rowspan"))
    return (int(across) if across.isdecimal() else 1, int(down) if down.isdecimal() else 1)


def _caption(tables: Sequence[Block], within: Within, disputes: list[Dispute]) -> Sequence[Block]:
    base, theirs, ours = ([part for part in table.children if part.tag == "caption"] for table in tables)
    merged = settled(base, theirs, ours, key=lambda captions: [caption.key for caption in captions])
    if merged is not None:
        return merged
    if len(base) == len(theirs) == len(ours) == 1:
        return [within(base[0], theirs[0], ours[0])]
    disputes.append((_first(base), _first(theirs), _first(ours)))
    return theirs


def _first(blocks: Sequence[Block]) -> Block | None:
    return blocks[0] if blocks else None
