"""The console speaks German as completely as English."""

import re
from pathlib import Path

import pytest

import lms_bridge.console

messages = pytest.importorskip("babel.messages")
HERE = Path(lms_bridge.console.__file__).parent
PO = HERE / "locale/de/LC_MESSAGES/console.po"
OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]


def said() -> set[str | tuple[str, ...]]:
    from babel.messages.extract import extract_from_dir

    found = extract_from_dir(str(HERE), METHODS, {"**/templates/**.html": OPTIONS})
    return {message if isinstance(message, str) else tuple(message) for _, _, message, *_ in found}


def catalog(read, path: Path):
    with path.open("rb") as file:
        return read(file)


def test_each_word_of_the_console_has_its_german_one() -> None:
    from babel.messages.pofile import read_po

    told = {message.id: message.string for message in catalog(read_po, PO) if message.id}
    assert len(said()) > 200
    assert said() - set(told) == set(), "run `make words`, and translate"
    assert set(told) - said() == set(), "run `make words`: these are said no more"
    empty = [id_ for id_, string in told.items() if not all(string if isinstance(string, tuple) else (string,))]
    assert empty == []


def test_a_translation_has_the_same_blanks_to_fill() -> None:
    from babel.messages.pofile import read_po

    for message in catalog(read_po, PO):
        ids, strings = (value if isinstance(value, tuple) else (value,) for value in (message.id, message.string))
        for string in strings if message.id else ():
            assert blanks(string) == blanks(ids[0]), string


def test_what_is_read_is_what_was_written() -> None:
    from babel.messages.mofile import read_mo
    from babel.messages.pofile import read_po

    written = {flat(message.id): flat(message.string) for message in catalog(read_po, PO) if message.id}
    read = {flat(message.id): flat(message.string) for message in catalog(read_mo, PO.with_suffix(".mo")) if message.id}
    assert read == written, "run `make words`"


def flat(words: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def blanks(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))
