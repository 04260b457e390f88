"""The technique that CONTRIBUTING.md adds as an example is added here, as written, to a copy of the package."""

import os
import re
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

EVERYWHERE = """
import sys
from pathlib import Path

import numpy as np
from networks import gap_network, image

import xaihelpers as xh
from xaihelpers.command_line import main

assert Path(xh.__file__).is_relative_to(sys.argv[1]), xh.__file__
assert list(xh.METHODS)[-1] == "bands" and xh.METHODS["bands"].lesson.startswith("07")
classifier = xh.Classifier(gap_network())
table = xh.compare(classifier, [image()], None, ["bands"], ["deletion"], progress=False)
assert table.method.tolist() == ["bands"] and np.isfinite(table.value).all(), table
player = xh.explore("bands", classifier, image())
assert "width" in player.controls and "width: 3 positions" in player.sweep()
page = xh.playground(classifiers={"tiny": classifier}, images={"noise": image()})
page.wait(120)
for slot, name in zip(page.slots, ("bands", "none", "none", "none")):
    slot.choice.value = name
assert "width" in page.slots[0].controls
page.run.click()
page.wait(120)
assert [result.method for result in page.results] == ["bands"]
assert main(["--list"]) == 0
"""


@pytest.fixture(scope="module")
def text(repository):
    return (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def extended(repository, text, tmp_path_factory):
    """A copy of the package and of what its tests share, with the technique of CONTRIBUTING.md added as the page says."""
    folder = tmp_path_factory.mktemp("extended")
    shutil.copytree(repository / "xaihelpers", folder / "xaihelpers", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests").mkdir()
    for path in [
        *(repository / "tests").glob("test_contract*.py"),
        *(repository / "tests" / name for name in ("conftest.py", "networks.py")),
    ]:
        shutil.copy(path, folder / "tests")
    shutil.copy(repository / "pyproject.toml", folder)
    (folder / "notebooks").mkdir()
    shutil.copy(repository / "notebooks" / "07_occlusion_sensitivity.ipynb", folder / "notebooks")
    module, example = re.findall(r"```python\n(.*?)```", text, flags=re.S)[:2]
    (line,) = re.findall(r"```text\n(?!floor )(.*?)```", text, flags=re.S)
    (folder / "xaihelpers" / "methods" / "bands.py").write_text(module, encoding="utf-8")
    (folder / "tests" / "test_bands.py").write_text(example, encoding="utf-8")
    table = folder / "xaihelpers" / "methods" / "__init__.py"
    before = table.read_text(encoding="utf-8")
    after = re.sub(r'(\n    "deep_dream": .*\n)', lambda last: last[1] + line, before, count=1)
    assert after != before
    table.write_text(after, encoding="utf-8")
    return folder


def run(folder, *arguments, timeout=600):
    paths = os.pathsep.join([str(folder), str(folder / "tests")])
    variables = {**os.environ, "PYTHONPATH": paths, "MPLBACKEND": "agg"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_it_appears_in_the_comparison_the_sliders_the_playground_and_the_command_line(extended):
    listed = run(extended, "-c", EVERYWHERE, str(extended))
    assert re.search(r"^  bands\b.*\n +the bands map of one class", listed, flags=re.M)


def test_its_own_test_passes_and_the_contract_tests_cover_it(extended):
    told = run(extended, "-m", "pytest", "-q", "-m", "not slow", "-k", "bands", "tests/test_bands.py", "tests/test_contract.py")
    passed = re.search(r"^(\d+) passed", told, flags=re.M)
    assert passed and int(passed[1]) >= 1 + 5, told[-500:]


def test_it_follows_the_rules_for_code(extended):
    files = ["xaihelpers/methods/bands.py", "tests/test_bands.py", "xaihelpers/methods/__init__.py"]
    run(extended, "-m", "ruff", "check", *files)
    run(extended, "-m", "ruff", "format", "--check", *files[:2])
