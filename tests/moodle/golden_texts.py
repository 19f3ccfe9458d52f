"""The corpus in Moodle's dialect, as a page of a wiki and as a post of a forum."""

from pathlib import Path

from corpus import CORPUS, ODD_TITLE, PAGE_WITH_ODD_TITLE, PAGE_WITH_PLAIN_TITLE, PLAIN_TITLE, PROMPT

from lms_bridge.moodle.dialect import Reading, Target, WikiTitle, to_moodle
from lms_bridge.moodle.displayed import WikiAddress

GOLDEN = Path(__file__).parent / "golden" / "displayed.json"
SITE = "https://moodle.example"
TITLES = {PAGE_WITH_PLAIN_TITLE: PLAIN_TITLE, PAGE_WITH_ODD_TITLE: ODD_TITLE}


def sent_texts(name: str, *, site: str = SITE, wiki: int = 7, forum: int = 8) -> tuple[str, str]:
    """What is sent to a wiki and to a forum."""
    address = WikiAddress(site, wiki, 0)

    def target(key: str, *, same_wiki: bool) -> Target:
        if key in TITLES:
            url = address.url(TITLES[key])
            return WikiTitle(TITLES[key], url) if same_wiki else url
        return f"{site}/mod/forum/view.php?id={forum}" if key == PROMPT else None

    def dialect(*, in_wiki: bool) -> str:
        reading = Reading(link=lambda key: target(key, same_wiki=in_wiki), wiki=in_wiki, assets=True)
        return to_moodle(CORPUS[name], reading)

    return dialect(in_wiki=True), dialect(in_wiki=False)
