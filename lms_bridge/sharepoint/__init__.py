"""SharePoint Online as a destination: Graph v1.0 on msal and office365's pipeline. Light to import."""

from pathlib import Path

from lms_bridge.connector import Connector, Destination
from lms_bridge.sharepoint.settings import SharePointSettings


def _destination(name: str, settings: SharePointSettings, folder: Path) -> Destination:
    from lms_bridge.sharepoint.destination import SharePointSite

    return SharePointSite(name, settings, folder)


CONNECTOR = Connector(name="sharepoint", settings=SharePointSettings, destination=_destination)
