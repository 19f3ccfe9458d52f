"""Microsoft's own Graph library for Python, unmodified, against its production addresses."""

import asyncio
import warnings
from collections.abc import Coroutine
from typing import Any

import pytest
from clients_world import World

pytest.importorskip("msgraph", reason="msgraph-sdk is not installed; `make test-clients` installs it")

# The library warns of its own parts while it is imported, and a test run takes warnings for errors.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from azure.identity import CertificateCredential
    from kiota_abstractions.api_error import APIError
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph import GraphServiceClient
    from msgraph.generated.models.column_definition import ColumnDefinition
    from msgraph.generated.models.field_value_set import FieldValueSet
    from msgraph.generated.models.list_ import List_
    from msgraph.generated.models.list_info import ListInfo
    from msgraph.generated.models.list_item import ListItem
    from msgraph.generated.models.number_column import NumberColumn
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.models.site_page import SitePage
    from msgraph.generated.models.text_column import TextColumn
    from msgraph.generated.sites.item.lists.item.items.items_request_builder import (
        ItemsRequestBuilder,
    )

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]
SITE = "contoso.sharepoint.com:/sites/learning"


def _client(world: World) -> GraphServiceClient:
    credential = CertificateCredential(
        world.tenant.id,
        world.demo.client_id,
        certificate_data=(world.private_key + world.certificate).encode(),
    )
    return GraphServiceClient(credential, scopes=["https://graph.microsoft.com/.default"])


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


async def _ratings(graph: GraphServiceClient) -> tuple[str, Any]:
    site = await graph.sites.by_site_id(SITE).get()
    wanted = List_(
        display_name="Course Ratings",
        list_=ListInfo(template="genericList"),
        columns=[
            ColumnDefinition(
                name="CourseKey", indexed=True, enforce_unique_values=True, text=TextColumn(max_length=255)
            ),
            ColumnDefinition(name="LmsAverage", number=NumberColumn(minimum=0, maximum=5)),
        ],
    )
    made = await graph.sites.by_site_id(site.id).lists.post(wanted)
    return site.id, graph.sites.by_site_id(site.id).lists.by_list_id(made.id)


def _fields(**values: Any) -> ListItem:
    return ListItem(fields=FieldValueSet(additional_data=values))


def test_a_list_is_made_filled_queried_and_paged(world: World) -> None:
    async def work() -> None:
        graph = _client(world)
        _, ratings = await _ratings(graph)
        for number in range(5):
            made = await ratings.items.post(_fields(Title=f"C{number}", CourseKey=f"c-{number}", LmsAverage=4.5))
            assert made.fields.additional_data["CourseKey"] == f"c-{number}"
        query = ItemsRequestBuilder.ItemsRequestBuilderGetQueryParameters(
            filter="fields/CourseKey eq 'c-3'", expand=["fields($select=CourseKey,LmsAverage)"], top=2
        )
        found = await ratings.items.get(RequestConfiguration(query_parameters=query))
        assert [one.fields.additional_data["LmsAverage"] for one in found.value] == [4.5]
        query = ItemsRequestBuilder.ItemsRequestBuilderGetQueryParameters(top=2)
        page = await ratings.items.get(RequestConfiguration(query_parameters=query))
        seen = [one.id for one in page.value]
        while page.odata_next_link:
            page = await ratings.items.with_url(page.odata_next_link).get()
            seen += [one.id for one in page.value]
        assert seen == ["1", "2", "3", "4", "5"]
        columns = await ratings.columns.get()
        assert {one.name for one in columns.value} >= {"CourseKey", "LmsAverage", "Title"}

    _run(work())


def test_a_duplicate_key_and_an_unindexed_filter_are_typed_errors(world: World) -> None:
    async def work() -> None:
        _, ratings = await _ratings(_client(world))
        await ratings.items.post(_fields(CourseKey="same"))
        with pytest.raises(ODataError) as refused:
            await ratings.items.post(_fields(CourseKey="SAME"))
        assert (refused.value.response_status_code, refused.value.error.code) == (400, "invalidRequest")
        assert refused.value.error.inner_error.request_id
        query = ItemsRequestBuilder.ItemsRequestBuilderGetQueryParameters(filter="fields/Title eq 'x'")
        with pytest.raises(ODataError) as refused:
            await ratings.items.get(RequestConfiguration(query_parameters=query))
        assert "not indexed" in refused.value.error.message

    _run(work())


def test_an_item_is_changed_with_its_etag_and_then_deleted(world: World) -> None:
    async def work() -> None:
        _, ratings = await _ratings(_client(world))
        made = await ratings.items.post(_fields(CourseKey="k"))
        item = ratings.items.by_list_item_id(made.id)
        configuration: RequestConfiguration[Any] = RequestConfiguration()
        configuration.headers.add("If-Match", made.e_tag)
        changed = await item.fields.patch(FieldValueSet(additional_data={"LmsAverage": 2.5}), configuration)
        assert changed.additional_data["LmsAverage"] == 2.5
        with pytest.raises(APIError) as refused:
            await item.fields.patch(FieldValueSet(additional_data={"LmsAverage": 1}), configuration)
        assert refused.value.response_status_code == 412
        versions = await item.versions.get()
        assert len(versions.value) == 2
        await item.delete()
        with pytest.raises(ODataError) as refused:
            await item.get()
        assert refused.value.response_status_code == 404

    _run(work())


