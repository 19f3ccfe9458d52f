"""ratings.csv and ratings.xlsx → rows of text by column name. Bounded: a table is small, whatever its file claims."""

import csv
import difflib
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lms_bridge.errors import ContentError, Problem
from lms_bridge.sources.files.reading import Reading, decoded, size_of, told

REQUIRED = ("rater", "stars", "comment", "date")
OPTIONAL = ("id",)
MAX_BYTES = 20_000_000
MAX_UNPACKED = 200_000_000
MAX_ROWS = 200_000
# Excel writes a vertical tab for a line break within a cell, and other programs their own: no reader would see them.
_BLANKED = {code: " " for code in range(32) if chr(code) not in "\t\n"}
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<sign>[,;\t|])"?[ ,;\t]*', re.IGNORECASE)
_UNSTORED = "=\0"
"""Stands for a formula that no spreadsheet program has calculated yet. No cell that was read holds a null character."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    values: dict[str, str]


def read_rows(reading: Reading, path: Path) -> Iterator[Row]:
    """Rows that hold anything, in file order; a bad row is left out. Raises ContentError for the file as a whole."""
    rows = _csv_rows(reading, path) if path.suffix.lower() == ".csv" else _xlsx_rows(reading, path)
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
        if cell == _UNSTORED:
            step = "Open and save the file in a spreadsheet program, or write the value itself."
            return Problem(f"`{name}` is a formula without a stored value.", where, step)
    return None


def _header(cells: Sequence[str], where: str) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
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
    text = decoded(reading, path, limit=MAX_BYTES).translate(_BLANKED)
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


def _xlsx_rows(reading: Reading, path: Path) -> Iterator[tuple[int, list[str]]]:
    shown = reading.shown(path)
    too_large = ContentError("is too large for a table of reviews.", where=shown, next_step="Split it by course.")
    with told(shown):
        inside = reading.is_inside(path)
    if not inside:
        raise ContentError("is a symbolic link out of the content folder.", where=shown, next_step="Copy it here.")
    if size_of(path, shown) > MAX_BYTES:
        raise too_large
    with told(shown):
        content = io.BytesIO(path.read_bytes())
    try:
        with zipfile.ZipFile(content) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED:
                raise too_large
        formulas: frozenset[tuple[int, int]] | None = None
        for line, cells in _sheet(content, values=True):
            if formulas is None and any(cell.value is None for cell in cells):
                formulas = _formulas(content)
            yield (
                line,
                [
                    _UNSTORED if cell.value is None and (line, at) in (formulas or ()) else _cell(cell.value)
                    for at, cell in enumerate(cells)
                ],
            )
    except ContentError:
        raise
    except Exception as error:  # openpyxl lets through whatever its parsers meet: ParseError, zlib.error, TypeError, …
        raise ContentError(
            "is not a readable .xlsx file.", where=shown, next_step="Save it anew as .xlsx or .csv."
        ) from error


def _sheet(content: io.BytesIO, *, values: bool) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The cells of the first sheet, with the values that were stored for formulas, or with the formulas."""
    import openpyxl

    # openpyxl parses XML through defusedxml where that is installed, which it is: entities are refused.
    book = openpyxl.load_workbook(content, read_only=True, data_only=values)
    try:
        yield from enumerate(book.worksheets[0].iter_rows(max_row=MAX_ROWS + 2), 1)
    finally:
        book.close()


def _formulas(content: io.BytesIO) -> frozenset[tuple[int, int]]:
    """The line and place of each formula. Asked for only where a cell is empty, since it reads the file once more."""
    rows = _sheet(io.BytesIO(content.getvalue()), values=False)
    return frozenset((line, at) for line, cells in rows for at, cell in enumerate(cells) if cell.data_type == "f")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).translate(_BLANKED)
