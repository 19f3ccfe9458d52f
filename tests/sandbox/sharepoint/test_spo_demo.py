"""The tenant that a demo talks to: over TLS, with credentials written into a folder."""

import json
import stat
from pathlib import Path

import msal
import requests

from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import demo_tenant, sharepoint_app


def test_msal_gets_a_token_with_what_the_folder_holds_and_makes_a_list(tmp_path: Path) -> None:
    demo = demo_tenant(folder=tmp_path)
    made = demo.server_certificate
    app = sharepoint_app(demo.tenant)
    server = SandboxServer(app, certificate=made.certificate, private_key=made.private_key, faults=demo.tenant.faults)
    with server, requests.Session() as http:
        demo.serve_at(server.url)
        told = json.loads((tmp_path / "tenant.json").read_text("utf-8"))
        http.trust_env, http.verify = False, told["ca"]
        entra = msal.ConfidentialClientApplication(
            told["client_id"],
            authority=told["authority"],
            client_credential={
                "private_key": Path(told["private_key"]).read_text("utf-8"),
                "public_certificate": Path(told["certificate"]).read_text("utf-8"),
            },
            http_client=http,
            instance_discovery=False,
        )
        token = entra.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        http.headers["Authorization"] = f"Bearer {token['access_token']}"
        site = http.get(f"{told['graph_root']}/v1.0/sites/127.0.0.1:/sites/learning").json()
        assert site["webUrl"] == told["site_url"]
        lists = f"{told['graph_root']}/v1.0/sites/{site['id']}/lists"
        assert http.post(lists, json={"displayName": "Course Ratings"}).status_code == 201
        server.faults.add(Fault("status", path="/lists", status=503, retry_after="3"))
        refused = http.get(lists)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "3")


def test_private_things_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    demo_tenant(folder=tmp_path)
    for name in ("app-key.pem", "server-key.pem", "client-secret"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
