"""A small programme that makes a run do everything there is: every kind, images, pins, closing, an index, links.

Apart from the world that it is synced into, so that a reader sees at a glance what the changes of `SECOND` are.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from lms_bridge.testing.sample import make_image

Files = Mapping[str, str | bytes]
MOMENT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

FIRST: Files = {
    "BIO/course.yaml": "title: Biology\n",
    "BIO/wiki/index.md": "# Biology\n\nStart with [cells](cells.md).\n",
    "BIO/wiki/cells.md": "# Cells\n\n[Plants](plants.md) have them.\n\n![a cell](cell.png)\n",
    "BIO/wiki/plants.md": "---\nid: plants\n---\n# Plants\n\nGreen, mostly. Back to [cells](cells.md).\n",
    "BIO/wiki/mosses.md": "# Mosses\n\nThey like it wet.\n",
    "BIO/wiki/cell.png": make_image(shade=10).load(),
    "BIO/prompts/why.md": "---\ntitle: Why green?\npinned: true\n---\nSee [[Plants]].\n",
    "BIO/prompts/over.md": "---\ntitle: Over and closed\nclose: 2026-11-01\n---\nWhat did you learn?\n",
    "BIO/prompts/goes.md": "---\ntitle: It goes\n---\nFor a while.\n",
    "BIO/ratings.csv": "rater,stars,comment,date\nAnn,5,Good,2026-10-01\nBob,4,Well,2026-10-02\nCy,3,Fair,2026-10-03\n",
    "CHE/course.yaml": "title: Chemistry\n",
    "CHE/wiki/acids.md": "# Acids\n\nSour. Not like [plants](../../BIO/wiki/plants.md).\n",
    "CHE/ratings.csv": "rater,stars,comment,date\nDee,2,Hard,2026-10-04\n",
}
"""CHE has no index page of its own, so the bridge makes one."""

SECOND: Files = {
    **{name: content for name, content in FIRST.items() if name not in ("BIO/wiki/mosses.md", "BIO/prompts/goes.md")},
    "BIO/wiki/index.md": "# Biology\n\nStart with [cells](cells.md), then [[Roots]].\n",
    "BIO/wiki/cells.md": "# Cells and more\n\n![a cell](cell.png)\n\n![a root](root.png)\n\nSmall.\n",
    "BIO/wiki/roots.md": "# Roots\n\nBelow [[Plants]].\n\n![a root](root.png)\n",
    "BIO/wiki/root.png": make_image(shade=20).load(),
    "BIO/prompts/why.md": "---\ntitle: Why green?\nclose: 2026-11-20\n---\nSee [[Plants]], and answer soon.\n",
    "BIO/prompts/over.md": "---\ntitle: Open again\npinned: true\n---\nWhat did you learn?\n",
    "BIO/prompts/fresh.md": "---\ntitle: Something new\n---\nWhat is new?\n",
    "BIO/ratings.csv": "rater,stars,comment,date\nAnn,5,Good,2026-10-01\nBob,1,Bad,2026-11-02\nEve,5,New,2026-11-03\n",
}
"""Of every kind something changed, something came and something went; of rows without an id, by their rater."""

CONFIG = """
version: 1
state: {state}
sources:
  programme: {{type: files, path: content, timezone: Europe/Berlin}}
destinations:
  moodle:
    type: moodle
    url: {moodle}
    token: ${{file:moodle-token}}
    connections: {at_once}
    ratings: {{activity_name: "Ratings ★ {{average}} ({{count}})"}}
    reviews: {{as: {reviews}}}
  sharepoint:
    type: sharepoint
    site: {sharepoint}/sites/learning
    tenant: contoso.onmicrosoft.com
    client_id: {client}
    credential: {{certificate: {{private_key_file: app-key.pem, public_certificate: app-cert.pem}}}}
    endpoints: {{authority: "{sharepoint}", graph_root: "{sharepoint}", ca_file: ca.pem}}
    units_per_minute: 100000
    concurrency: {at_once}
    prompts: {{as: {prompts}}}
routes:
  moodle: {{from: programme, to: moodle, kinds: {kinds}, policy: {policy}}}
  sharepoint: {{from: programme, to: sharepoint, kinds: {kinds}, policy: {policy}}}
"""


def write_content(folder: Path, files: Files) -> None:
    """The content folder, with exactly these files."""
    for old in sorted(folder.glob("**/*")):
        if old.is_file() and old.relative_to(folder).as_posix() not in files:
            old.unlink()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
