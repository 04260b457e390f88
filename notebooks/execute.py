"""Run notebooks from top to bottom and store them with their outputs, so that they can be read without running.

    python notebooks/execute.py             every notebook of the course
    python notebooks/execute.py 01 05       those whose names begin so; a path to a notebook works too

A notebook is stored only if every cell ran and nothing was printed to stderr (a warning would greet every learner).
What differs from machine to machine, or from run to run, is left out: times, paths, random ids of widgets.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbconvert.preprocessors import ClearMetadataPreprocessor, ExecutePreprocessor

FOLDER = Path(__file__).resolve().parent
SECONDS_A_CELL = 600
LARGEST = 1_500_000  # bytes; larger files open slowly, also where they are only read
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python", "pygments_lexer": "ipython3"}
ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")  # <... object at 0x7f...> is another number in every run


def execute(path):
    """Run one notebook and store it in place; return a list of what is wrong, empty if it was stored."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    os.environ["XAIHELPERS_RECORD"] = "1"  # the kernel inherits it: sliders record themselves, see xaihelpers/widgets/player
    run = ExecutePreprocessor(timeout=SECONDS_A_CELL, kernel_name="python3", record_timing=False, store_widget_state=True)
    try:
        run.preprocess(notebook, {"metadata": {"path": str(path.parent)}})
    except CellExecutionError as error:
        return [str(error)]
    clean(notebook)
    text = nbformat.writes(notebook) + "\n"
    wrong = complaints(notebook, text)
    if not wrong:
        # In one step, so that a run cut short never leaves half a notebook.
        new = path.with_suffix(".ipynb.new")
        new.write_text(text, encoding="utf-8")
        os.replace(new, path)
    return wrong


def clean(notebook):
    """Leave only the metadata that a reader needs."""
    ClearMetadataPreprocessor(
        preserve_cell_metadata_mask={"tags", "jupyter", "slideshow", "nbgrader"}, preserve_nb_metadata_mask={"widgets"}
    ).preprocess(notebook, {})
    notebook.metadata.kernelspec = nbformat.from_dict(KERNEL)
    notebook.metadata.language_info = nbformat.from_dict(LANGUAGE)
    prefer_players(notebook)
    drop_unused_widgets(notebook)
    rename_widgets(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:  # then the plain text is a stand-in such as <Styler at 0x7f...>, which nobody reads
                data["text/plain"] = ADDRESS.sub("", data.get("text/plain", ""))


WIDGET = "application/vnd.jupyter.widget-view+json"


def states(notebook):
    """Return {model: state} of the widgets that are stored."""
    return notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})


def prefer_players(notebook):
    """Store a recorded player alone: beside it, viewers would show the widget, whose sliders need a kernel to move."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if 'class="xh-player"' in output.get("data", {}).get("text/html", ""):
                output.data.pop(WIDGET, None)


def drop_unused_widgets(notebook):
    """Take out progress bars that hid themselves when the work was done (they leave a gap), and what no output shows."""
    widgets = states(notebook)

    def parts(model):
        """Return a widget with all that it is made of."""
        return {model}.union(*(parts(part) for part in re.findall(r"IPY_MODEL_(\w+)", json.dumps(widgets.get(model, {})))))

    def finished(output):
        view = output.get("data", {}).get(WIDGET, {})
        layout = widgets.get(view.get("model_id"), {}).get("state", {}).get("layout", "").removeprefix("IPY_MODEL_")
        return widgets.get(layout, {}).get("state", {}).get("visibility") == "hidden"

    for cell in notebook.cells:
        if cell.get("outputs"):
            cell.outputs = [output for output in cell.outputs if not finished(output)]
    shown = [
        output.data[WIDGET]["model_id"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if WIDGET in output.get("data", {})
    ]
    for model in set(widgets).difference(*map(parts, shown)):
        widgets.pop(model)
    if not widgets:
        notebook.metadata.pop("widgets", None)


def rename_widgets(notebook):
    """Number the widgets in the order in which they were made; their random ids would change the file at every run."""
    names = {model: f"{number:032x}" for number, model in enumerate(states(notebook), start=1)}
    if not names:
        return
    text = re.compile("|".join(names)).sub(lambda found: names[found[0]], nbformat.writes(notebook))
    renamed = nbformat.reads(text, as_version=4)
    notebook.cells, notebook.metadata = renamed.cells, renamed.metadata


def complaints(notebook, text):
    """Return one sentence for each thing that must not be stored."""
    wrong = []
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                wrong.append(f"cell {number} printed to stderr: {output.text.strip()[:2000]}")
    for place in (str(FOLDER.parent), sys.prefix, f"{Path.home()}/"):
        if place in text:
            wrong.append(f"the stored notebook names a folder of this machine: {place}")
    if found := ADDRESS.search(text):
        near = text[max(found.start() - 120, 0) : found.end()].replace("\n", " ")
        wrong.append(f"the stored notebook shows an address in memory ('… {near}'): end that cell with a semicolon")
    if len(text.encode()) > LARGEST:
        wrong.append(f"it would be {len(text.encode()):,} bytes, over the {LARGEST:,} allowed: make its figures smaller")
    return wrong


def choose(words):
    """Return the notebooks that the words name, all of them for no words."""
    everything = sorted(FOLDER.glob("[0-9]*.ipynb"))
    if not words:
        return everything
    chosen = []
    for word in words:
        path = Path(word).resolve()
        found = [path] if path.is_file() else [each for each in everything if each.name.startswith(word)]
        if not found:
            sys.exit(f"There is no notebook whose name begins with {word!r}: there are {[each.name for each in everything]}.")
        chosen += found
    return chosen


def main(words):
    failed = 0
    for path in choose(words):
        begin = time.perf_counter()
        wrong = execute(path)
        failed += bool(wrong)
        print(f"{path.name}: {'NOT stored' if wrong else 'stored'}, {time.perf_counter() - begin:.0f} s", flush=True)
        for sentence in wrong:
            print(f"  {sentence}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
