"""What a test of foreign clients talks about: the sandbox, its credentials, a person's hand."""

from dataclasses import dataclass

from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import DemoTenant, Hand, Tenant


@dataclass(frozen=True)
class World:
    demo: DemoTenant
    server: SandboxServer
    hand: Hand

    @property
    def tenant(self) -> Tenant:
        return self.demo.tenant

    @property
    def private_key(self) -> str:
        return (self.demo.folder / "app-key.pem").read_text("utf-8")

    @property
    def certificate(self) -> str:
        return (self.demo.folder / "app-cert.pem").read_text("utf-8")

    @property
    def secret(self) -> str:
        return (self.demo.folder / "client-secret").read_text("utf-8")
