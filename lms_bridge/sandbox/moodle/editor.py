"""What Moodle's editor (TinyMCE in 4.5) makes of a text when a person opens and saves it.

The server cleans before the editor opens, so comments, data-*, ids and names are gone; the editor drops empty
elements and puts every block on a line of its own.
"""

import re
from datetime import UTC, datetime

from lms_bridge.sandbox.moodle import rows
from lms_bridge.sandbox.moodle.formatting import clean_for_storing
from lms_bridge.sandbox.moodle.site import MoodleSite

_EMPTY = re.compile(r"<(span|a|em|strong|b|i|p)(?:\s[^>]*)?></\1>")
_BLOCK = r"(?:p|div|h[1-6]|ul|ol|li|table|caption|thead|tbody|tfoot|tr|td|th|blockquote|pre|hr|dl|dt|dd)"
_BETWEEN_BLOCKS = re.compile(rf"(</{_BLOCK}>|<hr ?/?>)\s*(?=<)")
_LISTS_OPEN = re.compile(r"(<(?:ul|ol|dl|table|thead|tbody|tfoot|tr|blockquote|div)(?:\s[^>]*)?>)\s*(?=<)")
_TABLE_WITHOUT_BODY = re.compile(r"(<table(?:\s[^>]*)?>)\s*((?:<tr\b.*?</tr>\s*)+)(</table>)", re.DOTALL)


def as_editor_saves(text: str) -> str:
    text = clean_for_storing(text)
    text = _EMPTY.sub("", text)
    text = _TABLE_WITHOUT_BODY.sub(r"\1<tbody>\2</tbody>\3", text)
    pieces = re.split(r"(<pre\b.*?</pre>)", text, flags=re.DOTALL)
    return "".join(piece if piece.startswith("<pre") else _on_own_lines(piece) for piece in pieces).strip()


def _on_own_lines(text: str) -> str:
    return _LISTS_OPEN.sub(r"\1\n", _BETWEEN_BLOCKS.sub(r"\1\n", text))


def edited_by(site: MoodleSite, post: rows.Post, editor: rows.User) -> str:
    when = datetime.fromtimestamp(post.created, UTC).strftime("%A, %-d %B %Y, %-I:%M %p")
    forum = site.discussions[post.discussion]
    address = f"{site.settings.wwwroot}/user/view.php?id={editor.id}&amp;course={forum.course}"
    return (
        f'<p><span class="edited">(Edited by <a href="{address}">{editor.fullname}</a>'
        f" - original submission {when})</span></p>"
    )
