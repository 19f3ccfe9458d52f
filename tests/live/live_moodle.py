"""A real Moodle for the tests: courses of our own that are removed afterwards, and a learner with a browser."""

import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import lxml.html
import requests
import yaml

from lms_bridge.moodle.client import Client
from lms_bridge.moodle.courses import find_courses
from lms_bridge.moodle.exchange import Exchange
from lms_bridge.transport import Transport

URL, TOKEN, ADMIN = (f"LMS_BRIDGE_LIVE_MOODLE_{name}" for name in ("URL", "TOKEN", "ADMIN_TOKEN"))
DATABASE = "LMS_BRIDGE_LIVE_MOODLE_DATABASE"
"""The address of the site's PostgreSQL, with tables that begin with `mdl_`. Few need it."""
TEMPLATE = "lmsbridge-template"
TEACHER, STUDENT = 3, 5
"""Roles as a new Moodle numbers them; the teacher is one who may edit."""
PASSWORD = "Learner-1-" + secrets.token_hex(6)


def missing() -> str:
    """Why there is no real Moodle to test with; empty when there is."""
    names = [name for name in (URL, TOKEN, ADMIN) if not os.environ.get(name)]
    return f"Set {', '.join(names)} to test with a real Moodle." if names else ""


def hosts() -> list[str]:
    """Whom these tests may talk to."""
    return ["127.0.0.1", "::1", "localhost", *filter(None, [urlsplit(os.environ.get(URL, "")).hostname])]


def client(variable: str) -> Client:
    exchange = Exchange(Transport(), url=os.environ[URL].rstrip("/"), token=os.environ[variable])
    return Client(exchange)


@dataclass(slots=True)
class Learner:
    """A person in the browser."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def log_in(self, username: str) -> None:
        page = self.session.get(f"{self.url}/login/index.php", timeout=60)
        found = re.search(r'name="logintoken" value="([^"]+)"', page.text)
        assert found
        form = {"username": username, "password": PASSWORD, "logintoken": found[1]}
        answer = self.session.post(f"{self.url}/login/index.php", data=form, timeout=60)
        assert "loginerrors" not in answer.text

    def get(self, address: str) -> requests.Response:
        answer = self.session.get(address if address.startswith("http") else f"{self.url}{address}", timeout=60)
        answer.raise_for_status()
        return answer

    def main(self, address: str) -> lxml.html.HtmlElement:
        """The part of a page that is not Moodle's frame."""
        tree = lxml.html.fromstring(self.get(address).text)
        (main,) = tree.xpath('//*[@role="main"]')
        for script in main.xpath(".//script|.//style"):
            script.drop_tree()
        return main


@dataclass(slots=True)
class LiveSite:
    """The site, with courses that belong to this test run: the content's own id → Moodle's number."""

    admin: Client
    url: str
    prefix: str
    courses: dict[str, int] = field(default_factory=dict)
    learner: Learner = field(init=False)
    user: int = 0
    """The learner's number."""

    def settings(self, **more: Any) -> dict[str, Any]:
        return {"url": self.url, "token": os.environ[TOKEN], **more}

    def course_id(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def add_course(self, name: str, *, filled: bool = True) -> int:
        course = {
            "fullname": f"{name} ({self.prefix})",
            "shortname": self.course_id(name),
            "idnumber": self.course_id(name),
            "categoryid": 1,
            "newsitems": 0,
            "numsections": 1,
        }
        number = int(self.admin.call("core_course_create_courses", {"courses": [course]}, write=True)[0]["id"])
        self.courses[name] = number
        if filled:
            template = find_courses(self.admin, "idnumber", [TEMPLATE])[TEMPLATE]
            args = {"importfrom": getattr(template, "id"), "importto": number, "deletecontent": 0}  # noqa: B009
            self.admin.call("core_course_import_course", args, write=True, alone=True)
        return number

    def remove_course(self, name: str) -> None:
        args = {"courseids": [self.courses.pop(name)]}
        self.admin.call("core_course_delete_courses", args, write=True, alone=True)

    def enrol(self, user: int, *names: str, role: int = STUDENT) -> None:
        """In these courses, or in all."""
        numbers = [self.courses[name] for name in names or self.courses]
        rows = [{"roleid": role, "userid": user, "courseid": number} for number in numbers]
        self.admin.call("enrol_manual_enrol_users", {"enrolments": rows}, write=True)

    def place_content(self, content: Path, folder: Path) -> None:
        """A copy of the content whose courses stand for ours."""
        shutil.copytree(content, folder)
        for course in (path for path in folder.iterdir() if path.is_dir()):
            file = course / "course.yaml"
            settings: Mapping[str, Any] = yaml.safe_load(file.read_text()) if file.exists() else {}
            placed = {**(settings or {}), "places": {"moodle": {"course": self.course_id(course.name)}}}
            file.write_text(yaml.safe_dump(placed, allow_unicode=True))


@contextmanager
def live_site(names: list[str]) -> Iterator[LiveSite]:
    admin = client(ADMIN)
    site = LiveSite(admin, os.environ[URL].rstrip("/"), f"lmsb-live-{secrets.token_hex(3)}")
    try:
        for name in names:
            site.add_course(name)
        user = {
            "username": site.prefix,
            "password": PASSWORD,
            "firstname": "Live",
            "lastname": "Learner",
            "email": f"{site.prefix}@example.invalid",
        }
        site.user = int(admin.call("core_user_create_users", {"users": [user]}, write=True)[0]["id"])
        if names:
            site.enrol(site.user)
        site.learner = Learner(site.url)
        site.learner.log_in(site.prefix)
        yield site
    finally:
        for name in [*site.courses]:
            site.remove_course(name)
        if site.user:
            admin.call("core_user_delete_users", {"userids": [site.user]}, write=True)
        admin.close()
