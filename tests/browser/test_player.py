"""A recorded player on a page of its own, opened from a file: keyboard, pixels, themes; and what is broken must be noticed."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import TimeoutError

import xaihelpers as xh
from xaihelpers.plots import colour, overlay
from xaihelpers.results import Attribution, Cost

from .recorded import Recorded

ROWS, COLUMNS = np.mgrid[:64, :64]
IMAGE = np.stack([4 * ROWS, 4 * COLUMNS, 2 * (ROWS + COLUMNS)], axis=-1).astype(np.uint8)
PHONE = {"width": 360, "height": 740}


def wave(classifier, image, *, by=0, way="right", shift=0):
    heatmap = np.sin((ROWS if way == "down" else COLUMNS) / (6 + by) + shift) + (by > 6)
    return Attribution("wave", 0, f"{way} {by}", {}, Cost(1, 0, 0.01), heatmap=heatmap.astype(np.float32), image=image)


def page_of(*players):
    head = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Players</title></head><body><main><h1>Players</h1>'
    return head + "".join(players) + "</main></body></html>"


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens HTML from a file and returns its page; errors on the console are in `page.logged`."""
    pages = []

    def open_it(text, **options):
        (tmp_path / "player.html").write_text(text, encoding="utf-8")
        page = browser.new_page(**options)
        page.logged = []
        page.on("pageerror", lambda error: page.logged.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page.logged.append(message.text))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or page.logged.append(request.url))
        page.goto((tmp_path / "player.html").as_uri())
        pages.append(page)
        return page

    yield open_it
    for page in pages:
        page.close()


@pytest.fixture(scope="module")
def html():
    return xh.explore(wave, None, IMAGE, by=(0, 8, 2), way=["right", "down"]).player()


def players(page):
    return [Recorded(box) for box in page.locator(".xh-player").all()]


def test_every_position_is_reached_by_keyboard(opened, html):
    crossed = xh.explore(wave, None, IMAGE, by=list(range(11)), way=["right", "down"], shift=[0, 1, 2, 3, 4])
    page = opened(page_of(html, crossed.player()))
    first, second = players(page)
    assert first.move_everywhere() == 10
    assert len(second.data["controls"]) == 3 and second.move_everywhere() == 11 * 5 + 1  # way one at a time
    assert page.logged == []


def test_home_end_and_arrows_move_as_on_any_slider(opened, html):
    (player,) = players(opened(page_of(html)))
    for key, place in [("End", 4), ("ArrowLeft", 3), ("Home", 0), ("ArrowUp", 1), ("PageUp", None)]:
        player.press(0, key)
        assert place is None or player.place()[0] == place
    assert player.sliders[0].get_attribute("aria-label") == "by"
    assert player.sliders[1].get_attribute("aria-valuetext") == "right"


def test_what_is_drawn_is_what_the_course_draws(opened, html):
    (player,) = players(opened(page_of(html)))
    for _ in range(2):
        result = wave(None, IMAGE, by=[0, 2, 4, 6, 8][player.place()[0]])
        alpha = float(player.box.locator("output").last.text_content())
        drawn = [
            np.asarray(Image.open(io.BytesIO(bytes(canvas.evaluate(PNG)))).convert("RGB")).astype(int)
            for canvas in player.box.locator("canvas").all()
        ]
        for found, asked in zip(drawn, [IMAGE, 255 * colour(result.heatmap)[0], overlay(result, alpha=alpha)], strict=True):
            assert np.abs(found - asked).mean() < 3
        player.press(0, "End")  # by = 8: not signed
        player.sliders[2].press("Home")
        player.sliders[2].press("ArrowRight")


PNG = """canvas => new Promise(done => canvas.toBlob(async blob => done([...new Uint8Array(await blob.arrayBuffer())])))"""


def test_two_scripts_on_one_page_start_each_player_once(opened, html):
    page = opened(page_of(html, html))
    assert page.locator(".xh-controls").count() == 2 and page.locator(".xh-still").count() == 0


def test_where_no_script_runs_there_is_the_picture_and_a_sentence(opened, html):
    page = opened(page_of(html), java_script_enabled=False)
    still = page.locator("img")
    assert still.is_visible() and still.get_attribute("alt").startswith("Wave map for")
    assert page.get_by_text("Run the notebook to reach every value.").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_reaches_over_the_edge(opened, html, screenshot, scheme):
    text = page_of(html).replace("<html", '<html style="color-scheme: light dark"')
    page = opened(text, viewport=PHONE, color_scheme=scheme, has_touch=True)
    players(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    screenshot(page, f"player_phone_{scheme}")


# What is done to the HTML, and what must be said of it.
BROKEN = {
    "a damaged picture": (lambda text: re.sub(r'"tiles":\["[^"]+"', '"tiles":["AAAA"', text), "Timeout"),
    "pictures that are not drawn": (lambda text: text.replace("pen.drawImage(image, 0, 0);", ""), "look alike"),
    "one picture for all": (
        lambda text: re.sub(r'"panels":\[\[0,null.*?\]\]', '"panels":[[0,null,null]]', text),
        "stayed the same",
    ),
    "a slider that does nothing": (lambda text: text.replace("show(+input.value); moved();", "show(+input.value);"), "Timeout"),
    "an error on the console": (lambda text: text.replace("let latest = 0;", "let latest = 0; console.error(1);"), "the console"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_player_that_is_broken_on_purpose_is_noticed(opened, html, what):
    change, said = BROKEN[what]
    assert change(html) != html
    page = opened(page_of(change(html)))

    def use():
        for player in players(page):
            player.move_everywhere()
        assert not page.logged, "the console"

    with pytest.raises((AssertionError, TimeoutError), match=said):
        use()
