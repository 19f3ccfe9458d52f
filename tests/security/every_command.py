"""Somebody types every command there is, in every form of output and into every kind of trouble; what was said is kept.

Secrets and signs that act are planted beforehand, so that tests can look for them afterwards in all of it.
"""

import io
import json
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer

from lms_bridge.cli import main
from lms_bridge.cli.app import app
from lms_bridge.cli.trial import Trial, open_trial
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import Hand
from lms_bridge.sandbox.pair import TOKEN
from tests.cli.conftest import ROOT, SMALL, free_ports

PSEUDONYM_KEY = "pseudonym-key-0f9e8d7c6b5a"
HOOK_PATH, HOOK_SECRET = "hooks/a1b2c3d4e5f6a7b8", "shared-with-the-hook-9f8e"
DATABASE_PASSWORD = "p@ss/word:with#signs?and%more"
WRONG_TOKEN = "wrong-token-aaaabbbbccccdddd"
WRONG_SECRET = "wrong-client-secret-eeeeffff"
RATERS = ("Ann Adler", "Bob Brandt")
ACTS = "\x1b]0;taken\x07 \x9b31m red \u202e turned"
KEY = "programme:BIO/wiki/plants"
_LOOKED_INTO = ("audit list", "audit verify", "notify test", "support-bundle")
RUN = "{run}"
"""Stands for the name of a run that was made before."""

COMMANDS: dict[str, list[list[str]]] = {
    "init": [["init", "new"], ["init", "new"]],
    "check": [["check"], ["check", "--output", "json"], ["check", "--output", "markdown"]],
    "plan": [["plan"], ["plan", "--output", "json"], ["plan", "--output", "markdown"], ["plan", "--only", ACTS]],
    "sync": [["sync"], ["sync", "--output", "json"], ["sync", "--output", "markdown"], ["sync", "--checksum", ACTS]],
    "status": [["status"], ["status", "--output", "json"]],
    "diff": [["diff", KEY], ["diff", KEY, "--output", "json"], ["diff", ACTS]],
    "review list": [["review", "list"], ["review", "list", "--output", "json"]],
    "review show": [["review", "show", KEY], ["review", "show", KEY, "--output", "json"], ["review", "show", ACTS]],
    "review accept": [["review", "accept", "merged", KEY], ["review", "accept", "theirs", KEY]],
    "runs list": [["runs", "list"], ["runs", "list", "--output", "json"]],
    "runs show": [["runs", "show", RUN], ["runs", "show", RUN, "--output", "json"], ["runs", "show", ACTS]],
    "runs undo": [["runs", "undo", RUN, "--plan"], ["runs", "undo", RUN, "--output", "json"]],
    "runs cancel": [["runs", "cancel", RUN], ["runs", "cancel", ACTS]],
    "worker": [["worker", "--until-idle"]],
    "audit list": [["audit", "list"], ["audit", "list", "--output", "json"], ["audit", "list", "--since", ACTS]],
    "audit verify": [["audit", "verify"], ["audit", "verify", "--output", "json"], ["audit", "verify", "--head", ACTS]],
    "notify test": [["notify", "test"], ["notify", "test", "--channel", ACTS]],
    "support-bundle": [["support-bundle", "--output", "bundle.zip"], ["support-bundle", "--no-check", "--log", ACTS]],
    "state verify": [["state", "verify"], ["state", "verify", "--output", "json"]],
    "state rebuild": [["state", "rebuild"], ["state", "rebuild", "--output", "markdown"]],
    "state export": [["state", "export"], ["state", "export", "state.jsonl"]],
    "state import": [["state", "import", "state.jsonl"], ["state", "import", "connectors.yaml"]],
    "forget": [["forget", "--author", RATERS[1], "--plan"], ["forget", "--author", RATERS[1]]],
    "pull": [["pull"]],
    "schema": [["schema"]],
    "setup moodle": [["setup", "moodle"], ["setup", "moodle", "--script"]],
    "setup sharepoint": [["setup", "sharepoint", *words] for words in ([], ["--grants"], ["--dry-run"], ["--probe"])],
    "sandbox": [["sandbox"]],
    "demo": [["demo", "--once"]],
}
OF_LIBRARIES_THAT_SERVE = ("uvicorn", "asyncio", "starlette", "lms_bridge.sandbox")


