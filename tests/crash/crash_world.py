"""Both sandboxes with doors that a test keeps, one config, one state; all of it put back as often as needed."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import requests
from crash_boundaries import Boundary, watch_commits
from crash_content import CONFIG, FIRST, Files, write_content
from crash_doors import Door, moodle_names, sharepoint_names
from crash_process import LONG, Job, Nursery, sync, undo_killed
from crash_standing import standing_in_moodle, standing_in_sharepoint
from crash_state import StateKeeper

from lms_bridge.config.load import load_config
from lms_bridge.connector import Level
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.keeping import keep, kept
from lms_bridge.sandbox.moodle import MoodleSite, SeedCourse, demo_site, moodle_app
from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import Tenant, demo_tenant, sharepoint_app
from lms_bridge.sandbox.sharepoint.demo import DEMO_CLIENT
from lms_bridge.sharepoint.settings import SharePointSettings
from lms_bridge.sharepoint.setup import provision
from lms_bridge.sync.run import Report

TOKEN = "0123456789abcdef0123456789abcdef"
COURSES = (SeedCourse("BIO", fullname="Biology"), SeedCourse("CHE", fullname="Chemistry"))
POLICY = "{prune: delete}"
EVERYTHING = "[page, prompt, review, rating]"


@dataclass(frozen=True, slots=True)
class Form:
    """What connectors.yaml says where it has a choice; `at_once`: how many places and connections at a time."""

    reviews: str = "database"
    prompts: str = "news"
    kinds: str = EVERYTHING
    policy: str = POLICY
    at_once: int = 1


@dataclass
class World:
    """Lives while `running` does."""

    folder: Path
    site: MoodleSite
    tenant: Tenant
    doors: dict[str, Door]
    servers: dict[str, SandboxServer]
    nursery: Nursery
    state: StateKeeper
    form: Form = Form()
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = self.folder / "connectors.yaml"
        keep(self.site, self.folder / "moodle.empty")
        keep(self.tenant, self.folder / "sharepoint.empty")

    # Before a run

    def begin(self, form: Form, state: StateKeeper) -> None:
        """Empty sandboxes, no state, and a config of this form."""
        self.form, self.state = form, state
        addresses = {name: server.url for name, server in self.servers.items()}
        written = CONFIG.format(state=state.location, client=DEMO_CLIENT, **addresses, **asdict(form))
        self.config.write_text(written, encoding="utf-8")
        self._put_back_sandboxes("empty")
        state.lose()
        settings = load_config(self.config).destinations["sharepoint"].settings
        assert isinstance(settings, SharePointSettings)
        assert not [finding for finding in provision(settings, self.folder) if finding.level is Level.ERROR]

    def fill(self, files: Files) -> None:
        write_content(self.folder / "content", files)

    def freeze(self) -> None:
        """From here on, `put_back` leads here."""
        keep(self.site, self.folder / "moodle.frozen")
        keep(self.tenant, self.folder / "sharepoint.frozen")
        self.state.freeze()

    def put_back(self) -> None:
        self._put_back_sandboxes("frozen")
        self.state.put_back()

    def _put_back_sandboxes(self, name: str) -> None:
        for server in self.servers.values():
            server.faults.clear()
        _become(self.site, kept(self.folder / f"moodle.{name}"))
        key = self.tenant.signing_key
        _become(self.tenant, kept(self.folder / f"sharepoint.{name}"))
        # Making one anew takes longer than a sync.
        self.tenant.signing_key = key

    # Runs

    def sync(self, route: str) -> tuple[Report, int]:
        """In this process, not killed: the report, and how many intents are open afterwards."""
        return sync(self._job(route))

    def undo_killed(self, route: str) -> Report:
        return undo_killed(self._job(route))

    def _job(self, route: str, last: Boundary | None = None) -> Job:
        return Job(self.config, route, self.form.at_once, last)

    def warm_up(self) -> None:
        self.begin(Form(), self.state)
        self.fill(FIRST)
        for route in self.doors:
            self.nursery.warm_up(self._job(route))

    def boundaries(self, route: str) -> list[Boundary]:
        """All that a run reaches, in their order."""
        reached: list[Boundary] = []

        def note(boundary: Boundary) -> bool:
            reached.append(boundary)
            return False

        with self._watched(route, note):
            stop = watch_commits(note)
            try:
                self.sync(route)
            finally:
                stop()
        return reached

    def kill_at(self, route: str, boundary: Boundary) -> bool:
        """A run in a process of its own, which ends by `kill -9` at the boundary; false when it did not get there."""
        trouble = self.config.with_name("trouble")
        trouble.unlink(missing_ok=True)
        process: Future[int] = Future()

        def meet(reached: Boundary) -> bool:
            if (reached.commit, reached.number, reached.done) != (boundary.commit, boundary.number, boundary.done):
                return False
            os.kill(process.result(LONG), signal.SIGKILL)
            return True

        with self._watched(route, meet):
            process.set_result(self.nursery.start(self._job(route, boundary if boundary.commit else None)))
            code = self.nursery.wait()
        assert not trouble.exists(), trouble.read_text(encoding="utf-8")
        # What the dead process sent lies in the server's sockets and comes before this call.
        requests.get(f"{self.servers[route].url}/_sandbox/calls", timeout=LONG, verify=str(self.folder / "ca.pem"))
        self.doors[route].wait_until_empty(LONG)
        self.state.wait_until_free()
        return code == -signal.SIGKILL

    def lose_answer(self, route: str, number: int) -> None:
        """The answer to the n-th of all requests that come will not arrive."""
        self.servers[route].faults.add(Fault("drop", skip=number))

    @contextmanager
    def _watched(self, route: str, act: Callable[[Boundary], bool]) -> Iterator[None]:
        self.doors[route].watch(act)
        try:
            yield
        finally:
            self.doors[route].rest()

    # After a run

    def standing(self, route: str) -> list[str]:
        return standing_in_moodle(self.site) if route == "moodle" else standing_in_sharepoint(self.tenant)

    def writes(self, route: str) -> list[str]:
        """The writing requests of a further sync."""
        self.doors[route].watch()
        self.sync(route)
        return self.doors[route].seen


@contextmanager
def running(folder: Path, state: StateKeeper) -> Iterator[World]:
    site = demo_site(COURSES, token=TOKEN)
    demo = demo_tenant(folder=folder)
    doors = {
        "moodle": Door(moodle_app(site), moodle_names),
        "sharepoint": Door(sharepoint_app(demo.tenant), sharepoint_names),
    }
    certificate = demo.server_certificate
    nursery = Nursery()
    secure: dict[str, Any] = {"certificate": certificate.certificate, "private_key": certificate.private_key}
    with SandboxServer(doors["moodle"]) as moodle, SandboxServer(doors["sharepoint"], **secure) as sharepoint:
        site.settings.wwwroot = moodle.url
        demo.serve_at(sharepoint.url)
        (folder / "moodle-token").write_text(TOKEN, encoding="utf-8")
        world = World(folder, site, demo.tenant, doors, {"moodle": moodle, "sharepoint": sharepoint}, nursery, state)
        world.warm_up()
        yield world
    nursery.close()


def _become(thing: Any, other: Any) -> None:
    """The servers hold `thing`: it is changed in its place."""
    vars(thing).clear()
    vars(thing).update(vars(other))
