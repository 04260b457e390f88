"""The package as others install it: a wheel in an empty environment, with numpy 2, the newest TensorFlow and no alibi."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest

pytestmark = pytest.mark.slow

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


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel, repository, repository_files):
    ours = {str(path.relative_to(repository)) for path in repository_files if path.is_relative_to(repository / "xaihelpers")}
    with zipfile.ZipFile(wheel) as file:
        inside = {name for name in file.namelist() if ".dist-info/" not in name}
        licences = {name.rpartition("/")[2] for name in file.namelist() if "/licenses/" in name}
    assert inside == ours
    assert licences == {"LICENSE", "CREDITS.md"}


@pytest.fixture
def empty_environment(tmp_path):
    """The Python of a new environment; removed afterwards, for it takes two gigabytes."""
    folder = tmp_path / "environment"
    command = [sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, str(folder)]
    subprocess.run(command, check=True)
    yield folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    shutil.rmtree(folder)


def test_it_explains_a_photo_from_another_folder(wheel, empty_environment, repository, run_online, tmp_path):
    # uv shares the files of its cache with the environment: a second run needs neither the network nor the disk.
    install = ["-m", "uv", "pip", "install", "--quiet", "--python", str(empty_environment), str(wheel), "numpy>=2", "tensorflow"]
    run_online([sys.executable, *install], timeout=1500)
    variables = {**os.environ, "XAIHELPERS_CACHE": str(tmp_path / "cache")}
    variables.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(empty_environment), "-c", EXPLAIN, str(repository)],
        cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stdout)
