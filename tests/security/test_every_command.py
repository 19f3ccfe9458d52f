"""No secret, and nothing that acts, in anything that any command says, logs or leaves behind."""

import re
from collections.abc import Iterator

import pytest

from lms_bridge.sandbox.pair import TOKEN
from tests.security import every_command
from tests.security.every_command import COMMANDS, Said, known_commands, type_everything, typing


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Said]:
    with typing(tmp_path_factory.mktemp("desk")) as typist:
        type_everything(typist)
        yield typist.said


def test_every_command_that_there_is_was_typed(said: Said) -> None:
    """One that is new belongs into COMMANDS, with words that make it tell as much as it can."""
    assert known_commands() - COMMANDS.keys() == set()
    typed = {name for name in COMMANDS for line in said.printed if line.startswith(name)}
    assert known_commands() - typed == set()


def test_the_commands_did_what_they_are_for(said: Said) -> None:
    """Else there would be nothing to find a secret in."""
    for line in ("plan", "status", "diff programme:BIO/wiki/plants", "runs list", "state verify", "state export"):
        assert said.codes[line] in (0, 1, 3, 5), f"{line}: {said.printed[line]}"
    assert "conflict" in said.printed["status"]
    assert "Authorization" in said.printed["sync (items has a mistake)"], "the traceback is shown"
    assert "POST http" in said.printed["sync (for the first time)"], "each call is logged"
    assert (
        "InvalidAuthenticationToken" in said.printed["sync --route programme-to-sharepoint (Graph says the token back)"]
    )


SECRETS = {
    "Moodle's token": (TOKEN,),
    "a wrong token": (every_command.WRONG_TOKEN,),
    "a wrong client secret": (every_command.WRONG_SECRET,),
    "the key of the pseudonyms": (every_command.PSEUDONYM_KEY,),
    "the hook's address and its secret": (every_command.HOOK_PATH, every_command.HOOK_SECRET),
    "the database's password": ("p@ss", "p%40ss", "with#signs", "and%more", "word:with"),
    "Moodle's private access key": ("private-key-of-",),
    "a token that a server gave": ("eyJ", "Bearer a", "Bearer e"),
}


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_in_anything_that_was_said(said: Said, secret: str) -> None:
    found = {where for where, text in said.everything().items() for part in SECRETS[secret] if part in text}
    assert found == set()


def test_no_line_of_a_private_key_is_in_anything_that_was_said(said: Said) -> None:
    pem = (said.folder / ".sandbox/app-key.pem").read_text(encoding="ascii")
    lines = [line for line in pem.splitlines() if "-----" not in line]
    assert len(lines) > 10
    client = (said.folder / ".sandbox/client-secret").read_text(encoding="ascii").strip()
    found = {where for where, text in said.everything().items() for line in (*lines, client) if line in text}
    assert found == set()


def test_who_gave_a_review_is_nowhere_but_where_it_was_asked_for(said: Said) -> None:
    """With pseudonyms, the names stay in the source; `forget` is told one."""
    found = {
        where
        for where, text in said.everything().items()
        if any(name in text for name in every_command.RATERS) and not where.startswith("forget")
    }
    assert found == set()


def test_nothing_that_was_said_acts_on_a_terminal(said: Said) -> None:
    for line, text in said.printed.items():
        acts = {sign for sign in text if not sign.isprintable() and sign not in "\n\t"}
        assert acts == set(), line


def test_no_record_of_the_log_is_forged(said: Said) -> None:
    forged = [
        line for text in said.printed.values() for line in text.splitlines() if re.match(r"2026-11-25 INFO", line)
    ]
    assert forged == []


def test_an_error_that_nobody_foresaw_says_nothing_of_its_own_without_verbose(said: Said) -> None:
    text = said.printed["sync (items has a mistake)"]
    quiet = [line for line in text.splitlines() if not line.startswith("    | ") and "DEBUG" not in line]
    assert "Authorization" not in "".join(quiet)
