"""SharePoint's own REST interface under `/_api`."""

from lms_bridge.sandbox.sharepoint.exchange import Answer, Call
from lms_bridge.sandbox.sharepoint.tenant import Tenant


def answer_rest(tenant: Tenant, call: Call, site_path: str) -> Answer | None:
    return None
