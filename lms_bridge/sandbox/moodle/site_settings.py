"""What an admin sets and what the servers are, beside the rows of the tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class SiteSettings:
    """What an admin sets, and what the web server and the database are."""

    sitename: str = "Sandbox Moodle"
    wwwroot: str = "https://moodle.example"
    release: str = "4.5.6 (Build: 20250811)"
    version: str = "2024100706"
    database: str = "postgresql"
    revision: int = 0
    language_packs: dict[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    filters: set[str] = field(default_factory=lambda: {"mathjaxloader", "mediaplugin"})
    max_input_vars: int = 5000
    post_max_size: int = 32 * 1024 * 1024
    server_max_body: int = 64 * 1024 * 1024
    server_max_url: int = 8 * 1024
    maxeditingtime: int = 1800
    check_host: bool = True
    cli_maintenance: bool = False
    database_down: bool = False
    config: dict[str, str] = field(
        default_factory=lambda: {
            "enablewebservices": "1",
            "webserviceprotocols": "rest",
            "maintenance_enabled": "0",
            "maintenance_message": "",
            "sitepolicy": "",
            "debug": "0",
        }
    )

    @property
    def branch(self) -> tuple[int, int]:
        """(4, 5) of "4.5.6 (Build: 20250811)"."""
        major, minor = self.release.split()[0].split(".")[:2]
        return int(major), int(minor.rstrip("+"))
