"""A designer looks at the SharePoint sandbox in a browser and sees what visitors of the site would see."""

import pytest
import requests

from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import demo_tenant, sharepoint_app

pytestmark = pytest.mark.browser

HOSTILE = '<script>document.title = "taken"</script><img src="x" onerror="document.title = \'taken\'">'
TEXT = (
    "<h2>First steps</h2><p>See <b>this</b>.</p><table><tbody><tr><td>Monday</td><td>Loops</td></tr></tbody></table>"
    "<pre>def f():\n    return 1</pre>" + HOSTILE
)


@pytest.fixture(scope="module")
def sharepoint(tmp_path_factory):
    demo = demo_tenant(folder=tmp_path_factory.mktemp("tenant"), site_title="Learning & friends")
    with SandboxServer(sharepoint_app(demo.tenant)) as server:
        demo.serve_at(server.url)
        _publish(demo, server.url)
        yield server.url + demo.site_path


def _publish(demo, url):
    form = {
        "grant_type": "client_credentials",
        "client_id": demo.client_id,
        "client_secret": (demo.folder / "client-secret").read_text(),
        "scope": "https://graph.microsoft.com/.default",
    }
    token = requests.post(f"{url}/{demo.tenant.id}/oauth2/v2.0/token", data=form, timeout=10).json()["access_token"]
    graph = requests.Session()
    graph.headers["Authorization"] = f"Bearer {token}"
    site = graph.get(f"{url}/v1.0/sites/{url.split('://')[1].split(':')[0]}:{demo.site_path}", timeout=10).json()
    pages = f"{url}/v1.0/sites/{site['id']}/pages"
    column = {
        "id": "1",
        "width": 12,
        "webparts": [{"@odata.type": "#microsoft.graph.textWebPart", "innerHtml": TEXT}],
    }
    page = {
        "@odata.type": "#microsoft.graph.sitePage",
        "name": "loops.aspx",
        "title": "Loops <b>and</b> more",
        "pageLayout": "article",
        "canvasLayout": {"horizontalSections": [{"layout": "oneColumn", "id": "1", "columns": [column]}]},
    }
    made = graph.post(pages, json=page, timeout=10)
    assert made.status_code == 201, made.text
    published = graph.post(f"{pages}/{made.json()['id']}/microsoft.graph.sitePage/publish", timeout=10)
    assert published.status_code == 204, published.text


def test_the_home_page_of_the_site_leads_to_its_pages(tab, sharepoint):
    tab.goto(sharepoint)
    assert "Sandbox: not a real SharePoint" in tab.inner_text(".banner")
    tab.click("main a:has-text('Loops')")
    assert tab.inner_text("h1") == "Loops <b>and</b> more"


def test_a_page_shows_its_text_table_and_code(tab, sharepoint):
    tab.goto(f"{sharepoint}/SitePages/loops.aspx")
    assert tab.inner_text("article h2") == "First steps"
    assert tab.inner_text("article td >> nth=1") == "Loops"
    assert "return 1" in tab.inner_text("article pre")


def test_no_script_of_hostile_content_runs_on_a_page(tab, sharepoint):
    answer = tab.goto(f"{sharepoint}/SitePages/loops.aspx")
    assert "taken" not in tab.title()
    assert tab.query_selector("main script, main [onerror]") is None
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert tab.complaints == []


def test_the_pages_of_the_site_fit_a_phone(tab, sharepoint):
    for path in ("", "/SitePages/loops.aspx", "/SitePages"):
        tab.goto(sharepoint + path)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390, path
