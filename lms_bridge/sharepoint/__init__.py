"""SharePoint Online as a destination: Graph v1.0 on msal and office365's pipeline. Light to import."""

from pathlib import Path
from typing import TYPE_CHECKING

from lms_bridge.connector import Connector, Destination
from lms_bridge.sharepoint.settings import SharePointSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lms_bridge.connector import Ending


def _destination(name: str, settings: SharePointSettings, folder: Path) -> Destination:
    from lms_bridge.sharepoint.destination import SharePointSite

    return SharePointSite(name, settings, folder)


def _endings(settings: SharePointSettings, folder: Path) -> "Iterator[Ending]":
    from lms_bridge.connector import Ending
    from lms_bridge.expiry import begin_of

    credential = settings.credential
    if credential.certificate is not None:
        from lms_bridge.sharepoint.keypair import NEW_CERTIFICATE, certificate_end

        ends = certificate_end(credential.certificate, folder)
        if ends is not None:
            yield Ending("the certificate", "credential.certificate", ends, NEW_CERTIFICATE)
    if credential.secret is not None and credential.secret_expires is not None:
        step = "Make a new client secret in Entra, put it where `secret` points, and change `secret_expires`."
        ends = begin_of(credential.secret_expires)
        yield Ending("the client secret", "credential.secret_expires", ends, step)


CONNECTOR = Connector(name="sharepoint", settings=SharePointSettings, destination=_destination, endings=_endings)
