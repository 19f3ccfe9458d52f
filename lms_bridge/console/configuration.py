"""The config as the service has it, each setting with the line it comes from, each problem at its line; changing it.

What is saved is what was checked and looked at as a difference: the form says which text that was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.responses import Response

from lms_bridge.audit.line import Act, Actor, Deed
from lms_bridge.audit.line import Role as ActsAs
from lms_bridge.config.editing import editable, faults, refuse_another, save, written_as
from lms_bridge.config.effective import effective
from lms_bridge.console.access.roles import Role
from lms_bridge.console.pages import Page, Visit
from lms_bridge.errors import ConfigError, Problem, UsageError
from lms_bridge.markup.diff import Pair, line_diff, side_by_side

_CHANGED = "the text is another one than was checked; nothing was written."


@dataclass(frozen=True, slots=True)
class Checked:
    """A text that somebody wrote, and what became of it: `pairs` where it could be used. `of`: its digest."""

    problems: Sequence[Problem]
    pairs: Sequence[Pair]
    of: str


def show(visit: Visit) -> Response:
    may_edit = _may_edit(visit)
    return visit.show("config.html", config=effective(visit.desk.doors.config_file), may_edit=may_edit, saved=None)


def edit(visit: Visit) -> Response:
    path = _file(visit)
    found = editable(path)
    return visit.show("config_edit.html", file=path.name, text=found.text, seen=found.digest, checked=None)


def check(visit: Visit) -> Response:
    """What would be wrong with the text, else how it differs from the file."""
    path, text = _file(visit), _written(visit)
    standing = editable(path)
    problems = faults(path, text)
    pairs = () if problems else side_by_side(line_diff(standing.text, text, context=3))
    checked = Checked(problems, pairs, _digest(text))
    # An older page's text is still about the file that it was opened with: saving it is refused.
    seen = visit.given("seen")[:64]
    return visit.show("config_edit.html", file=path.name, text=text, seen=seen, checked=checked)


def keep(visit: Visit) -> Response:
    path, text, seen = _file(visit), _written(visit), visit.given("seen")[:64]
    # Before the trail tells of a change.
    refuse_another(editable(path).digest, seen, path.name)
    if visit.given("checked") != _digest(text):
        raise UsageError(_CHANGED, where=path.name, next_step="Go back, check it, and save what you see then.")
    if problems := faults(path, text):
        return visit.show(
            "config_edit.html", 400, file=path.name, text=text, seen=seen, checked=Checked(problems, (), "")
        )
    desk, after = visit.desk, sha256(written_as(path.read_bytes(), text)).hexdigest()
    # Before it is written, and where the state is now: the new text may name another one.
    act = Act(deed=Deed.EDIT, before=seen, after=after, about=path.name)
    desk.state.trail.add(act, by=Actor(ActsAs.PERSON, visit.name))
    desk.audit(visit.name, "config edited", path.name, before=seen, after=after)
    saved = save(path, text, seen=seen, now=desk.clock())
    return visit.show("config.html", config=effective(path), may_edit=_may_edit(visit), saved=saved)


def _may_edit(visit: Visit) -> bool:
    """As the file last said while it was valid."""
    try:
        return visit.desk.config.console.edit_config
    except ConfigError:
        return False


def _file(visit: Visit) -> Path:
    """Raises UsageError where the file itself does not allow it."""
    if not _may_edit(visit):
        raise UsageError(
            "this file is not changed at the console.",
            where="console.edit_config",
            next_step="Change it on the machine; `console: {edit_config: true}` in it allows admins to do so here.",
        )
    return visit.desk.doors.config_file


def _written(visit: Visit) -> str:
    return visit.given("text").replace("\r\n", "\n")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


PAGES = (
    Page("/config", show, role=Role.ADMIN),
    Page("/config/edit", edit, role=Role.ADMIN),
    Page("/config/check", check, role=Role.ADMIN, method="POST"),
    Page("/config/save", keep, role=Role.ADMIN, method="POST"),
)
