"""The console's own files: one style sheet, two scripts, one icon. Anybody may have them: they tell nothing."""

from starlette.responses import FileResponse, Response

from lms_bridge.console.pages import Page, Visit
from lms_bridge.console.render import HERE
from lms_bridge.errors import NotFound

# Named one by one: no path leads from an address to a file.
_FILES = {
    "console.css": "text/css",
    "preview.css": "text/css",
    "console.js": "text/javascript",
    "htmx.min.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def file(visit: Visit) -> Response:
    name = visit.part("file")
    if name not in _FILES:
        raise NotFound("there is no such file.", next_step="Go to the overview.")
    # The address carries the version. A preview's frame has no origin, and must get its style sheet all the same.
    headers = {"Cache-Control": "public, max-age=86400", "Cross-Origin-Resource-Policy": "cross-origin"}
    return FileResponse(HERE / "static" / name, media_type=_FILES[name], headers=headers)


PAGES = (Page("/static/{file}", file, role=None),)
