"""Both sandboxes side by side, with their credentials and their memory in one folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from lms_bridge.sandbox.keeping import UnreadableState, keep, kept
from lms_bridge.sandbox.moodle import MoodleSite, SeedCourse, add_course, demo_site, moodle_app
from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import DemoTenant, demo_tenant, sharepoint_app
from lms_bridge.sandbox.sharepoint.certificates import make_server_certificate
from lms_bridge.sandbox.sharepoint.demo import DEMO_CLIENT
from lms_bridge.sandbox.sharepoint.tenant import Tenant

MOODLE_PORT = 8801
SHAREPOINT_PORT = 8802
TOKEN = "sandbox-0123456789abcdef01234567"  # noqa: S105 - opens a sandbox on this machine, and nothing else
SITE_PATH = "/sites/learning"
_MOODLE_STATE = "moodle.state"
_SHAREPOINT_STATE = "sharepoint.state"


Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Ports:
    """0 takes any free port."""

    moodle: int = MOODLE_PORT
    sharepoint: int = SHAREPOINT_PORT


class SandboxPair:
    """Runs between `start` and `stop`, or as a context manager; `stop` keeps what stands there for the next time."""

    def __init__(self, folder: Path, courses: Mapping[str, str], ports: Ports | None = None) -> None:
        """`courses` are titles by idnumber; those that the folder does not remember are made."""
        ports = ports or Ports()
        self.folder = folder
        self.site = _moodle(folder, courses)
        self.demo = _tenant(folder)
        self.moodle = SandboxServer(moodle_app(self.site), port=ports.moodle, faults=getattr(self.site, "faults", None))
        certificate = self.demo.server_certificate
        self.sharepoint = SandboxServer(
            sharepoint_app(self.demo.tenant),
            port=ports.sharepoint,
            certificate=certificate.certificate,
            private_key=certificate.private_key,
            faults=self.demo.tenant.faults,
        )

    def start(self) -> Self:
        self.site.settings.wwwroot = self.moodle.url
        self.demo.serve_at(self.sharepoint.url)
        self.moodle.start()
        self.sharepoint.start()
        return self

    def stop(self) -> None:
        self.moodle.stop()
        self.sharepoint.stop()
        keep(self.site, self.folder / _MOODLE_STATE)
        keep(self.demo.tenant, self.folder / _SHAREPOINT_STATE)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def write_credentials(folder: Path) -> None:
    """What a config refers to, before anything runs: the Moodle token, the app's key and certificate."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    token = folder / "moodle-token"
    token.touch(mode=0o600)
    token.write_text(TOKEN + "\n", encoding="utf-8")
    if _remembered(folder / _SHAREPOINT_STATE, Tenant) is None:
        keep(demo_tenant(folder=folder, site_path=SITE_PATH).tenant, folder / _SHAREPOINT_STATE)


def forget(folder: Path) -> None:
    """Both sandboxes begin anew the next time."""
    for name in (_MOODLE_STATE, _SHAREPOINT_STATE):
        (folder / name).unlink(missing_ok=True)


def _moodle(folder: Path, courses: Mapping[str, str]) -> MoodleSite:
    site = _remembered(folder / _MOODLE_STATE, MoodleSite)
    seeds = [SeedCourse(idnumber, shortname=idnumber, fullname=title) for idnumber, title in courses.items()]
    if site is None:
        return demo_site(seeds, token=TOKEN)
    known = {course.idnumber for course in site.courses.values()}
    for wanted in seeds:
        if wanted.idnumber not in known:
            add_course(site, wanted)
    return site


def _tenant(folder: Path) -> DemoTenant:
    """The tenant whose credentials `write_credentials` wrote."""
    tenant = kept(folder / _SHAREPOINT_STATE)
    return DemoTenant(tenant, folder, SITE_PATH, DEMO_CLIENT, make_server_certificate(folder))


def _remembered(path: Path, kind: type[Kept]) -> Kept | None:
    try:
        state = kept(path)
    except UnreadableState:
        return None
    return state if isinstance(state, kind) else None
