"""What a visitor of the site sees."""

from lms_bridge.sandbox.sharepoint.exchange import Answer, Call
from lms_bridge.sandbox.sharepoint.tenant import Tenant


def answer_visitor(tenant: Tenant, call: Call) -> Answer | None:
    return None