def test_a_page_is_made_read_with_its_canvas_and_published_by_hand_made_request(world: World) -> None:
    from kiota_abstractions.method import Method
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.generated.models.canvas_layout import CanvasLayout
    from msgraph.generated.models.horizontal_section import HorizontalSection
    from msgraph.generated.models.horizontal_section_column import HorizontalSectionColumn
    from msgraph.generated.models.page_layout_type import PageLayoutType
    from msgraph.generated.models.text_web_part import TextWebPart
    from msgraph.generated.sites.item.pages.item.graph_site_page.graph_site_page_request_builder import (
        GraphSitePageRequestBuilder,
    )

    async def work() -> None:
        graph = _client(world)
        site = await graph.sites.by_site_id(SITE).get()
        pages = graph.sites.by_site_id(site.id).pages
        part = TextWebPart(odata_type="#microsoft.graph.textWebPart", inner_html="<h2>Sorting</h2><script>x</script>")
        section = HorizontalSection(id="1", columns=[HorizontalSectionColumn(id="1", width=12, webparts=[part])])
        made = await pages.post(
            SitePage(
                odata_type="#microsoft.graph.sitePage",
                name="sorting.aspx",
                title="Sorting",
                page_layout=PageLayoutType.Article,
                canvas_layout=CanvasLayout(horizontal_sections=[section]),
            )
        )
        assert isinstance(made, SitePage)
        # The library has no builder for publishing.
        request = RequestInformation(
            Method.POST,
            "{+baseurl}/sites/{site}/pages/{page}/microsoft.graph.sitePage/publish",
            {"baseurl": "https://graph.microsoft.com/v1.0", "site": site.id, "page": made.id},
        )
        await graph.request_adapter.send_no_response_content_async(request, {"XXX": ODataError})
        query = GraphSitePageRequestBuilder.GraphSitePageRequestBuilderGetQueryParameters(
            expand=["canvasLayout", "webParts"]
        )
        cast = pages.by_base_site_page_id(made.id).graph_site_page
        read = await cast.get(RequestConfiguration(query_parameters=query))
        assert read.publishing_state.level == "published"
        assert read.canvas_layout.horizontal_sections[0].columns[0].webparts[0].inner_html == "<h2>Sorting</h2>"
        assert [one.name for one in (await pages.get()).value] == ["Home.aspx", "sorting.aspx"]
        with pytest.raises(ODataError) as refused:
            await pages.by_base_site_page_id(made.id).patch(SitePage(title="x"))
        assert refused.value.error.message == "API not found"
        sections = await cast.canvas_layout.horizontal_sections.get()
        assert [one.id for one in sections.value] == ["1"]

    _run(work())


def test_a_file_is_uploaded_and_read_back(world: World) -> None:
    async def work() -> None:
        graph = _client(world)
        site = await graph.sites.by_site_id(SITE).get()
        drives = await graph.sites.by_site_id(site.id).drives.get()
        assets = next(one for one in drives.value if one.name == "Site Assets")
        file = graph.drives.by_drive_id(assets.id).items.by_drive_item_id("root:/a/b.txt:")
        made = await file.content.put(b"hello")
        assert (made.size, made.parent_reference.name) == (5, "a")
        assert await file.content.get() == b"hello"
        children = await graph.drives.by_drive_id(assets.id).items.by_drive_item_id("root").children.get()
        assert [one.folder.child_count for one in children.value] == [1]

    _run(work())


def test_a_batch_of_requests_is_answered_one_by_one(world: World) -> None:
    from msgraph_core.requests.batch_request_content import BatchRequestContent
    from msgraph_core.requests.batch_request_item import BatchRequestItem

    async def work() -> None:
        graph = _client(world)
        _, ratings = await _ratings(graph)
        content = BatchRequestContent()
        for number in range(3):
            information = ratings.items.to_post_request_information(_fields(CourseKey=f"k{number // 2}"))
            content.add_request(f"{number}", BatchRequestItem(information))
        answers = await graph.batch.post(content)
        codes = answers.get_response_status_codes()
        assert sorted(codes.values()) == [201, 201, 400]

    _run(work())


def test_the_library_waits_as_it_is_told_when_throttled(world: World) -> None:
    from lms_bridge.sandbox.faults import Fault

    async def work() -> None:
        graph = _client(world)
        world.tenant.faults.add(Fault("status", path="/v1.0/sites", status=429, retry_after="0"))
        site = await graph.sites.by_site_id(SITE).get()
        assert site.display_name == "Learning"

    _run(work())


def test_changes_are_told_by_delta(world: World) -> None:
    async def work() -> None:
        _, ratings = await _ratings(_client(world))
        await ratings.items.post(_fields(CourseKey="one"))
        two = await ratings.items.post(_fields(CourseKey="two"))
        first = await ratings.items.delta.get()
        assert len(first.value) == 2
        await ratings.items.by_list_item_id(two.id).delete()
        later = await ratings.items.delta.with_url(first.odata_delta_link).get()
        assert [(one.id, one.deleted.state) for one in later.value] == [(two.id, "deleted")]

    _run(work())
