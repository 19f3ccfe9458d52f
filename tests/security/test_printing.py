"""What others wrote never acts on the terminal or the log of those who look: no escape sequences, no forged lines."""

import ast
import io
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from lms_bridge.cli.log import LogFormatter
from lms_bridge.cli.printing import print_json, say, say_text
from lms_bridge.errors import ContentError, Problem
from lms_bridge.masking import MASK
from lms_bridge.sandbox.moodle import Hand
from lms_bridge.sync.report_text import cell, fenced
from tests.cli.conftest import ROOT, Desk

ACTS = {
    "colours": "\x1b[31mred\x1b[0m",
    "the window's title": "\x1b]0;taken\x07",
    "a link": "\x1b]8;;https://canary.example\x1b\\press\x1b]8;;\x1b\\",
    "the clipboard": "\x1b]52;c;dGFrZW4=\x07",
    "the older signs for the same": "\x9b31m\x9d0;taken\x9c",
    "going back over what was said": "fine\rtaken",
    "backspaces": "fine\b\b\b\btaken",
    "a further line": "fine\n2026-11-25 12:00:00 INFO taken",
    "other further lines": "fine\x0btaken\x0ctaken\x85taken\u2028taken\u2029taken",
    "turned directions": "\u202eneket\u202c \u2066x\u2069",
    "nothing": "\x00\x7f\ufeff\u200b\U000e0041",
}
EVERY = pytest.mark.parametrize("text", ACTS.values(), ids=ACTS)


def is_one_harmless_line(text: str) -> bool:
    return text.endswith("\n") and text[:-1].isprintable()


@EVERY
def test_a_printed_line_is_one_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(f"page “{text}” was created")
    out = capsys.readouterr().out
    assert is_one_harmless_line(out)
    assert out.startswith("page “")
    assert out.endswith("” was created\n")


@EVERY
def test_a_printed_text_has_no_other_sign_than_its_lines(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say_text(f"# Plan\n\n- {text}\n")
    assert capsys.readouterr().out.replace("\n", "").replace("\t", "").isprintable()


@EVERY
def test_json_holds_every_sign_and_shows_none_that_acts(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_json({text: [text]})
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    assert json.loads(out) == {text: [text]}


@EVERY
def test_a_problem_is_a_sentence_whatever_it_quotes(text: str) -> None:
    told = Problem(f"the title is {text}", f"{text}.md", f"Remove {text}.")
    assert str(told).isprintable()
    assert str(ContentError(text, where=text, next_step=text)).isprintable()
    assert len(str(Problem(text * 10_000, text * 10_000, text * 10_000))) < 4_000


def logged(record: Callable[[logging.Logger], None], *secrets: str, as_json: bool = False) -> str:
    out = io.StringIO()
    handler, formatter = logging.StreamHandler(out), LogFormatter(as_json=as_json)
    formatter.hide(secrets)
    handler.setFormatter(formatter)
    log = logging.Logger("a log of its own", logging.DEBUG)
    log.addHandler(handler)
    record(log)
    return out.getvalue()


@EVERY
def test_no_text_forges_a_record_of_the_log(text: str) -> None:
    def broke(log: logging.Logger) -> None:
        try:
            raise ValueError(text)
        except ValueError:
            log.exception("could not read %s", text)

    for out in (logged(lambda log: log.info("created %s", text)), logged(broke)):
        first, *further = out.removesuffix("\n").split("\n")
        assert first[:4].isdigit()
        assert all(line.startswith("    | ") for line in further)
        assert out.replace("\n", "").isprintable()


@EVERY
def test_no_text_forges_a_record_of_the_log_for_programs(text: str) -> None:
    def broke(log: logging.Logger) -> None:
        try:
            raise ValueError(text)
        except ValueError:
            log.exception("could not read %s", text, extra={"key": text})

    (line,) = logged(broke, as_json=True).removesuffix("\n").split("\n")
    told = json.loads(line)
    assert told["event"] == f"could not read {text}"
    assert told.get("key", "") == text


PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("s3cr3t/with@signs", "cannot reach https://u:s3cr3t%2Fwith%40signs@db"),
        ("s3cr3t-token", "wrong token s3cr3t-token, again s3cr3t-token"),
        ("tab\tand “quote”", repr("tab\tand “quote”")),
        (PEM, f"the key {PEM!r} is none"),
        (PEM, f"the key {PEM} is none"),
        ("", "Authorization: Bearer abcdefghijklmnop"),
        ("", "{'wstoken': 'abcdefghijklmnop', 'x': 1}"),
        ("", 'answer {"userprivateaccesskey":"abcdefghijklmnop"}'),
        ("", "client_assertion=abcdefghijklmnop&x=1"),
        ("", "eyJabcdefgh.ijklmnop.abcdefghijklmnop"),
    ],
)
def test_no_secret_is_in_the_log_in_any_spelling(secret: str, words: str) -> None:
    out = logged(lambda log: log.debug("%s", words), secret)
    assert MASK in out
    for part in ("s3cr3t", "tab", "MIIEvQ", "abcdefghijklmnop"):
        assert part not in out


