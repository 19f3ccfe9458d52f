"""Who may do what: roles in the token, grants on the site, tokens that are too old or for somebody else."""

import pytest
from spo_world import APP, RATINGS, World, error


@pytest.mark.parametrize(
    ("roles", "grant", "reads", "writes", "makes_lists"),
    [
        ((), None, False, False, False),
        (("Sites.Selected",), None, False, False, False),
        (("Sites.Selected",), "read", True, False, False),
        (("Sites.Selected",), "write", True, True, False),
        (("Sites.Selected",), "owner", True, True, True),
        (("Sites.Selected",), "fullcontrol", True, True, True),
        (("Sites.Read.All",), None, True, False, False),
        (("Sites.Read.All",), "owner", True, False, False),
        (("Sites.ReadWrite.All",), None, True, True, False),
        (("Sites.Manage.All",), None, True, True, True),
        (("Sites.FullControl.All",), None, True, True, True),
        (("Files.ReadWrite.All",), None, False, False, False),
    ],
)
def test_an_app_does_what_its_roles_and_grants_allow(
    world: World, roles: tuple[str, ...], grant: str | None, reads: bool, writes: bool, makes_lists: bool
) -> None:
    ratings = world.ratings()
    world.with_roles(*roles)
    if grant:
        world.tenant.grant(world.site, APP, grant)
    answers = [
        world.graph("GET", f"{ratings}/items"),
        world.graph("POST", f"{ratings}/items", {"fields": {"CourseKey": "a"}}),
        world.graph("POST", f"{world.site_path}/lists", {**RATINGS, "displayName": "More"}),
    ]
    assert [answer.status_code < 300 for answer in answers] == [reads, writes, makes_lists]
    assert {error(answer) for answer in answers if answer.status_code >= 300} <= {(403, "accessDenied")}


def test_a_grant_is_for_one_site_and_is_given_by_an_administrator(world: World) -> None:
    other = world.tenant.add_site("/sites/other", title="Other")
    grant = {"roles": ["write"], "grantedToIdentities": [{"application": {"id": APP, "displayName": "Test app"}}]}
    world.with_roles("Sites.Selected")
    assert world.graph("POST", f"{world.site_path}/permissions", grant).status_code == 403
    world.with_roles("Sites.FullControl.All")
    made = world.graph("POST", f"{world.site_path}/permissions", grant)
    assert made.status_code == 201
    world.with_roles("Sites.Selected")
    assert world.graph("GET", f"{world.site_path}/lists").status_code == 200
    assert world.graph("GET", f"/sites/{other.id}/lists").status_code == 403
    world.with_roles("Sites.FullControl.All")
    address = f"{world.site_path}/permissions/{made.json()['id']}"
    assert world.graph("PATCH", address, {"roles": ["read"]}).json()["roles"] == ["read"]
    assert world.graph("DELETE", address).status_code == 204
    assert world.graph("GET", f"{world.site_path}/permissions").json()["value"] == []


def test_an_expired_token_a_foreign_one_and_none_are_told_apart_from_a_missing_right(world: World) -> None:
    token = world.token()
    world.tenant.clock.advance(3600)
    url = f"{world.url}/v1.0{world.site_path}"
    for header in (f"Bearer {token}", f"Bearer {world.token('https://contoso.sharepoint.com')}", "Bearer x", ""):
        refused = world.http.get(url, headers={"Authorization": header})
        assert error(refused) == (401, "InvalidAuthenticationToken")
    assert world.graph("GET", world.site_path).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/sites/contoso.sharepoint.com:/sites/learning",
        "/sites/contoso.sharepoint.com:/sites/learning:",
        "/sites/127.0.0.1:/sites/learning",
        "/sites/localhost:8443:/sites/Learning/",
        "/sites/contoso.sharepoint.com/getByPath(path='/sites/learning')",
        "/sites('{triple}')",
        "/sites/{triple}",
        "/sites/{id}",
    ],
)
def test_a_site_is_reached_by_each_of_its_addresses(world: World, address: str) -> None:
    triple = world.site_path.removeprefix("/sites/")
    found = world.graph("GET", address.format(triple=triple, id=world.site.id)).json()
    assert (found["id"], found["displayName"]) == (triple, "Learning")
    assert found["webUrl"] == "https://contoso.sharepoint.com/sites/learning"


def test_what_follows_a_site_path_is_looked_up_in_that_site(world: World) -> None:
    found = world.graph("GET", "/sites/contoso.sharepoint.com:/sites/learning:/lists?$select=displayName").json()
    assert {one["displayName"] for one in found["value"]} == {"Documents", "Site Assets", "Site Pages"}
    assert world.graph("GET", "/sites/root").json()["displayName"] == "Contoso"
    assert error(world.graph("GET", "/sites/contoso.sharepoint.com:/sites/nope")) == (404, "itemNotFound")
    assert error(world.graph("GET", "/sites/elsewhere.example:/sites/learning"))[0] == 400


def test_a_search_for_sites_finds_those_that_the_app_may_see(world: World) -> None:
    world.tenant.add_site("/sites/other", title="Other learning")
    world.with_roles("Sites.Selected")
    world.tenant.grant(world.site, APP, "read")
    found = world.graph("GET", "/sites?search=learning").json()["value"]
    assert [one["displayName"] for one in found] == ["Learning"]


def test_a_grant_may_be_for_one_list_only(world: World) -> None:
    ratings = world.ratings()
    world.with_roles("Sites.FullControl.All")
    grant = {"roles": ["write"], "grantedTo": {"application": {"id": APP}}}
    assert world.graph("POST", f"{ratings}/permissions", grant).status_code == 201
    world.with_roles("Lists.SelectedOperations.Selected")
    assert world.graph("POST", f"{ratings}/items", {"fields": {"CourseKey": "a"}}).status_code == 201
    assert world.graph("GET", f"{world.site_path}/lists").status_code == 403


def test_beta_answers_like_v1_until_it_is_switched_off(world: World) -> None:
    address = f"{world.url}/beta{world.site_path}"
    headers = {"Authorization": f"Bearer {world.token()}"}
    assert world.http.get(address, headers=headers).json()["displayName"] == "Learning"
    world.tenant.behaviour.beta = False
    assert world.http.get(address, headers=headers).status_code == 404
