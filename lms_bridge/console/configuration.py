"""The config as the service has it: each setting with the line it comes from, each problem at its line."""

from starlette.responses import Response

from lms_bridge.config.effective import effective
from lms_bridge.console.access.roles import Role
from lms_bridge.console.pages import Page, Visit


def show(visit: Visit) -> Response:
    return visit.show("config.html", config=effective(visit.desk.doors.config_file))


PAGES = (Page("/config", show, role=Role.ADMIN),)
