"""The first sheet of an .xlsx file, as rows of text. Apart because a workbook is an archive of XML, which can be made
to take any memory: how much it may hold is counted before a library reads it.
"""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from lms_bridge.errors import ContentError
from lms_bridge.sources.files.reading import Reading, read_bytes

MAX_UNPACKED = 60_000_000
MAX_PARTS = 1_000
MAX_COLUMNS = 50
# openpyxl makes an object of each element of styles and the like: 33 kB of packed styles take more than a machine has.
MAX_ELEMENTS = 2_000_000
MAX_ELEMENTS_BESIDE = 50_000
_CHUNK = 1 << 16
_TABLE_PARTS = ("xl/worksheets/", "xl/sharedStrings.xml")
_TOO_LARGE = "Split it by course."
# Excel writes a vertical tab for a line break within a cell, and other programs their own: no reader would see them.
BLANKED = {code: " " for code in range(32) if chr(code) not in "\t\n"}
UNSTORED = "=\0"
"""Stands for a formula that no spreadsheet program has calculated yet. No cell that was read holds a null character."""


def workbook_rows(reading: Reading, path: Path, *, limit: int, rows: int) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row, empty ones among them. Raises ContentError."""
    shown = reading.shown(path)
    content = io.BytesIO(read_bytes(reading, path, limit=limit, step=_TOO_LARGE, where=shown))
    try:
        if not _is_bounded(content):
            raise ContentError("is too large for a table of reviews.", where=shown, next_step=_TOO_LARGE)
        formulas: frozenset[tuple[int, int]] | None = None
        for line, cells in _sheet(content, rows, values=True):
            # A cell that is not in the file has no parent.
            if formulas is None and any(cell.value is None and hasattr(cell, "parent") for cell in cells):
                formulas = _formulas(content, rows)
            yield (
                line,
                [
                    UNSTORED if cell.value is None and (line, at) in (formulas or ()) else _cell(cell.value)
                    for at, cell in enumerate(cells)
                ],
            )
    except ContentError:
        raise
    except Exception as error:  # openpyxl lets through whatever its parsers meet: ParseError, zlib.error, TypeError, …
        raise ContentError(
            "is not a readable .xlsx file.", where=shown, next_step="Save it anew as .xlsx or .csv."
        ) from error


def _is_bounded(content: io.BytesIO) -> bool:
    with zipfile.ZipFile(content) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            return False
        elements = {part.filename: _elements(archive, part) for part in parts}
    beside = [count for name, count in elements.items() if not name.startswith(_TABLE_PARTS)]
    return sum(elements.values()) <= MAX_ELEMENTS and max(beside, default=0) <= MAX_ELEMENTS_BESIDE


def _elements(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Roughly: every element has a `<`, and in pictures it stands by chance. One tag of this length is an attack."""
    count = 0
    with archive.open(part) as file:
        while chunk := file.read(_CHUNK):
            endless = len(chunk) == _CHUNK and b">" not in chunk
            count += MAX_ELEMENTS + 1 if endless else chunk.count(b"<")
    return count


def _sheet(content: io.BytesIO, rows: int, *, values: bool) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The cells of the first sheet, with the values that were stored for formulas, or with the formulas."""
    import openpyxl

    # openpyxl parses XML through defusedxml where that is installed, which it is: entities are refused.
    book = openpyxl.load_workbook(content, read_only=True, data_only=values, keep_links=False)
    try:
        # Without a last column a row with one cell far to the right becomes 16,384 cells.
        yield from enumerate(book.worksheets[0].iter_rows(max_row=rows, max_col=MAX_COLUMNS), 1)
    finally:
        book.close()


def _formulas(content: io.BytesIO, rows: int) -> frozenset[tuple[int, int]]:
    """The line and place of each formula. Asked for only where a cell is empty, since it reads the file once more."""
    found = _sheet(io.BytesIO(content.getvalue()), rows, values=False)
    return frozenset((line, at) for line, cells in found for at, cell in enumerate(cells) if cell.data_type == "f")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).translate(BLANKED)
