"""Writes golden/displayed.json: what a real Moodle shows for each text of the corpus, in a wiki and in a forum.

python tests/moodle/record_golden.py      (the same environment variables as the live tests)
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "live")]

from corpus import CORPUS  # noqa: E402
from golden_texts import GOLDEN, SITE, sent_texts  # noqa: E402
from live_moodle import live_site, missing  # noqa: E402

from lms_bridge.moodle.courses import find_activities  # noqa: E402


def main() -> None:
    if missing():
        sys.exit(missing())
    with live_site(["GOLDEN"]) as site:
        course = site.courses["GOLDEN"]
        wiki, forum = (find_activities(site.admin, kind, [course]).of(course)[0] for kind in ("wiki", "forum"))
        recorded = []
        for name in CORPUS:
            in_wiki, in_forum = sent_texts(name, site=site.url, wiki=wiki.id, forum=forum.cmid)
            page = {"title": name, "content": in_wiki, "contentformat": "html", "wikiid": wiki.id, "groupid": 0}
            number = site.admin.call("mod_wiki_new_page", page, write=True)["pageid"]
            shown = site.admin.call("mod_wiki_get_page_contents", {"pageid": number})["page"]["cachedcontent"]
            post = {"forumid": forum.id, "subject": name, "message": in_forum, "groupid": -1}
            number = site.admin.call("mod_forum_add_discussion", post, write=True)["discussionid"]
            posts = site.admin.call("mod_forum_get_discussion_posts", {"discussionid": number})["posts"]
            row = {"name": name, "wiki": shown, "forum": posts[0]["message"]}
            recorded.append({key: _neutral(value, site.url, wiki.id, forum.cmid) for key, value in row.items()})
        release = site.admin.site().release
    GOLDEN.write_text(json.dumps({"release": release, "texts": recorded}, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(recorded)} texts from Moodle {release} in {GOLDEN}")


def _neutral(text: str, url: str, wiki: int, forum: int) -> str:
    text = text.replace(f"{url}/mod/wiki/view.php?wid={wiki}&", f"{SITE}/mod/wiki/view.php?wid=7&")
    text = text.replace(f"{url}/mod/forum/view.php?id={forum}", f"{SITE}/mod/forum/view.php?id=8")
    return text.replace(url, SITE)


if __name__ == "__main__":
    main()
