"""A SharePoint Online and its Entra ID in memory, over real HTTP: what the bridge's SharePoint half talks to
when there is no tenant. Imports nothing of the bridge, so it cannot share its mistakes.
"""

from lms_bridge.sandbox.sharepoint.app import sharepoint_app
from lms_bridge.sandbox.sharepoint.demo import DemoTenant, demo_tenant
from lms_bridge.sandbox.sharepoint.hand import Hand
from lms_bridge.sandbox.sharepoint.model import Actor, Grant, Registration, Site
from lms_bridge.sandbox.sharepoint.tenant import Behaviour, Tenant

__all__ = [
    "Actor",
    "Behaviour",
    "DemoTenant",
    "Grant",
    "Hand",
    "Registration",
    "Site",
    "Tenant",
    "demo_tenant",
    "sharepoint_app",
]
