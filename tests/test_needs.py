"""What classroom/needs.py says a learner needs, on processes whose needs are known."""

import importlib.util
import subprocess
import sys

import nbformat
import pytest

# 300 MB, and a second of processor time, in a process of its own.
HUNGRY = "import time; held = b'x' * 300_000_000; begin = time.process_time()\nwhile time.process_time() < begin + 1: pass"


@pytest.fixture(scope="module")
def needs(repository):
    """classroom/needs.py as a module."""
    spec = importlib.util.spec_from_file_location("needs", repository / "classroom" / "needs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_memory_and_processor_time_of_a_process_that_has_ended(needs):
    waits = HUNGRY + "\nprint(flush=True); input()"
    earlier = subprocess.Popen([sys.executable, "-c", waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    earlier.stdout.readline()  # it holds its memory now, and goes on holding it
    with needs.Watch() as watch:
        subprocess.run([sys.executable, "-c", HUNGRY], check=True)
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    earlier.communicate(b"\n")
    assert 300e6 < watch.memory < 400e6
    assert 0.8 < watch.processor < 2.5 and watch.clock > 1


def test_a_notebook_is_watched_with_the_processes_that_it_starts(needs, tmp_path):
    cells = [f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {HUNGRY!r}], check=True);"]
    path = tmp_path / "hungry.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells]), path)
    watch = needs.of_lesson(path)
    assert 300e6 < watch.memory < 700e6 and watch.processor > 0.8
    assert nbformat.read(path, as_version=4).cells[0].outputs == []  # it was not stored


def test_a_lesson_that_is_none(needs):
    assert needs.main(["77"]).startswith("There is no lesson 77: choose from 00, 01")
