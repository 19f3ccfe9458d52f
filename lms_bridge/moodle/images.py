"""Images: uploaded once a course, carried by posts of one discussion in the course's forum.

Moodle 4.5 has no web service that reaches a wiki's own files (its upload reaches only the user's drafts), and a
forum post is the nearest thing whose files the course's learners may see. The discussion stays open: in one that is
locked, lms-bridge could not add the next images without the right to override locks.
"""

import hashlib
import html
import logging
import mimetypes
import re
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from lms_bridge.errors import Ambiguous, ContentError, DestinationError, NotFound
from lms_bridge.items import Asset, Kind, mark
from lms_bridge.moodle.displayed import FILE_PREFIX
from lms_bridge.moodle.ground import Ground, Spot

_log = logging.getLogger(__name__)

SUBJECT = "Images of this course’s pages"
TEXT = "These are the images that the course’s pages show. Please leave this discussion as it is."
_MARK = mark("lms-bridge:images")
_FILE = re.compile(r"/(?:webservice/)?pluginfile\.php/(\d+/mod_forum/post/\d+/lmsb-([0-9a-f]{64})\.[a-z0-9]+)")
_AT_ONCE = 10
_MAX_SIZE = 50_000_000
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/svg+xml": "svg"}


class Images:
    """Finds and uploads images. Places of one course take turns."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._lock = Lock()
        self._course_locks: dict[int, Lock] = {}
        self._known: dict[int, dict[str, str]] = {}
        self._carriers: dict[int, tuple[int, int]] = {}
        self._seen: dict[str, str] = {}
        self._unsure: dict[int, Ambiguous] = {}
        """Courses whose images were sent in this run without an answer."""

    def ensure(self, course: int, assets: Iterable[Asset]) -> Mapping[str, str]:
        """Digest → address, for each of these; what is missing is uploaded. Raises DestinationError."""
        wanted = {asset.digest: asset for asset in assets}
        if not wanted:
            return {}
        with self._lock:
            turn = self._course_locks.setdefault(course, Lock())
        with turn:
            try:
                return self._all_there(course, wanted)
            except DestinationError as error:
                # What was sent without an answer may stand there: it is looked up before anything is sent again.
                if isinstance(error, Ambiguous):
                    self._unsure[course] = error
                self._known.pop(course, None)
                self._carriers.pop(course, None)
                raise

    def _all_there(self, course: int, wanted: Mapping[str, Asset]) -> Mapping[str, str]:
        if course not in self._known:
            self._look(course)
        missing = [asset for digest, asset in wanted.items() if digest not in self._known[course]]
        if missing and course in self._unsure:
            # The server may still be at it: only the next run can tell that it did not arrive.
            raise self._unsure[course]
        for at in range(0, len(missing), _AT_ONCE):
            self._upload(course, missing[at : at + _AT_ONCE])
        return {digest: self._known[course][digest] for digest in wanted if digest in self._known[course]}

    def known(self, course: int) -> Mapping[str, str]:
        """Digest → address of everything that was uploaded, or seen elsewhere. Raises DestinationError."""
        if self._ground.activity(Kind.PROMPT, Spot(course)) is None:
            return dict(self._seen)
        with self._lock:
            turn = self._course_locks.setdefault(course, Lock())
        with turn:
            if course not in self._known:
                self._look(course)
            return {**self._seen, **self._known[course]}

    def saw(self, shown: str) -> None:
        """Notes where a displayed text has its images: one that a person copied from another course's page has its
        image there."""
        for found in _FILE.finditer(shown):
            if shown.endswith(f'="{self._ground.site}', 0, found.start()):
                self._seen[found[2]] = f"{self._ground.site}/pluginfile.php/{found[1]}"

    def forget(self) -> None:
        """Look again: a new run begins."""
        self._known.clear()
        self._carriers.clear()
        self._seen.clear()
        self._unsure.clear()

    def _forum(self, course: int) -> int:
        forum = self._ground.activity(Kind.PROMPT, Spot(course))
        if forum is None:
            raise NotFound(
                "the pages have images, and the course has no forum that could carry them.",
                where=self._ground.course_names().get(course, f"course {course}"),
                next_step="Add a forum to the course, or set `images: link` for this Moodle.",
            )
        return forum.id

    def _look(self, course: int) -> None:
        client = self._ground.client
        forum = self._forum(course)
        listing = client.call("mod_forum_get_forum_discussions", {"forumid": forum}, raw=True)
        self._known[course] = {}
        for row in listing.get("discussions", []):
            if row.get("userid") == client.site().user and f"lmsb-{_MARK}" in str(row.get("message", "")):
                self._carriers[course] = (int(row["discussion"]), int(row["id"]))
                self._read(course)
                return

    def _read(self, course: int) -> None:
        """Our own posts only: learners can answer there, and could give their picture the name of one of ours."""
        discussion, _ = self._carriers[course]
        client = self._ground.client
        answer = client.call(
            "mod_forum_get_discussion_posts", {"discussionid": discussion, "sortby": "created", "sortdirection": "ASC"}
        )
        ours = client.site().user
        for post in (post for post in answer.get("posts", []) if (post.get("author") or {}).get("id") == ours):
            for path, digest in _FILE.findall(str(post.get("message", ""))):
                self._known[course].setdefault(digest, f"{self._ground.site}/pluginfile.php/{path}")

    def _upload(self, course: int, assets: Sequence[Asset]) -> None:
        """One draft an image would need one post an image: files join the first file's draft."""
        client = self._ground.client
        if course not in self._carriers:
            self._open_carrier(course)
        discussion, first_post = self._carriers[course]
        lines, draft = [], 0
        for asset in assets:
            name = file_name(asset)
            draft = client.upload(name, _loaded(asset), asset.media_type, draft=draft)
            lines.append(f'<p><img src="@@PLUGINFILE@@/{name}" alt="{html.escape(asset.name)}"></p>')
        client.call(
            "mod_forum_add_discussion_post",
            {
                "postid": first_post,
                "subject": SUBJECT,
                "message": "".join(lines),
                "messageformat": 1,
                "options": [
                    {"name": "discussionsubscribe", "value": 0},
                    {"name": "inlineattachmentsid", "value": draft},
                ],
            },
            write=True,
            where=f"images of {self._ground.course_names().get(course, course)}",
        )
        self._read(course)
        lost = [asset.name for asset in assets if asset.digest not in self._known[course]]
        if lost:
            raise DestinationError(
                f"Moodle took the post but not its images ({', '.join(lost[:3])}).",
                where=f"discussion {discussion}",
                next_step="Give lms-bridge's role mod/forum:createattachment, and check the site's upload limit.",
            )

    def _open_carrier(self, course: int) -> None:
        self._ground.client.call(
            "mod_forum_add_discussion",
            {
                "forumid": self._forum(course),
                "subject": SUBJECT,
                "message": f'<p class="lmsb lmsb-{_MARK}">{TEXT}</p>',
                "groupid": -1,
                "options": [{"name": "discussionsubscribe", "value": 0}],
            },
            write=True,
        )
        self._look(course)
        if course not in self._carriers:
            raise Ambiguous(
                "Moodle took the discussion for the images, and does not list it.",
                where=self._ground.course_names().get(course, f"course {course}"),
                next_step="Look into the forum: the next run looks it up before anything is sent.",
            )


def file_name(asset: Asset) -> str:
    """The name by which an image is found again."""
    ending = _ENDINGS.get(asset.media_type) or (mimetypes.guess_extension(asset.media_type) or ".bin")[1:]
    return f"{FILE_PREFIX}{asset.digest}.{ending}"


def _loaded(asset: Asset) -> bytes:
    if asset.size > _MAX_SIZE:
        raise DestinationError(
            f"the image {asset.name} has {asset.size // 1_000_000} MB.", where=asset.name, next_step="Make it smaller."
        )
    try:
        content = asset.load()
    except (OSError, ContentError) as error:
        raise DestinationError(f"the image {asset.name} cannot be read: {error}", next_step="Run again.") from error
    if hashlib.sha256(content).hexdigest() != asset.digest:
        # What came into its place may be anything, and was never looked at.
        raise DestinationError(f"the image {asset.name} changed while it was read", next_step="Run again.")
    return content
