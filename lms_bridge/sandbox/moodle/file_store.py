"""Files of the site: draft areas, and how they move into a post (file_save_draft_area_files)."""

import mimetypes
import re

from lms_bridge.sandbox.moodle import rows
from lms_bridge.sandbox.moodle.site import MoodleSite

_UNSAFE = re.compile(r"[\x00-\x1f\x7f&<>\"`|':\\/]|\.\.+|^\.+$")


def clean_filename(name: str) -> str:
    """PARAM_FILE."""
    return _UNSAFE.sub("", name)


def mimetype_of(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "document/unknown"


def new_draft_area(site: MoodleSite) -> int:
    return 900000000 + site.next_id("draft_areas")


def draft_files(site: MoodleSite, user: rows.User, itemid: int) -> list[rows.StoredFile]:
    return site.files_in(user.contextid, "user", "draft", itemid)


def take_draft(site: MoodleSite, user: rows.User, draft: int, place: tuple[int, str, str, int]) -> None:
    """The place gets what the draft area holds, and loses what it held before; the draft stays."""
    contextid, component, filearea, itemid = place
    site.remove_files(site.files_in(contextid, component, filearea, itemid))
    for file in draft_files(site, user, draft):
        site.files.append(
            rows.StoredFile(
                contextid,
                component,
                filearea,
                itemid,
                file.filename,
                file.body,
                file.mimetype,
                user.id,
                file.timemodified,
                file.filepath,
            )
        )


def draft_addresses_to_placeholders(site: MoodleSite, user: rows.User, draft: int, text: str) -> str:
    """file_rewrite_urls_to_pluginfile."""
    prefix = f"{site.settings.wwwroot}/draftfile.php/{user.contextid}/user/draft/{draft}"
    return text.replace(prefix, "@@PLUGINFILE@@")
