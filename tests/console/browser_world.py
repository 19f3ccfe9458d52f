"""Somebody at a browser, before a console with both sandboxes behind it.

Each page that is looked at leaves its picture where LMS_BRIDGE_PICTURES says; docs/console has them.
"""

import os
from pathlib import Path

from tests.console.console_world import PASSWORD, Room

PICTURES = os.environ.get("LMS_BRIDGE_PICTURES")


class Person:
    """Somebody at a browser. What the page's scripts complain of, and what its policy refuses, is noted."""

    def __init__(self, context, address: str) -> None:
        self.page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.address = address
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def open(self, path: str):
        return self.page.goto(self.address + path)

    def sign_in(self, name: str) -> None:
        self.open("/sign-in")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", name="Overview").wait_for()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def sees(self, words: str) -> None:
        self.page.get_by_text(words).first.wait_for()

    def picture(self, name: str) -> None:
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=name != "config")

    def to(self, name: str) -> None:
        """By the Tab key alone. One must see where one is."""
        named = "(e => (e.labels?.[0]?.textContent ?? '') + e.textContent)(document.activeElement)"
        for _ in range(120):
            self.page.keyboard.press("Tab")
            if name in self.page.evaluate(named):
                outline = self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"one sees that {name} is reached"
                return
        raise AssertionError(f"{name} is not reached")


def cookie(room: Room, served: str, name: str) -> dict[str, str]:
    client = room.signed_in(name)
    return {"name": "lms-bridge", "value": client.cookies["lms-bridge"], "url": served}