def known_commands() -> set[str]:
    """Every command that the command line knows, by the words that one types."""
    return set(_named(typer.main.get_command(app), ()))


def _named(command: Any, words: tuple[str, ...]) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words)
        return
    for name, each in inner.items():
        yield from _named(each, (*words, name))


@dataclass
class Said:
    """What was said where: by command lines, by the log of every library, and what is left in files."""

    folder: Path
    printed: dict[str, str] = field(default_factory=dict)
    logged: io.StringIO = field(default_factory=io.StringIO)
    codes: dict[str, int] = field(default_factory=dict)

    def files(self) -> dict[str, bytes]:
        """The state, raw and row by row, what lies beside it, and what commands wrote. The rest of the folder is where
        secrets are kept."""
        beside = [path for name in ("*", "*/**/*") for path in (self.folder / ".sandbox").glob(f"state.sqlite{name}")]
        found = {str(path): path.read_bytes() for path in beside if path.is_file()}
        found |= {path.name: path.read_bytes() for path in self.folder.glob("*.jsonl")}
        for path in self.folder.glob("*.zip"):
            with zipfile.ZipFile(path) as bundle:
                found |= {f"{path.name}/{name}": bundle.read(name) for name in bundle.namelist()}
        with sqlite3.connect(self.folder / ".sandbox" / "state.sqlite") as state:
            tables = [name for (name,) in state.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            found |= {name: repr(state.execute(f"SELECT * FROM {name}").fetchall()).encode() for name in tables}  # noqa: S608
        return found

    def everything(self) -> dict[str, str]:
        files = {name: content.decode("utf-8", "replace") for name, content in self.files().items()}
        return {**self.printed, "the log of every library": self.logged.getvalue(), **files}


@dataclass
class Typist:
    """Types commands in a folder in which both sandboxes run."""

    trial: Trial
    said: Said
    patch: pytest.MonkeyPatch

    def types(self, *words: str, when: str = "") -> str:
        line = " ".join(words) + (f" ({when})" if when else "")
        self.patch.setattr(sys, "argv", ["lms-bridge", "-v", *words])
        out, err = io.StringIO(), io.StringIO()
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main()
        except SystemExit as ended:
            self.said.codes[line] = ended.code if isinstance(ended.code, int) else 0
        finally:
            logging.getLogger("lms_bridge").handlers = []
        self.said.printed[line] = self.said.printed.get(line, "") + out.getvalue() + err.getvalue()
        return out.getvalue()

    def types_all(self, name: str) -> None:
        runs = json.loads(self.types("runs", "list", "--output", "json"))["runs"] if "runs" in name else []
        for words in COMMANDS[name]:
            self.types(*(word.replace(RUN, runs[0]["run"] if runs else "none") for word in words))

    def fault(self, *faults: Fault) -> None:
        self.trial.pair.moodle.faults.add(*faults)

    def clear(self) -> None:
        self.trial.pair.moodle.faults.clear()
        self.trial.pair.sharepoint.faults.clear()


@contextmanager
def typing(folder: Path) -> Iterator[Typist]:
    port = free_ports()
    config = (ROOT / "connectors.yaml").read_text(encoding="utf-8")
    config = config.replace("127.0.0.1:8801", f"127.0.0.1:{port}").replace("127.0.0.1:8802", f"127.0.0.1:{port + 1}")
    config = config.replace("    ratings:\n", "    attempts: 1\n    ratings:\n")
    config = config.replace("raters: pseudonym", "raters: pseudonym\n    pseudonym_key: ${env:LMSB_PSEUDONYM_KEY}")
    # Nobody listens there: every sync tells that, and where.
    config += "\nnotifications:\n  - type: webhook\n    url: ${env:LMSB_HOOK}\n    secret: ${env:LMSB_HOOK_SECRET}\n"
    (folder / "connectors.yaml").write_text(config, encoding="utf-8")
    for name, content in {**SMALL, **_hostile()}.items():
        path = folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    said = Said(folder)
    handler = logging.StreamHandler(said.logged)
    handler.addFilter(lambda record: not record.name.startswith(OF_LIBRARIES_THAT_SERVE))
    root = logging.getLogger()
    level = root.level
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMSB_PSEUDONYM_KEY", PSEUDONYM_KEY)
        patch.setenv("LMSB_DATABASE_PASSWORD", DATABASE_PASSWORD)
        patch.setenv("LMSB_HOOK", f"http://127.0.0.1:1/{HOOK_PATH}?sig={HOOK_SECRET}")
        patch.setenv("LMSB_HOOK_SECRET", HOOK_SECRET)
        patch.chdir(folder)
        with open_trial(folder / "connectors.yaml", port=port, reset=False) as trial:
            root.addHandler(handler)
            root.setLevel(logging.DEBUG)
            try:
                yield Typist(trial, said, patch)
            finally:
                root.removeHandler(handler)
                root.setLevel(level)


def _hostile() -> dict[str, str]:
    title = json.dumps(ACTS)
    return {
        "BIO/wiki/hostile.md": f"---\ntitle: {title}\n---\nwords \x9b31m and \u202e turned\n",
        "BIO/prompts/hostile.md": f"---\ntitle: {title}\n---\nwords \x9b31m\n",
        "BIO/wiki/broken.md": "# Broken\n\n[x](\x9b31m\u202e.md)\n",
        "CHE/ratings.csv": "rater,stars,comment,date\n\x9b31mDee,5,\x9b31m\u202e,\nCem,\x9b31m,,\n",
    }


def type_everything(typist: Typist) -> None:
    """All commands, in an order in which each has something to tell."""
    _in_trouble(typist)
    typist.types("sync", when="for the first time")
    _both_sides_change(typist)
    for name in ("init", "check", "plan", "diff", "sync", "status", "review list", "review show", "review accept"):
        typist.types_all(name)
    for name in ("runs list", "runs show"):
        typist.types_all(name)
    for name in ("state verify", "state rebuild", "state export", "state import", "forget", "runs undo"):
        typist.types_all(name)
    for name in ("runs cancel", "worker", *_LOOKED_INTO, "pull", "schema", "setup moodle", "setup sharepoint"):
        typist.types_all(name)
    _with_sandboxes_of_its_own(typist)


def _both_sides_change(typist: Typist) -> None:
    """What a person wrote in Moodle acts as well."""
    site = typist.trial.pair.site
    (page,) = [page.id for page in site.wiki_pages.values() if page.title == "Plants"]
    text = site.wiki_versions[page][-1].content
    Hand(site).human_edit_wiki_page(page, "tess.teacher", text.replace("Green", "Green \x9b31m, says \u202e Ann"))
    course = next(course.id for course in site.courses.values() if course.idnumber == "BIO")
    (forum,) = site.activities_of(course, "forum")[:1]
    Hand(site).start_discussion(forum.instance, "lena.learner", ACTS, "<p>\x9b31m</p>")
    (typist.said.folder / "content/BIO/wiki/plants.md").write_text(
        "---\nid: plants\n---\n# Plants\n\nRed, in autumn.\n"
    )


def _in_trouble(typist: Typist) -> None:
    """Servers that fail, and some that say back what they were sent."""
    token = json.dumps({"exception": "x", "errorcode": "x", "message": f"no: wstoken={TOKEN}, {TOKEN} \x1b[31m"})
    html = f"<html><h1>Error</h1><pre>POST wstoken={TOKEN}</pre></html>"
    for when, faults in {
        "the server says the token back": [Fault("status", times=40, status=200, answer=token)],
        "a page comes instead of an answer": [Fault("status", times=40, status=200, answer=html)],
        "a gateway fails": [Fault("status", times=40, status=403, answer=html)],
        "it is redirected": [
            Fault("status", times=40, status=302, headers={"location": f"https://u:{TOKEN}@e.org/?t={TOKEN}"})
        ],
    }.items():
        typist.fault(*faults)
        typist.types("sync", "--route", "programme-to-moodle", when=when)
        typist.clear()
    bearer = {
        "error": {"code": "InvalidAuthenticationToken", "message": "Bearer eyJ0eXAiOiJKV1QiLCJhbGciOi.eyJhIjoxfQ.x"}
    }
    graph = Fault("status", times=40, path="/v1.0", status=400, answer=json.dumps(bearer))
    typist.trial.pair.sharepoint.faults.add(graph)
    typist.types("sync", "--route", "programme-to-sharepoint", when="Graph says the token back")
    typist.clear()
    _with_wrong_credentials(typist)
    _with_a_mistake_of_ours(typist)


def _with_wrong_credentials(typist: Typist) -> None:
    folder = typist.said.folder
    kept = folder / ".sandbox/moodle-token"
    kept.write_text(f"{WRONG_TOKEN}\n", encoding="utf-8")
    for words in (["sync"], ["check"]):
        typist.types(*words, when="the token is wrong")
    kept.write_text(f"{TOKEN}\n", encoding="utf-8")
    path = folder / "connectors.yaml"
    config = path.read_text(encoding="utf-8")
    (folder / ".sandbox/wrong-secret").write_text(WRONG_SECRET, encoding="utf-8")
    certificate = config[config.index("      certificate:") : config.index("    # Only for the sandbox")]
    for when, changed in {
        "the client secret is wrong": config.replace(certificate, "      secret: ${file:.sandbox/wrong-secret}\n"),
        "the key is none": config.replace("${file:.sandbox/app-key.pem}", "${file:.sandbox/wrong-secret}"),
        "the state cannot be reached": config.replace(
            ".sandbox/state.sqlite", "postgresql://lms:${env:LMSB_DATABASE_PASSWORD}@127.0.0.1:9/lms"
        ),
        "a secret is written out": config.replace("${file:.sandbox/moodle-token}", WRONG_TOKEN),
        "a password is written out": config.replace(
            ".sandbox/state.sqlite", f"postgresql://lms:{WRONG_SECRET}@127.0.0.1:9/lms"
        ),
        "a secret stands in the wrong place": config.replace(
            "timezone: Europe/Berlin", "timezone: ${file:.sandbox/moodle-token}"
        ),
        "a secret is an address": config.replace(
            "url: http://127.0.0.1", "url: ${file:.sandbox/moodle-token}127.0.0.1"
        ),
    }.items():
        path.write_text(changed, encoding="utf-8")
        assert changed != config, when
        typist.types("check", when=when)
        more = [["sync", "--output", "json"], ["setup", "sharepoint"]] if when.endswith(("wrong", "none")) else []
        more += [["worker"], ["sync", "--shared"], ["runs", "cancel", "1"]] if when.endswith("reached") else []
        for words in more:
            typist.types(*words, when=when)
    path.write_text(config, encoding="utf-8")


def _with_a_mistake_of_ours(typist: Typist) -> None:
    """An error that nobody foresaw quotes everything that it can reach; only `-v` shows its words."""
    from lms_bridge.moodle.client import Client
    from lms_bridge.sources.files.source import FilesSource

    words = f"{TOKEN} {PSEUDONYM_KEY} Authorization: Bearer abcdefgh12345678 \x1b[31m\n2026-11-25 INFO forged"

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(words)

    handlers, logging.getLogger().handlers = logging.getLogger().handlers, []  # they show raw records
    for owner, name in ((FilesSource, "items"), (Client, "call_all")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, broken)
            typist.types("sync", when=f"{name} has a mistake")
    logging.getLogger().handlers = handlers


def _with_sandboxes_of_its_own(typist: Typist) -> None:
    """`sandbox` stands until it is stopped, so it is a program of its own."""
    folder = typist.said.folder / "new"
    for course in sorted((folder / "content").iterdir())[1:]:
        shutil.rmtree(course)
    typist.patch.chdir(folder)
    typist.types("demo", "--once", "--port", str(free_ports()))
    program = "import sys; from lms_bridge.cli import main; sys.argv = ['lms-bridge', *sys.argv[1:]]; main()"
    words = [sys.executable, "-c", program, "-v", "sandbox", "--port", str(free_ports())]
    path = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=path) as ran:
        assert ran.stdout is not None
        lines = []
        while (line := ran.stdout.readline()) and "Stop with Ctrl-C" not in line:
            lines.append(line)
        ran.send_signal(signal.SIGTERM)
        lines += ran.stdout.readlines()
    typist.said.printed["sandbox"] = "".join(lines)
