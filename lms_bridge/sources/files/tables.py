"""ratings.csv and ratings.xlsx → rows of text by column name. Bounded: a table is small, whatever its file claims."""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lms_bridge.errors import ContentError, Problem
from lms_bridge.sources.files.reading import Reading, decoded
from lms_bridge.sources.files.workbook import BLANKED, MAX_COLUMNS, UNSTORED, workbook_rows

REQUIRED = ("rater", "stars", "comment", "date")
OPTIONAL = ("id",)
MAX_BYTES = 20_000_000
MAX_ROWS = 200_000
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<sign>[,;\t|])"?[ ,;\t]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    values: dict[str, str]


def read_rows(reading: Reading, path: Path) -> Iterator[Row]:
    """Rows that hold anything, in file order; a bad row is left out. Raises ContentError for the file as a whole."""
    rows = (
        _csv_rows(reading, path)
        if path.suffix.lower() == ".csv"
        else workbook_rows(reading, path, limit=MAX_BYTES, rows=MAX_ROWS + 2)
    )
    shown = reading.shown(path)
    header: Sequence[str] | None = None
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _header(cells, f"{shown}:{line}")
            continue
        if line > MAX_ROWS:
            raise ContentError(f"has more than {MAX_ROWS:,} rows.", where=shown, next_step="Split it by course.")
        problem = _misfit(header, cells, f"{shown}:{line}")
        if problem is not None:
            reading.leave_out(problem)
            continue
        yield Row(line, {name: cell.strip() for name, cell in zip(header, cells, strict=False)})
    if header is None:
        raise ContentError("is empty.", where=shown, next_step=f"Begin with the line {','.join(REQUIRED)}.")


def _misfit(header: Sequence[str], cells: Sequence[str], where: str) -> Problem | None:
    if any(cell.strip() for cell in cells[len(header) :]):
        step = "Put quotes around a comment that holds the separator."
        return Problem("has more cells than the header.", where, step)
    for name, cell in zip(header, cells, strict=False):
        if cell == UNSTORED:
            step = "Open and save the file in a spreadsheet program, or write the value itself."
            return Problem(f"`{name}` is a formula without a stored value.", where, step)
    return None


def _header(cells: Sequence[str], where: str) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        cause, step = f"the header holds {len(names):,} names.", f"The first line names {', '.join(REQUIRED)}."
        raise ContentError(cause, where=where, next_step=step)
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in REQUIRED + OPTIONAL]
    if missing or unknown or len(set(names)) != len(names):
        found = ", ".join(names) or "nothing"
        hints = [
            f"{near[0]!r} for {name!r}" for name in unknown if (near := difflib.get_close_matches(name, missing, 1))
        ]
        step = f"The first line must name {', '.join(REQUIRED)} (and may name id)."
        raise ContentError(
            f"the header holds {found}; {_list('missing', missing)}{_list('not known', unknown)}".rstrip("; ") + ".",
            where=where,
            next_step=step + (f" Did you mean {', '.join(hints)}?" if hints else ""),
        )
    return names


def _list(word: str, names: Sequence[str]) -> str:
    return f"{word}: {', '.join(names)}; " if names else ""


def _csv_rows(reading: Reading, path: Path) -> Iterator[tuple[int, list[str]]]:
    text = decoded(reading, path, limit=MAX_BYTES).translate(BLANKED)
    first = text.partition("\n")[0]
    # Spreadsheets of many countries write semicolons, since the comma is their decimal sign.
    delimiter = max(",;\t", key=first.count)
    if declared := _SEPARATOR_LINE.fullmatch(first):
        delimiter = declared["sign"]
        text = text[len(first) :]
    csv.field_size_limit(MAX_BYTES)  # a long comment is refused with its row, not with the table
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        while True:
            line = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            yield line, cells
    except csv.Error as error:
        where = f"{reading.shown(path)}:{reader.line_num}"
        raise ContentError(f"is not valid CSV: {error}.", where=where, next_step="Check the quotes.") from error
