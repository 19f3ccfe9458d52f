"""`sandbox` runs a Moodle and a SharePoint to try things on; `demo` shows the main job on them."""


def sandbox() -> None:
    """x"""


def demo() -> None:
    """x"""
