"""The static pages as a visitor meets them: from a folder of files and from a server, without a network, by keyboard, on a phone.

The whole site takes some minutes; without the slow tests, a few of its pages stand for all.
"""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from .conftest import ARGUMENTS
from .lab import FAINT
from .recorded import Recorded

LAPTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
FEW = ["index.html", "notebooks/01_grad_cam.html", "docs/api.html"]
ROOT = Path(__file__).parents[2]
LESSONS = [f"notebooks/{path.stem}.html" for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))]
RESULTS = [f"benchmarks/{path.stem}.html" for path in sorted((ROOT / "benchmarks").glob("*.md"))]
REST = ["notebooks/index.html", "TEACHING.html", "CONTRIBUTING.html", "CREDITS.html", "data/README.html", "docs/glossary.html"]
MADE = ["genindex.html", "search.html"]
ALL = list(dict.fromkeys([*FEW, *LESSONS, *RESULTS, *REST, *MADE]))
EVERY_PAGE = pytest.mark.parametrize(
    "name", [page if page in FEW else pytest.param(page, marks=pytest.mark.slow) for page in ALL]
)
TRIES = 5  # other programs may be at work, and what is asked for is the page's own time
# What Lighthouse weighs most, of what axe finds; see `score`.
WEIGHTS = {"critical": 10, "serious": 7, "moderate": 3, "minor": 1}


@pytest.fixture(scope="module")
def served(site):
    """The address of the pages on a server of this machine."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site)
    handler.log_message = lambda *arguments: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def visit(browser, site, served):
    """A function that opens a page of the site; everything outside of it is out of reach, and noted in `page.logged`."""
    contexts = []

    def open_it(name, by="file", viewport=LAPTOP, scheme="light"):
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.logged = []

        def ask(route):
            inside = route.request.url.startswith((site.as_uri(), served, "data:"))
            page.logged.extend([] if inside else [f"asked for {route.request.url}"])
            return route.continue_() if inside else route.abort()

        context.route("**/*", ask)
        page.on("pageerror", lambda error: page.logged.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page.logged.append(message.text))
        page.goto(f"{site.as_uri() if by == 'file' else served}/{name}")
        page.wait_for_load_state("load")
        page.wait_for_timeout(300)  # colours fade from one theme to the other
        return page

    yield open_it
    for context in contexts:
        context.close()


def axe(page, *rules):
    """Return what axe-core finds in a page, by all of its rules or some."""
    module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="not installed: axe-playwright-python")
    # Not preloaded: it would fetch the style sheets again. What passes is not listed element by element: megabytes a page.
    only = {"runOnly": list(rules)} if rules else {}
    return module.Axe().run(page, options={"preload": False, "resultTypes": ["violations"], **only}).response


def grave(found):
    """Return one line for each serious or critical finding."""
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:150]} {node['any'][:1]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def score(found):
    """Return a score from 0 to 100 as Lighthouse computes it: the weighted share of the checks that pass."""
    weigh = {True: 0, False: 0}
    for passed, checks in ((True, found["passes"]), (False, found["violations"])):
        for check in checks:
            inside = [each.get("impact") for node in check["nodes"] for each in [*node["any"], *node["all"], *node["none"]]]
            weigh[passed] += WEIGHTS.get(check["impact"] or next(filter(None, inside), None), 3)
    return 100 * weigh[True] / sum(weigh.values())


@EVERY_PAGE
def test_a_page_shuts_nobody_out_and_reports_no_error(visit, name):
    for scheme in ("light", "dark"):
        page = visit(name, scheme=scheme)
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        found = axe(page) if scheme == "light" else axe(page, "color-contrast")  # only colours differ in the dark
        assert grave(found) == []
        assert scheme == "dark" or score(found) >= 95
        assert page.logged == []


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_lighthouse_has_little_to_say(served, chromium, tmp_path, name):
    """Run where Lighthouse is installed: `npm install lighthouse`, and its folder node_modules/.bin in the PATH."""
    lighthouse = shutil.which("lighthouse") or pytest.skip("Lighthouse is not installed: npm install lighthouse")
    command = [lighthouse, f"{served}/{name}", "--quiet", "--output=json", f"--output-path={tmp_path / 'found.json'}"]
    command += ["--only-categories=accessibility,best-practices", f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)}"]
    subprocess.run(command, check=True, timeout=600, env={**os.environ, "CHROME_PATH": chromium})
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    wrong = {name: each["title"] for name, each in found["audits"].items() if each["score"] is not None and each["score"] < 1}
    scores = {name: 100 * each["score"] for name, each in found["categories"].items()}
    assert len(scores) == 2 and min(scores.values()) >= 95, f"{scores}: {wrong}"


@EVERY_PAGE
def test_a_page_fits_on_a_phone(visit, name):
    page = visit(name, viewport=PHONE)
    wide = page.evaluate("""() => document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll('main *')].filter(each => each.getBoundingClientRect().right > innerWidth + 1)
            .map(each => each.outerHTML.slice(0, 120))""")
    assert wide == [] and page.logged == []


@EVERY_PAGE
def test_a_page_from_a_server_says_the_same(visit, name):
    visit(name, by="server")  # the browser's first page takes longer than any other
    for _ in range(TRIES):
        page = visit(name, by="server")
        assert page.logged == []
        first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
        if first < 2000:
            return
    pytest.fail(f"the first picture of {name} took {first:.0f} ms, at the last of {TRIES} visits")


@pytest.mark.parametrize("name", [each if each in FEW else pytest.param(each, marks=pytest.mark.slow) for each in LESSONS])
def test_every_player_of_a_lesson_is_moved_by_keyboard_through_all_positions(visit, name):
    page = visit(name)
    sliders = re.findall(r"^\w+ = xh\.explore\(", (ROOT / name.replace(".html", ".ipynb")).read_text(), flags=re.M)
    players = [Recorded(box) for box in page.locator(".xh-player").all()]
    assert len(players) >= len(sliders)
    for player in players:
        assert player.move_everywhere() == len(player.recorded)
    assert page.logged == []


def test_search_finds_a_lesson_without_a_server(visit):
    page = visit("search.html?q=superpixels")
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").evaluate_all("links => links.map(link => link.href)")
    assert any("02_lime" in each for each in found) and page.logged == []


def test_answers_are_folded_until_they_are_asked_for(visit):
    page = visit("notebooks/01_grad_cam.html")
    answers = page.locator(".bd-content details:not(.hide)")
    assert answers.count() > 4 and not any(each.get_attribute("open") for each in answers.all())
    first = answers.first
    first.locator("summary").first.press("Enter")
    assert first.evaluate("answer => answer.open")


def test_the_lesson_can_be_taken_along(visit, site):
    page = visit("notebooks/01_grad_cam.html", by="server")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download the notebook").click()
    assert Path(taken.value.path()).read_bytes() == (site / "notebooks" / "01_grad_cam.ipynb").read_bytes()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_how_it_looks(visit, screenshot, scheme, viewport):
    size = "laptop" if viewport == LAPTOP else "phone"
    page = visit("index.html", viewport=viewport, scheme=scheme)
    screenshot(page, f"site_{size}_{scheme}")
    page = visit("notebooks/01_grad_cam.html", viewport=viewport, scheme=scheme)
    player = page.locator(".xh-player").first
    player.scroll_into_view_if_needed()
    screenshot(page, f"site_player_{size}_{scheme}")
    assert player.evaluate(FAINT) == []
