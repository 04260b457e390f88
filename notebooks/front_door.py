"""Write index.ipynb, on which `make lab` opens: a picture and a sentence for every lesson. `python notebooks/front_door.py`

The sentences are those of the table in README.md; the pictures are the first one of each lesson as it is stored.
"""

import base64
import io
import os
import re
import tempfile
from pathlib import Path
from unittest import mock

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).resolve().parent
ROW = re.compile(r"^\| (\d\d) \| \[([^\]]+)\]\(notebooks/([^)]+)\) \| (.*) \|$", flags=re.M)
PICTURE = re.compile(r"data:image/\w+;base64,([A-Za-z0-9+/=\n]+)")
WIDTH, QUALITY = 480, 75

HEAD = """
# What did the network look at?

A network says "Egyptian cat". Why? This course teaches more than twenty ways to ask, the great ones in lessons of their own. You
work each out on numbers small enough for paper, write it in a few lines, and play with it. Then you find out whether it tells
the truth: the course has pictures whose evidence is known to the pixel.

Click a lesson to open it. All of them are stored with their results, so you can also just read. To run one, choose
*Run → Run All Cells*. Everything works without a network and without a graphics card. The rash pictures are drawn by a program
and are of no medical use.

**Words** that you don't know stand in the [glossary](../docs/glossary.md). If you teach, read [TEACHING](../TEACHING.md).
"""

PATHS = """
## Three paths

**An afternoon.** [1](01_grad_cam.ipynb) a map in six lines, [7](07_occlusion_sensitivity.ipynb) one without looking inside,
[8](08_guided_backpropagation.ipynb) a sharp one that fools you, [12](12_finding_bias.ipynb) a fault that you find with them.

**Six weeks.** Week 1: [0](00_data_and_models.ipynb), [1](01_grad_cam.ipynb). Week 2: [7](07_occlusion_sensitivity.ipynb),
[3](03_rise.ipynb). Week 3: [2](02_lime.ipynb), [5](05_anchor_explanations.ipynb). Week 4: [4](04_saliency_maps.ipynb),
[10](10_deep_shap.ipynb). Week 5: [8](08_guided_backpropagation.ipynb), [6](06_activation_maximization.ipynb),
[9](09_deep_dream.ipynb). Week 6: [12](12_finding_bias.ipynb), [11](11_comparison.ipynb), and your own photo in
[13](13_playground.ipynb).

**I have a model and a question.** Open the [playground](13_playground.ipynb) and try your picture. The guide at the end of
[11](11_comparison.ipynb) says which technique answers which question, and [14](14_field.ipynb) what else there is. If you fear
that your network has learned a short cut, go to [12](12_finding_bias.ipynb). The [README](../README.md) shows how to load a
model of yours.

## The lessons
"""


DONE = """
## What is done already

Run the cell below: it shows which exercises you have solved. Nothing is remembered unless you say so, once, with
`xh.check.keep()` in any cell. From then on every exercise that is right is noted in a small file on this computer, and nowhere
else. `xh.check.forget()` deletes it.
"""
SHOW_DONE = """
import xaihelpers as xh

xh.check.done()
"""


def lessons():
    """Return [(number, title, file, sentence)] from the table in README.md."""
    return ROW.findall((FOLDER.parent / "README.md").read_text(encoding="utf-8"))


def thumbnail(path):
    """Return the first picture of a stored lesson as a small JPEG in base64, or None."""
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            found = PICTURE.search(data.get("text/html", "")) or PICTURE.search(
                f"data:image/x;base64,{data.get('image/png', '')}"
            )
            if found:
                return small(base64.b64decode(found[1]))
    return None


def small(picture):
    """Return a picture, no wider than WIDTH, as a JPEG in base64."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    image.save(stream := io.BytesIO(), "JPEG", quality=QUALITY)
    return base64.b64encode(stream.getvalue()).decode()


def cell(name, source, **more):
    return nbformat.v4.new_markdown_cell(source.strip("\n"), id=name, **more)


def run(book):
    """Run the one cell of code, for a learner of whom nothing is kept yet."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, XAIHELPERS_SOLVED=str(Path(folder) / "none.json")):
        NotebookClient(book, resources={"metadata": {"path": folder}}, record_timing=False).execute()


def main():
    shows_done = nbformat.v4.new_code_cell(SHOW_DONE.strip("\n"), id="solved")
    cells = [cell("head", HEAD), cell("done", DONE), shows_done, cell("paths", PATHS)]
    for number, title, file, sentence in lessons():
        picture = thumbnail(FOLDER / file)
        shown = f"![The first picture of this lesson](attachment:{number}.jpg)" if picture else ""
        text = f"### [{number} · {title}]({file})\n\n{sentence[0].upper()}{sentence[1:]}.\n\n{shown}"
        more = {"attachments": {f"{number}.jpg": {"image/jpeg": picture}}} if picture else {}
        cells.append(cell(f"lesson-{number}", text, **more))
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    run(book)
    book.metadata.pop("language_info", None)  # names the version of Python that wrote it
    (FOLDER / "index.ipynb").write_text(nbformat.writes(book) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
