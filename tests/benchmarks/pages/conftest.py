"""Chromium for the tests of HTML pages, which are skipped where it or Playwright is missing."""

import shutil

import pytest


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="`nox -s page` installs Playwright")
    paths = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    executable = next(filter(None, paths), None)
    if executable is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as started:
        # A container has no sandbox of its own; the page is ours.
        chromium = started.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()
