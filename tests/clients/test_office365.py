"""office365-rest-python-client, unmodified, Graph half and SharePoint half, against production addresses.

Where the library's own call is known to be wrong on the real service, the sandbox refuses it as well.
"""

import pytest
from clients_world import World
from office365.graph_client import GraphClient
from office365.runtime.client_request_exception import ClientRequestException
from office365.sharepoint.client_context import ClientContext

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]
SITE_URL = "https://contoso.sharepoint.com/sites/learning"


@pytest.fixture
def graph(world: World) -> GraphClient:
    return GraphClient(tenant=world.tenant.id).with_certificate(
        world.demo.client_id, private_key=world.private_key, public_certificate=world.certificate
    )


@pytest.fixture
def site(world: World) -> ClientContext:
    return ClientContext(SITE_URL).with_client_certificate(
        world.tenant.id,
        world.demo.client_id,
        private_key=world.private_key,
        public_certificate=world.certificate,
    )


def test_graph_finds_the_site_and_makes_a_list_with_items(graph: GraphClient) -> None:
    site = graph.sites.get_by_url(SITE_URL).get().execute_query()
    assert site.display_name == "Learning"
    ratings = site.lists.add("Course Ratings").execute_query()
    ratings.columns.add_text("CourseKey").execute_query()
    item = ratings.items.add(Title="Algebra", CourseKey="c-1").execute_query()
    assert item.id == "1"
    item.fields.set_property("Title", "Algebra II").update().execute_query()
    found = ratings.items.get().expand(["fields"]).execute_query()
    assert [one.fields.properties["Title"] for one in found] == ["Algebra II"]
    item.delete_object().execute_query()
    assert len(ratings.items.get().execute_query()) == 0


def test_graph_makes_a_page_and_publishes_it(world: World, graph: GraphClient) -> None:
    site = graph.sites.get_by_url(SITE_URL)
    page = site.pages.add("Sorting").execute_query()
    page.publish().execute_query()
    assert site.pages.find_by_name("Sorting.aspx").execute_query().properties["title"] == "Sorting"
    with pytest.raises(ClientRequestException) as refused:
        page.set_property("title", "x").update().execute_query()
    assert refused.value.response.status_code == 400


def test_graph_uploads_into_a_folder(graph: GraphClient) -> None:
    site = graph.sites.get_by_url(SITE_URL)
    drives = site.drives.get().execute_query()
    assets = next(one for one in drives if one.name == "Site Assets")
    file = assets.root.upload("a.txt", b"hello").execute_query()
    assert file.name == "a.txt"
    assert file.get_content().execute_query().value == b"hello"
    folder = assets.root.create_folder("images").execute_query()
    assert folder.name == "images"
    assert {one.name for one in assets.root.children.get().execute_query()} == {"a.txt", "images"}


def test_graph_sends_a_batch(graph: GraphClient) -> None:
    site = graph.sites.get_by_url(SITE_URL)
    ratings = site.lists.add("Course Ratings").execute_query()
    for number in range(3):
        ratings.items.add(Title=f"C{number}")
    graph.execute_batch()
    assert len(ratings.items.get().execute_query()) == 3


def test_rest_reads_the_web_and_fills_a_list(site: ClientContext) -> None:
    web = site.web.get().execute_query()
    assert (web.title, web.url) == ("Learning", SITE_URL)
    from office365.sharepoint.lists.creation_information import ListCreationInformation

    prompts = site.web.lists.add(ListCreationInformation("Prompts", None, 100)).execute_query()
    prompts.fields.add_text_field("PromptKey").execute_query()
    item = prompts.add_item({"Title": "What is a proof?", "PromptKey": "p-1"}).execute_query()
    item.set_property("Title", "What makes a proof?").update().execute_query()
    items = prompts.items.get().filter("PromptKey eq 'p-1'").execute_query()
    assert [one.properties["Title"] for one in items] == ["What makes a proof?"]
    item.recycle().execute_query()
    assert prompts.items.get().execute_query().to_json() == []
    assert len(site.web.recycle_bin.get().execute_query()) == 1


def test_rest_sends_a_batch_of_creates(site: ClientContext) -> None:
    from office365.sharepoint.lists.creation_information import ListCreationInformation

    prompts = site.web.lists.add(ListCreationInformation("Prompts", None, 100)).execute_query()
    prompts.items.queue_records([{"Title": f"P{number}"} for number in range(5)])
    site.execute_batch()
    assert len(prompts.items.get().execute_query()) == 5


def test_rest_reads_and_writes_comments(world: World, graph: GraphClient, site: ClientContext) -> None:
    page = graph.sites.get_by_url(SITE_URL).pages.add("Sorting").execute_query()
    page.publish().execute_query()
    world.hand.comment_page("Sorting.aspx", "Why is it slow?")
    file = site.web.get_file_by_server_relative_path("/sites/learning/SitePages/Sorting.aspx")
    comments = file.listItemAllFields.get_comments().execute_query()
    assert [one.properties["text"] for one in comments] == ["Why is it slow?"]


def test_rest_refuses_a_token_had_for_a_secret(world: World) -> None:
    context = ClientContext(SITE_URL).with_client_secret(world.tenant.id, world.demo.client_id, world.secret)
    with pytest.raises(ClientRequestException) as refused:
        context.web.get().execute_query()
    assert refused.value.response.status_code == 401


def test_rest_says_that_a_list_is_missing_in_a_typed_error(site: ClientContext) -> None:
    with pytest.raises(ClientRequestException) as refused:
        site.web.lists.get_by_title("Nope").get().execute_query()
    assert refused.value.response.status_code == 404
    assert "System.ArgumentException" in str(refused.value)
