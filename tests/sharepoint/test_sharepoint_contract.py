"""Every promise of a destination, kept by SharePoint: wiki pages, news, rows of lists."""

from collections.abc import Iterator

import pytest
from sharepoint_world import SiteHand, World

from lms_bridge.connector import Destination
from lms_bridge.testing.contract import DestinationContract, Hand


class TestSharePoint(DestinationContract):
    @pytest.fixture
    def destination(self, world: World) -> Iterator[Destination]:
        world.provision()
        site = world.open()
        yield site
        site.close()

    @pytest.fixture
    def hand(self, world: World) -> Hand:
        return SiteHand(world)
