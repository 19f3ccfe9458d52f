"""Where each Microsoft cloud keeps its log-in and its Graph.

Apart because office365 3.3 maps GCC to the hosts of GCC High; GCC (moderate) lives on the global ones.
https://learn.microsoft.com/graph/deployments
"""

from dataclasses import dataclass

from lms_bridge.sharepoint.settings import Cloud, SharePointSettings


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`authority` is without the tenant, `graph` without the version. `known` says that Microsoft's own are meant."""

    authority: str
    graph: str
    known: bool = True


_GLOBAL = Endpoints("https://login.microsoftonline.com", "https://graph.microsoft.com")
CLOUDS: dict[Cloud, Endpoints] = {
    "global": _GLOBAL,
    "gcc": _GLOBAL,
    "gcc_high": Endpoints("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "dod": Endpoints("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": Endpoints("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
}


def endpoints_of(settings: SharePointSettings) -> Endpoints:
    cloud = CLOUDS[settings.cloud]
    other = settings.endpoints
    return Endpoints(
        authority=other.authority or cloud.authority,
        graph=other.graph_root or cloud.graph,
        known=other.authority is None,
    )
