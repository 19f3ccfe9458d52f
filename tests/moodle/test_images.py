"""Images of wiki pages, which a forum of the course carries."""

from dataclasses import replace

import pytest
from moodle_world import BIO, Opened, World, shown

from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import Hand
from lms_bridge.testing.sample import make_image, make_page


def test_an_image_is_uploaded_once_for_all_pages_of_a_course(world: World, opened: Opened) -> None:
    bench = opened(world)
    image = make_image()
    body = f'<p><img src="asset:{image.digest}" alt="A dot"></p>'
    bench.fill(*(make_page(BIO, name, body, title=f"Page {name}", assets=(image,)) for name in "abc"))
    bench.sync()
    assert (
        len([file for file in world.site.files if file.filename.startswith("lmsb-") and file.filearea == "post"]) == 1
    )
    assert "/mod_forum/post/" in shown(world, "Page a")
    assert bench.plan().pending == ()


@pytest.mark.parametrize("theirs", ["reply", "discussion"])
def test_a_learner_cannot_put_a_picture_in_the_place_of_ours(world: World, opened: Opened, theirs: str) -> None:
    bench = opened(world)
    first, second = make_image(), make_image(shade=9)
    show = '<p><img src="asset:{0.digest}" alt="A dot"></p>'.format
    page = make_page(BIO, "a", show(first), title="Page", assets=(first,))
    bench.fill(page)
    bench.sync()
    (carrier,) = world.site.discussions.values()
    false = f"{world.server.url}/pluginfile.php/1/mod_forum/post/1/lmsb-{second.digest}.png"
    text = world.site.posts[carrier.firstpost].message + f'<p><img src="{false}" alt=""></p>'
    if theirs == "reply":
        Hand(world.site).reply(carrier.firstpost, "lena.learner", text)
    else:
        Hand(world.site).start_discussion(carrier.forum, "lena.learner", "Images", text)
    bench.change(replace(page, body=show(second), assets=(second,)))
    bench.sync()
    assert second.digest in shown(world, "Page")
    assert false not in shown(world, "Page")


@pytest.mark.parametrize("images", ["link", "off"])
def test_images_that_are_not_uploaded_leave_their_description_and_a_notice(
    world: World, opened: Opened, images: str
) -> None:
    bench = opened(world, pages={"images": images})
    image = make_image()
    body = f'<p><img src="asset:{image.digest}" alt="A dot"></p><p><img src="https://example.org/x.png" alt="net"></p>'
    bench.fill(make_page(BIO, "a", body, title="Page", assets=(image,)))
    assert any("1 image is not shown" in notice.cause for notice in bench.plan().notices)
    bench.sync()
    assert "A dot" in shown(world, "Page")
    assert ("https://example.org/x.png" in shown(world, "Page")) == (images == "link")
    assert world.calls().get("webservice/upload.php", 0) == 0


def test_a_forum_that_does_not_list_what_it_took_is_told_and_asked_once(world: World, opened: Opened) -> None:
    """It may be at it still: what is sent again would stand there twice."""
    bench = opened(world)
    image = make_image()
    body = f'<p><img src="asset:{image.digest}" alt="A dot"></p>'
    bench.fill(*(make_page(BIO, name, body, title=f"Page {name}", assets=(image,)) for name in "abc"))
    empty = Fault("status", status=200, answer='{"discussions": [], "warnings": []}', times=20, stored=False,
                  body="mod_forum_get_forum_discussions", headers={"content-type": "application/json"})  # fmt: skip
    world.server.faults.add(empty)
    causes = {failure.problem.cause for failure in bench.sync().failures}
    assert causes == {"Moodle took the discussion for the images, and does not list it."}
    assert world.calls()["mod_forum_add_discussion"] == 1
    world.server.faults.clear()
    assert bench.sync().failures == ()
    assert len(world.site.discussions) == 1
    assert "/mod_forum/post/" in shown(world, "Page a")