def test_markdown_of_others_is_words_in_a_ticket() -> None:
    assert cell("[x](https://e.org) ![p](https://e.org/p.png) <b> a|b\n\nc") == (
        "\\[x](https://e.org) !\\[p](https://e.org/p.png) &lt;b> a\\|b c"
    )
    assert fenced("+ ```\n+ <script>") == "````diff\n+ ```\n+ <script>\n````\n"


def test_every_command_prints_through_the_one_door() -> None:
    """`say`, `say_text` and `print_json`, or a `console` whose words went through `harmless`."""
    for path in sorted((ROOT / "lms_bridge").rglob("*.py")):
        if "sandbox" in path.parts or path.name == "printing.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("print", "typer.echo", "typer.secho", "typer.echo_via_pager"), (
                    f"{path.relative_to(ROOT)}:{node.lineno} prints by itself: use lms_bridge.cli.printing"
                )


def _hostile(desk: Desk) -> None:
    """Titles, texts and names that act, on both sides."""
    title = json.dumps("\x1b]0;taken\x07 \x9b31m red \u202e turned")
    desk.write("BIO/wiki/hostile.md", f"---\ntitle: {title}\n---\nwords \x9b31m and \u202e turned\n")
    desk.write("BIO/prompts/hostile.md", f"---\ntitle: {title}\n---\nwords \x9b31m\n")
    desk.write("BIO/wiki/broken.md", "# Broken\n\n[x](\x9b31m\u202e.md)\n")
    desk.write("CHE/ratings.csv", "rater,stars,comment,date\n\x9b31mAnn,5,\x9b31m\u202e,\nBob,\x9b31m,,\n")
    site = desk.trial.pair.site
    forum = next(iter(site.activities_of(next(c.id for c in site.courses.values() if c.idnumber == "BIO"), "forum")))
    Hand(site).start_discussion(forum.instance, "lena.learner", "\x1b[31mlearner\x9b0m", "<p>\x9b31m</p>")


def test_nothing_that_acts_comes_out_of_any_command(desk: Desk, tmp_path: Path) -> None:
    _hostile(desk)
    key = "programme:BIO/wiki/hostile"
    for output in ("text", "json", "markdown"):
        desk.run("-v", "plan", "--output", output)
        desk.run("-v", "check", "--output", output)
        desk.run("-v", "sync", "--output", output)
        desk.write("BIO/wiki/hostile.md", f"# Hostile {output}\n\nother words \x9b31m and \u202e turned\n")
        desk.run("-v", "plan", "--output", output)
    for words in (
        ["status"],
        ["diff", key],
        ["runs", "list"],
        ["review", "list"],
        ["state", "verify"],
        ["state", "export"],
    ):
        desk.run("-v", *words)
    desk.run("plan", "--only", "\x1b[31m\x9b")
    assert "hostile" in "".join(desk.printed)
    for printed in desk.printed:
        assert printed.replace("\n", "").replace("\t", "").isprintable(), [c for c in printed if not c.isprintable()][
            :5
        ]
