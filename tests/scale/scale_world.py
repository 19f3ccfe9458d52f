"""A sandbox Moodle with many courses, a state in PostgreSQL, and workers as processes of their own."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import MoodleSite, SeedCourse, demo_site, moodle_app
from lms_bridge.sandbox.server import SandboxServer

TOKEN = "0123456789abcdef0123456789abcdef"
CONFIG = """
version: 1
state: {state}
sources:
  programme: {{type: files, path: content, timezone: Europe/Berlin}}
destinations:
  moodle: {{type: moodle, url: "{moodle}", token: "${{file:token}}"}}
routes:
  moodle: {{from: programme, to: moodle, kinds: [page, prompt]}}
"""
COMMAND = [sys.executable, "-c", "from lms_bridge.cli import main; main()"]


@dataclass(slots=True)
class ScaleWorld:
    """Lives while `standing` does."""

    folder: Path
    site: MoodleSite
    server: SandboxServer
    workers: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "connectors.yaml"

    def write(self, course: int, pages: int, prompts: int = 0, words: str = "Words") -> None:
        folder = self.folder / "content" / f"C{course}"
        for name in ("wiki", "prompts"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "course.yaml").write_text(f"title: Course {course}\n", encoding="utf-8")
        for n in range(pages):
            (folder / "wiki" / f"p{n}.md").write_text(f"# Page {n}\n\n{words} of {course}, {n}.\n", encoding="utf-8")
        for n in range(prompts):
            (folder / "prompts" / f"q{n}.md").write_text(f"---\ntitle: Prompt {n}\n---\n{words}?\n", encoding="utf-8")

    # Processes

    def worker(self, *options: str) -> "subprocess.Popen[str]":
        log = (self.folder / f"worker{len(self.workers)}.log").open("w", encoding="utf-8")
        command = [*COMMAND, "-v", "worker", "--heartbeat", "1", *options]
        # By a path: the tests run in a folder of their own.
        process = subprocess.Popen(command, cwd=self.folder, stderr=log, stdout=log, text=True, env=_environment())
        log.close()
        self.workers.append(process)
        return process

    def command(self, *words: str) -> "subprocess.Popen[str]":
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([*COMMAND, *words], cwd=self.folder, text=True, env=_environment(), **pipes)  # type: ignore[call-overload, no-any-return]

    def hang_at_a_write(self, function: str) -> None:
        """The next such call is stored, and whoever sent it waits for an answer that never comes."""
        self.server.faults.add(Fault("dribble", stored=True, body=function, answer="HTTP/1.1 200 OK\r\n", seconds=3600))

    def logs(self) -> str:
        return "\n".join(path.read_text(encoding="utf-8") for path in sorted(self.folder.glob("worker*.log")))

    # What stands there

    def standing(self) -> Counter[tuple[str, str]]:
        """How often each page and each prompt stands in its course."""
        return Counter([*self._pages(), *self._prompts()])

    def _pages(self) -> Iterator[tuple[str, str]]:
        for page in self.site.wiki_pages.values():
            wiki = self.site.activity_of("wiki", self.site.subwikis[page.subwikiid].wikiid)
            assert wiki is not None
            yield self.site.courses[wiki.course].idnumber, page.title

    def _prompts(self) -> Iterator[tuple[str, str]]:
        for discussion in self.site.discussions.values():
            yield self.site.courses[discussion.course].idnumber, discussion.name

    def close(self) -> None:
        for process in self.workers:
            process.kill()
            process.wait()


def wait_until(what: Callable[[], bool], seconds: float = 120) -> None:
    pause = Event()
    for _ in range(int(seconds * 20)):
        if what():
            return
        pause.wait(0.05)
    raise AssertionError("it does not come to that")


@contextmanager
def standing(folder: Path, state: str, courses: int) -> Iterator[ScaleWorld]:
    seeds = tuple(SeedCourse(f"C{n}", fullname=f"Course {n}") for n in range(courses))
    site = demo_site(seeds, token=TOKEN)
    with SandboxServer(moodle_app(site)) as server:
        site.settings.wwwroot = server.url
        (folder / "token").write_text(TOKEN, encoding="utf-8")
        world = ScaleWorld(folder, site, server)
        world.config.write_text(CONFIG.format(state=state, moodle=server.url), encoding="utf-8")
        try:
            yield world
        finally:
            world.close()


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": root}
