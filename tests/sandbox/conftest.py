"""A tab of the browser to look at the sandboxes' pages with."""

import pytest


@pytest.fixture
def tab(browser):
    """A phone; whatever goes wrong in a page is kept."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, ignore_https_errors=True)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()
