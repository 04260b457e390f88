"""A browser and a JupyterLab for the tests of this folder. Without Chromium or Playwright they are skipped, with the reason."""

import os
import shutil
from pathlib import Path

import pytest

from .lab import Lab
from .server import Server

CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
# No sandbox: in a container there is none. The rest keeps the browser from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LAPTOP = {"width": 1366, "height": 768}
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == HERE:
            item.add_marker("browser")


@pytest.fixture(scope="package")
def playwright():
    """Playwright at work. Package scope: its event loop is gone before the other tests, some of which start one, run."""
    module = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    with module.sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def chromium(playwright):
    """The path of a Chromium."""
    own = playwright.chromium.executable_path  # there only after `playwright install chromium`
    found = next(filter(None, map(shutil.which, [*CHROMIUM, own])), None)
    return found or pytest.skip(f"no browser: none of {', '.join(CHROMIUM)} is installed, and Playwright has none of its own")


@pytest.fixture(scope="package")
def browser(playwright, chromium):
    """Headless Chromium."""
    return playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)


@pytest.fixture(scope="package")
def server(browser, tmp_path_factory, repository):
    """JupyterLab on a copy of the notebooks: what the tests do to them is not kept."""
    scratch = tmp_path_factory.mktemp("jupyterlab")
    shutil.copytree(repository / "notebooks", scratch / "notebooks")
    running = Server(scratch / "notebooks", scratch)
    yield running
    running.close()


@pytest.fixture
def open_notebook(browser, server):
    """A function that opens a notebook of the server's folder; its kernel and its page are closed at the end of the test."""
    pages = []

    def open_it(name):
        pages.append(browser.new_page(viewport=LAPTOP))
        return Lab(pages[-1], server, name)

    yield open_it
    for page in pages:
        page.close()
    server.close_kernels()


@pytest.fixture
def screenshot(tmp_path_factory, request):
    """A function that keeps a picture of the page or of a part of it: in the folder XAI_SCREENSHOTS, or in pytest's own."""
    folder = Path(os.environ.get("XAI_SCREENSHOTS") or tmp_path_factory.getbasetemp() / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)

    def keep(part, name):
        part.screenshot(path=folder / f"{name}.png")
        request.node.user_properties.append(("screenshots", str(folder)))

    return keep


def pytest_terminal_summary(terminalreporter):
    """Say where the screenshots are."""
    reports = [report for each in terminalreporter.stats.values() for report in each]
    properties = [pair for report in reports for pair in getattr(report, "user_properties", ())]
    for folder in sorted({value for name, value in properties if name == "screenshots"}):
        terminalreporter.write_line(f"screenshots of the browser: {folder}")
