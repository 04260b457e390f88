"""The package as others install it: a wheel in an empty environment, with numpy 2, the newest TensorFlow and no alibi.

This is also how the course is used elsewhere: on Kaggle, Colab, or a plain Jupyter server.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbclient import NotebookClient

import xaihelpers as xh
from xaihelpers.saving import read_png

wheel_too = pytest.mark.wheel  # what `make test` has; what is slow and not this, `make slow` has
pytestmark = pytest.mark.slow

# Between them on three networks; the shortest stays in `make test`.
LESSONS = ["01_grad_cam", "08_guided_backpropagation", pytest.param("10_deep_shap", marks=wheel_too)]
EXPLAIN = """
import importlib.util, sys
import numpy, tensorflow
import xaihelpers as xh

assert not xh.__file__.startswith(sys.argv[1]), "this is the checkout, not the wheel"
assert int(numpy.__version__.split(".")[0]) >= 2, numpy.__version__
assert importlib.util.find_spec("alibi") is None
c = xh.load_classifier("efficientnet-lite0")
a = xh.grad_cam(c, xh.sample_photo("chelsea", 224))
assert a.heatmap.shape == (224, 224) and a.heatmap.max() > 0
assert "cat" in a.class_name.lower() or "tabby" in a.class_name.lower(), a.class_name
print("explained", a.class_name, "with numpy", numpy.__version__, "and tensorflow", tensorflow.__version__)
"""
EVERY_TECHNIQUE = """
import warnings
import numpy as np
import xaihelpers as xh

warnings.simplefilter("ignore", xh.DiagnosticWarning)
rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[90]
for name, method in xh.METHODS.items():
    settings = {key: slider.low for key, slider in method.sliders.items() if slider.low is not None}
    try:
        found = method.function(rashnet, *([image] if method.takes_image else ["monkeypox"]), **settings)
    except ImportError as error:
        print(name, "needs:", error)
    else:
        values = found.heatmap if isinstance(found, xh.Attribution) else found.activation
        print(name, "works" if np.isfinite(values).all() and found.class_name else "is wrong")
"""


@pytest.fixture(scope="module")
def wheel(repository, repository_files, tmp_path_factory):
    """The wheel, built by way of the source distribution, from a copy: setuptools leaves its work in the folder it builds."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in repository_files:
        copy = source / path.relative_to(repository)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (path,) = out.glob("*.whl")
    return path


@wheel_too
def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel, repository, repository_files):
    ours = {str(path.relative_to(repository)) for path in repository_files if path.is_relative_to(repository / "xaihelpers")}
    with zipfile.ZipFile(wheel) as file:
        inside = {name for name in file.namelist() if ".dist-info/" not in name}
        licences = {name.rpartition("/")[2] for name in file.namelist() if "/licenses/" in name}
    assert inside == ours
    assert licences == {"LICENSE", "LICENSE-docs", "CREDITS.md"}


@pytest.fixture(scope="module")
def environment(wheel, run_online, tmp_path_factory):
    """The Python of a new environment with nothing but the wheel and what any Jupyter server has; 2 GB, removed afterwards."""
    folder = tmp_path_factory.mktemp("elsewhere") / "environment"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    # uv shares the files of its cache with the environment: a second run needs neither the network nor the disk.
    wanted = [str(wheel), "numpy>=2", "tensorflow", "ipykernel", "pip"]
    run_online([*uv, "pip", "install", "--quiet", "--python", str(python), *wanted], timeout=1500)
    yield python
    shutil.rmtree(folder)


@wheel_too
def test_it_explains_a_photo_from_another_folder(environment, repository, tmp_path):
    variables = {**os.environ, "XAIHELPERS_CACHE": str(tmp_path / "cache")}
    variables.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(environment), "-c", EXPLAIN, str(repository)],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stdout)


@wheel_too
def test_every_technique_works_there(environment, tmp_path):
    done = subprocess.run([str(environment), "-c", EVERY_TECHNIQUE], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert said.keys() == xh.METHODS.keys()
    assert set(said.values()) == {"works"}, said


@wheel_too
def test_the_command_line_works_there(environment, tmp_path):
    shutil.copy(xh.rashes.TEST_FOLDER / "images" / "monkeypox" / "monkeypox-10.png", tmp_path / "rash.png")
    command = [str(environment), "-m", "xaihelpers", "rash.png", "-c", "rashnet", "-m", "grad_cam", "-m", "rise", "-o", "a.png"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    kept = read_png(tmp_path / "a.png")
    assert [each["method"] for each in kept["results"]] == ["grad_cam", "rise"]


@pytest.fixture
def kernel(environment, tmp_path, monkeypatch):
    """The name of a kernel that runs in that environment."""
    folder = tmp_path / "kernels" / "elsewhere"
    folder.mkdir(parents=True)
    command = [str(environment), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "elsewhere", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return folder.name


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_in_an_empty_folder(kernel, environment, repository, tmp_path, lesson):
    notebook = nbformat.read(repository / "notebooks" / f"{lesson}.ipynb", as_version=4)
    first = f"import xaihelpers; assert xaihelpers.__file__.startswith({str(environment.parent.parent)!r}), xaihelpers.__file__"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    empty = tmp_path / "empty"
    empty.mkdir()
    NotebookClient(notebook, timeout=600, kernel_name=kernel, resources={"metadata": {"path": str(empty)}}).execute()
    assert list(empty.iterdir()) == []  # it needed no file, and left none
