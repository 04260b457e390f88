"""A lesson is short enough to be read: few cells, no wall of code in the way, no number with more digits than it means."""

import re
from pathlib import Path

import nbformat
import pytest

CELLS, LINES = 60, 15
DIGITS = re.compile(r"\d\.\d{9,}")
LESSONS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9][0-9]_*.ipynb"))
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def cells(path):
    return nbformat.read(path, as_version=4).cells


def folded(cell):
    """Whether JupyterLab or the site shows only a button in place of the code."""
    return cell.metadata.get("jupyter", {}).get("source_hidden", False) or "hide-input" in cell.metadata.get("tags", [])


def printed(cell):
    """Return what a cell of code wrote: no pictures, no sources of widgets."""
    found = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", [])]
    return "\n".join("".join(each) for each in found)


@every_lesson
def test_a_lesson_has_sixty_cells_or_fewer(path):
    assert len(cells(path)) <= CELLS, f"{path.name} has {len(cells(path))} cells: put words together, fold what draws"


@every_lesson
def test_code_over_fifteen_lines_is_folded(path):
    long = [(cell.id, len(cell.source.splitlines())) for cell in cells(path) if cell.cell_type == "code" and not folded(cell)]
    assert not [each for each in long if each[1] > LINES], "fold it (tag hide-input, jupyter.source_hidden), or shorten it"


@every_lesson
def test_no_number_is_printed_with_digits_that_mean_nothing(path):
    found = [(cell.id, number) for cell in cells(path) for number in DIGITS.findall(printed(cell))]
    assert not found, f"round them: {found[:5]}"
