"""A tenant ready to be talked to: a site, an app with a certificate and an owner's grant on that site.

Lists are not made beforehand: making them is the job of the bridge's own set-up.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from lms_bridge.sandbox.sharepoint.certificates import (
    ServerCertificate,
    make_app_certificate,
    make_server_certificate,
    write_private,
)
from lms_bridge.sandbox.sharepoint.model import Registration
from lms_bridge.sandbox.sharepoint.pages import create_home
from lms_bridge.sandbox.sharepoint.tenant import PERSON, Behaviour, Tenant

DEMO_CLIENT = "5a6d0c1e-6f0b-4b57-9a52-0c7d1f3b2e10"


@dataclass(frozen=True)
class DemoTenant:
    """`folder` holds ca.pem, server.pem, app-key.pem, app-cert.pem, client-secret and tenant.json."""

    tenant: Tenant
    folder: Path
    site_path: str
    client_id: str
    server_certificate: ServerCertificate

    def serve_at(self, url: str) -> None:
        """Tell the tenant its address once the port is known, so that links lead to it."""
        self.tenant.public_url = url.rstrip("/")
        described = {
            "url": self.tenant.public_url,
            "site_url": f"{self.tenant.public_url}{self.site_path}",
            "graph_root": self.tenant.public_url,
            "authority": f"{self.tenant.public_url}/{self.tenant.id}",
            "tenant": self.tenant.id,
            "client_id": self.client_id,
            "private_key": str(self.folder / "app-key.pem"),
            "certificate": str(self.folder / "app-cert.pem"),
            "ca": str(self.server_certificate.ca),
        }
        (self.folder / "tenant.json").write_text(json.dumps(described, indent=2) + "\n", "utf-8")


def demo_tenant(
    *,
    folder: Path,
    site_path: str = "/sites/learning",
    site_title: str = "Learning",
    client_id: str = DEMO_CLIENT,
    seed: int = 1,
    behaviour: Behaviour | None = None,
    home_page: bool = True,
) -> DemoTenant:
    """Write the credentials into `folder` and return the tenant that knows them."""
    folder.mkdir(parents=True, exist_ok=True)
    tenant = Tenant(seed=seed, behaviour=behaviour)
    site = tenant.add_site(site_path, title=site_title)
    if home_page:
        create_home(tenant, site, actor=PERSON)
    private_key, certificate = make_app_certificate("lms-bridge demo")
    write_private(folder / "app-key.pem", private_key)
    (folder / "app-cert.pem").write_bytes(certificate)
    secret = tenant.ids.word(40)
    write_private(folder / "client-secret", secret.encode())
    tenant.register(
        Registration(
            client_id,
            "lms-bridge demo",
            roles=("Sites.Selected",),
            sharepoint_roles=("Sites.Selected",),
            secrets=(secret,),
            certificates=(certificate,),
        )
    )
    tenant.managed_identity = client_id
    tenant.grant(site, client_id, "owner")
    return DemoTenant(tenant, folder, site_path, client_id, make_server_certificate(folder))
