"""The notebook on which `make lab` opens: every lesson with a picture and a sentence, and no link that leads nowhere."""

import base64
import importlib.util
import io
import re

import nbformat
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

import xaihelpers as xh


@pytest.fixture(scope="module")
def front_door(repository):
    return nbformat.read(repository / "notebooks" / "index.ipynb", as_version=4)


@pytest.fixture(scope="module")
def module(repository):
    """notebooks/front_door.py, which writes it."""
    spec = importlib.util.spec_from_file_location("front_door", repository / "notebooks" / "front_door.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_lesson_has_a_link_a_sentence_and_a_picture(front_door, repository):
    shown = {cell.id: cell for cell in front_door.cells if cell.id.startswith("lesson-")}
    files = sorted(path.name for path in (repository / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    assert len(files) >= 14 and len(shown) == len(files)
    for file in files:
        cell = shown[f"lesson-{file[:2]}"]
        assert f"({file})" in cell.source and len(cell.source.split("\n\n")[1]) > 20
        (picture,) = cell.attachments.values()
        assert len(picture["image/jpeg"]) > 2000


def test_links_lead_somewhere(front_door, repository):
    links = re.findall(r"\]\(([^):]+)\)", "\n".join(cell.source for cell in front_door.cells))
    assert len(links) > 30
    for link in links:
        assert (repository / "notebooks" / link.split("#")[0]).exists(), link


def test_the_sentences_are_those_of_the_readme(front_door, module):
    for number, title, file, sentence in module.lessons():
        cell = next(cell for cell in front_door.cells if cell.id == f"lesson-{number}")
        assert title in cell.source and sentence[1:] in cell.source, f"{file}: run python notebooks/front_door.py"


def test_make_lab_opens_on_it(repository):
    lab = re.search(r"^lab:.*\n\t(.*)$", (repository / "Makefile").read_text(encoding="utf-8"), flags=re.M)[1]
    assert "/lab/tree/notebooks/index.ipynb" in lab


def test_the_pictures_are_those_that_the_lessons_hold_now(front_door, module, repository):
    for number, _, file, _ in module.lessons():
        cell = next(cell for cell in front_door.cells if cell.id == f"lesson-{number}")
        shown, now = (
            np.asarray(Image.open(io.BytesIO(base64.b64decode(each))), np.float32)
            for each in (cell.attachments[f"{number}.jpg"]["image/jpeg"], module.thumbnail(repository / "notebooks" / file))
        )
        # Another version of the library packs a JPEG otherwise, by a grey or two.
        assert shown.shape == now.shape and np.abs(shown - now).mean() < 2, f"{file}: run python notebooks/front_door.py"


def test_its_one_cell_of_code_is_stored_as_a_new_learner_sees_it(front_door):
    (code,) = [cell for cell in front_door.cells if cell.cell_type == "code"]
    (output,) = code.outputs
    assert code.execution_count == 1 and "xh.check.keep()" in output.data["text/html"]


def test_its_one_cell_of_code_shows_what_is_solved(front_door, monkeypatch, tmp_path):
    (code,) = [cell.source for cell in front_door.cells if cell.cell_type == "code"]
    monkeypatch.setenv("XAIHELPERS_SOLVED", str(tmp_path / "solved.json"))
    shell = InteractiveShell()
    assert "xh.check.keep()" in repr(shell.run_cell(code).result) and not list(tmp_path.iterdir())
    xh.check.keep()
    assert xh.check.rise.how_many(6400).correct
    assert "03 rise                      1 of 6" in repr(shell.run_cell(code).result)
