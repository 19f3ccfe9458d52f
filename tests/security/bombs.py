"""Small files that grow: archives, XML, YAML, tables and texts that would take all memory or all time of a reader."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl

WRITTEN = Path("/tmp/lms-bridge-was-here")  # noqa: S108 - what must never be written
REFUSED = ("a billion", "a file of", "an entity", "millions", "one endless", "sizes", "attributes", "ten thousand")
_NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_SHEET = "xl/worksheets/sheet1.xml"
_STYLES = "xl/styles.xml"
_ENTITIES = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 12))
_LAUGHS = f'<!DOCTYPE x [<!ENTITY e0 "ha">{_ENTITIES}]>'
_HEADER = "".join(
    f'<c r="{column}1" t="inlineStr"><is><t>{name}</t></is></c>'
    for column, name in zip("ABCD", ("rater", "stars", "comment", "date"), strict=True)
)


def workbook(parts: Mapping[str, str | bytes]) -> bytes:
    """A workbook of one review with some of its parts exchanged, or others added."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["rater", "stars", "comment", "date"])
    sheet.append(["Ann", 5, "Good", "2026-10-05"])
    whole, hurt = io.BytesIO(), io.BytesIO()
    book.save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(hurt, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return hurt.getvalue()


def _sheet(row: str, *, head: str = "") -> bytes:
    rows = f'<row r="1">{_HEADER}</row>{row}'
    return workbook({_SHEET: f"{head}<worksheet {_NAMESPACE}><sheetData>{rows}</sheetData></worksheet>"})


def _cell(text: str) -> str:
    return f'<row r="2"><c r="A2" t="inlineStr"><is><t>{text}</t></is></c></row>'


def _with_lying_sizes() -> bytes:
    """An archive whose directory says that its parts are small."""
    content = bytearray(_sheet(_cell("x" * 5_000_000)))
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 24 : at + 28] = (100).to_bytes(4, "little")
        at = content.find(b"PK\x01\x02", at + 4)
    return bytes(content)


WORKBOOKS: Mapping[str, Callable[[], bytes]] = {
    "a billion laughs": lambda: _sheet(_cell("&e11;"), head=_LAUGHS),
    "a file of this machine as an entity": lambda: _sheet(
        _cell("&x;"), head='<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    ),
    "an entity of another host": lambda: _sheet(
        _cell("&x;"), head='<!DOCTYPE x [<!ENTITY % x SYSTEM "http://canary.example/x.dtd">%x;]>'
    ),
    "a billion laughs in its styles": lambda: workbook(
        {_STYLES: f"{_LAUGHS}<styleSheet {_NAMESPACE}>&e11;</styleSheet>"}
    ),
    "millions of styles": lambda: workbook(
        {_STYLES: f"<styleSheet {_NAMESPACE}><cellXfs>{'<xf/>' * 1_000_000}</cellXfs></styleSheet>"}
    ),
    "millions of cells": lambda: _sheet(f'<row r="2">{"<c><v>1</v></c>" * 600_000}</row>'),
    "cells far to the right": lambda: _sheet("".join(f'<row r="{n}"><c r="XFD{n}"/></row>' for n in range(2, 1_500))),
    "a row far below": lambda: _sheet('<row r="9000"><c r="A9000"><v>1</v></c></row>'),
    "attributes without end": lambda: _sheet(
        f'<row r="2" {" ".join(f"a{n}=" + chr(34) * 2 for n in range(100_000))}/>'
    ),
    "elements within elements": lambda: _sheet(f'<row r="2">{"<a>" * 200_000}</row>'),
    "one endless word": lambda: _sheet(_cell("x" * 65_000_000)),
    "sizes that lie": _with_lying_sizes,
    "ten thousand parts": lambda: workbook({f"xl/media/{number}": "" for number in range(10_000)}),
    "parts with names that lead out": lambda: workbook({f"../../../..{WRITTEN}": "x", "/etc/x": "x"}),
    "an archive that is none": lambda: b"PK\x03\x04" + bytes(10_000),
}

_ALIASES = "a: &a0 [x]\n" + "".join(f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
YAML: Mapping[str, str] = {
    "aliases that multiply": _ALIASES,
    "an alias to itself": "title: &a [*a]\n",
    "a merge that multiplies": "a: &a {x: 1}\nb: {<<: [" + ", ".join(["*a"] * 2_000) + "]}\n",
    "lists within lists": "title: " + "[" * 1_500,
    "maps within maps": "title: " + "{a: " * 1_500,
    "a number of thousands of digits": f"order: 0x{'f' * 5_000}\n",
    "a number as a title": f"title: 0b{'1' * 18_000}\n",
    "numbers to the base of sixty": f"order: 1{':59' * 6_000}\n",
    "an object of Python": f"title: !!python/object/apply:os.system ['touch {WRITTEN}']\n",
    "a tag of its own": "title: !!binary x\n",
    "too much of it": "title: " + "x" * 900_000 + "\n",
    "a thousand documents": "title: x\n--- \n" * 1_000,
    "anchors without end": "".join(f"- &a{number} x\n" for number in range(700)),
}

TABLES: Mapping[str, str] = {
    "a header without end": ",".join(f"c{number}" for number in range(300_000)) + "\n",
    "a row without end": "rater,stars,comment,date\nAnn,5," + "," * 2_000_000 + "\n",
    "a word without end": "rater,stars,comment,date\nAnn," + "9" * 3_000_000 + ",x,\n",
    "a name without end": "rater,stars,comment,date\n" + "A" * 3_000_000 + ",5,x,\n",
    "a quote without end": 'rater,stars,comment,date\nAnn,5,"' + "x\n" * 400_000,
    "a date without end": "rater,stars,comment,date\nAnn,5,x," + "2" * 3_000_000 + "\n",
    "a number that is none": "rater,stars,comment,date\nAnn,nan,x,\nBob,inf,x,\nCem,1e999,x,\nDan,٥,x,\n",
}

TEXTS: Mapping[str, str] = {
    "quotes within quotes": ">" * 90_000 + " x\n",
    "lists within lists": "".join("  " * depth + "- x\n" for depth in range(400)),
    "brackets without end": "[" * 300_000 + "\n",
    "pictures within links": "![" * 100_000 + "\n",
    "stars without end": "*a_ " * 8_000 + "\n",
    "backticks of every length": " ".join("`" * number for number in range(1, 400)) + "\n",
    "links without end": "[a](b" * 60_000 + "\n",
    "references without end": "[a][" * 60_000 + "\n",
    "tables without end": "|" * 20_000 + "\n" + "|-" * 20_000 + "\n",
    "a table of a thousand columns": ("|x" * 1_000 + "|\n" + "|-" * 1_000 + "|\n" + "|x" * 100 + "|\n") * 3,
    "footnotes within footnotes": "".join(f"[^{number}]: [^{number + 1}]\n" for number in range(1_000)) + "[^0]\n",
    "HTML within HTML": "<div>" * 100_000 + "\n",
    "entities without end": "&amp;" * 51_000 + "\n",
    "emphasis within emphasis": "**a " * 4_000 + "b**" * 4_000 + "\n",
    "wiki links without end": "[[" * 200_000 + "\n",
    "a heading without end": "x" * 900_000 + "\n===\n",
    "blank lines without end": "\n" * 60_000 + "x\n",
    "definitions without end": "a\n: b\n" * 3_000,
    "an address without end": "<https://e.org/" + "x" * 900_000 + ">\n",
}
