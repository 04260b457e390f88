"""What a player does for a learner, on a function so quick that every way can be tried; and a test of these tests."""

import nbformat
import pytest

from .lab import Lab
from .moving import move_everything, readout, set_number, type_number

SETUP = """
import ipywidgets
import numpy as np
import xaihelpers as xh
from xaihelpers.results import Attribution, Cost

image = np.arange(64 * 64 * 3).reshape(64, 64, 3) % 256
notes = ipywidgets.Output()


def ramp(classifier, image, *, by=0, way="right", gain=0.5):
    if by == 90:
        raise ValueError("by is 90: choose another.")
    doubts = ("Ten is very little: choose more.",) if by == 10 else ()
    heatmap = np.linspace(by - 50, 100 * gain, 64 * 64, dtype=np.float32).reshape(64, 64)
    heatmap = heatmap.T if way == "down" else heatmap
    return Attribution("ramp", 0, "a class", {}, Cost(1, 0, 0.01), diagnostics=doubts, heatmap=heatmap, image=image)


def same(classifier, image, *, by=0):
    return image


def noisy(classifier, image, *, by=0):
    notes.append_stdout("again ")
    return np.clip(image // 2 + by, 0, 255)
"""
# Each is a cell of its own. The first works; in each of the others something is broken that the tests must notice.
PLAYERS = {
    "works": "xh.explore(ramp, None, {'one': image, 'two': 255 - image},\n"
    "           by=(0, 80, 10), way=['right', 'down'], gain=(0.5, 1.0))",
    "the picture stayed the same": "xh.explore(same, None, image, by=(0, 80))",
    "by is 90: choose another": "xh.explore(ramp, None, image, by=(0, 90, 10))",
    "nothing was drawn": "dead = xh.explore(ramp, None, image, by=(0, 80))\ndead.controls['by'].unobserve_all()\ndead",
    "printed something": "display(notes)\nxh.explore(noisy, None, image, by=(0, 80))",
}
BROKEN = list(PLAYERS)[1:]
UGLY = """from IPython.display import HTML
HTML('<div style="width: 3000px; color: #888; background: #999">hard to read</div>')"""


@pytest.fixture(scope="module")
def quick(browser, server):
    """A notebook with the five players, run once for the tests of this file."""
    language = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(metadata={"kernelspec": kernel, "language_info": language})
    book.cells = [nbformat.v4.new_code_cell(source.strip()) for source in [SETUP, *PLAYERS.values(), UGLY]]
    nbformat.write(book, server.folder / "quick.ipynb")
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    lab = Lab(page, server, "quick.ipynb")
    lab.run_all()
    yield lab
    page.close()
    server.close_kernels()


@pytest.fixture
def player(quick):
    """The player that works."""
    return quick.players()[0]


def test_every_control_draws_another_picture_and_comes_back(quick, player):
    assert quick.failures() == []
    assert player.sliders.count() == 3 and player.menus.count() == 2
    move_everything(quick, player)


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_on_purpose_is_noticed(quick, what):
    patience = 10 if what == "nothing was drawn" else 120  # seconds
    with pytest.raises(AssertionError, match=what):
        move_everything(quick, quick.players()[list(PLAYERS).index(what)], patience)


def test_a_bad_value_shows_its_message_and_a_good_one_takes_it_away(quick, screenshot):
    player = quick.players()[2]
    by = player.sliders.first
    set_number(player, by, "90")
    assert player.complaint() == "by is 90: choose another."
    for theme in ("Dark", "Light"):
        quick.theme(f"JupyterLab {theme}")
        assert quick.faint(player.box) == []
        screenshot(player.box, f"bad_value_{theme.lower()}")
    set_number(player, by, "20")
    assert not player.complaint() and "Ramp of “a class”" in player.words()


def test_what_is_no_number_or_out_of_range_is_put_right(player):
    by = player.sliders.first
    set_number(player, by, "60")
    before = player.picture()
    type_number(by, "many")
    assert readout(by) == "60" and player.picture() == before
    player.redrawn(lambda: type_number(by, "900"))
    assert readout(by) == "80"
    player.redrawn(lambda: type_number(by, "-5"))
    assert readout(by) == "0" and not player.complaint()


def test_a_diagnostic_is_shown_below_the_picture(quick, player, screenshot):
    by = player.sliders.first
    set_number(player, by, "10")
    assert "Ten is very little" in player.words() and not player.complaint()
    screenshot(player.box, "diagnostic")


def test_nothing_jumps_while_a_slider_is_moved(quick, player):
    by, below = player.sliders.first, quick.page.locator(".jp-CodeCell").nth(2)
    places = set()
    for number in ("20", "30", "10", "50"):  # 10 has a diagnostic
        set_number(player, by, number)
        places.add(round(below.bounding_box()["y"] - player.box.bounding_box()["y"]))
    assert len(places) == 1, f"the next cell was at {places} pixels below the top of the player"


def test_a_picture_is_not_enlarged(quick):
    shown = quick.players()[4].box.locator("> img").evaluate("img => [img.width, img.naturalWidth]")
    assert shown[0] <= shown[1], f"drawn {shown[1]} pixels wide, shown {shown[0]} wide"


def test_what_is_hard_to_read_or_too_wide_is_noticed(quick):
    (faint,), (cut,) = quick.faint(), quick.cut()
    assert "hard to read" in faint and "hard to read" in cut


def test_sliders_that_begin_at_a_bad_value_say_so_and_nothing_else(quick):
    said = quick.type_and_run("xh.explore(ramp, None, image, by=[90])")
    assert said.splitlines()[-1] == "ValueError: by is 90: choose another."
