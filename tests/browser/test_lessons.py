"""Every lesson, opened, run and played with in the browser: what a learner does on the first evening."""

from pathlib import Path

import pytest

from .moving import move_everything

NOTEBOOKS = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
# Exercised closely: one technique of each sort whose answers are quick. A bad value for each, and the word its message has.
CLOSELY = {
    "01_grad_cam.ipynb": ('xh.explore("grad_cam", classifier, photo, layer=["no_such_layer"])', "no_such_layer"),
    "03_rise.ipynb": ('xh.explore("rise", rashnet, rash, n_masks=[0])', "n_masks"),
    "07_occlusion_sensitivity.ipynb": ('xh.explore("occlusion", rashnet, rash, patch=[1000])', "patch"),
}


# Slow: as long as the notebook itself, and the moving of its sliders.
@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_lesson_runs_and_its_sliders_move(open_notebook, screenshot, notebook):
    lab = open_notebook(notebook)
    lab.run_all()
    assert lab.failures() == []
    assert lab.logged == []
    for number, player in enumerate(lab.players()):
        move_everything(lab, player)
        screenshot(player.box, f"{notebook[:2]}_player_{number}")
    if notebook in CLOSELY:
        look_closely(lab, screenshot, notebook)


def look_closely(lab, screenshot, notebook):
    """The text is readable in both themes, nothing reaches over the edge, and a bad value says its sentence."""
    player = lab.players()[0]
    for theme in ("Dark", "Light"):
        lab.theme(f"JupyterLab {theme}")
        assert lab.faint() == []
        player.box.scroll_into_view_if_needed()
        screenshot(lab.page, f"{notebook[:2]}_{theme.lower()}")
    assert lab.cut() == []
    code, word = CLOSELY[notebook]
    said = lab.type_and_run(code)
    assert "Error" in said and word in said.splitlines()[-1], said
