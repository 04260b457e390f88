"""Turn the exercises of a lesson into an assignment that nbgrader hands out and grades.

    python classroom/assignment.py 01 --course my_course

writes my_course/source/01_grad_cam/01_grad_cam.ipynb: a short notebook with the exercises of that lesson and nothing
that takes long to run. Each exercise is a cell for the answer, with the solution in a region that nbgrader takes out
again, and a test cell of one line with points: 1 for an easy exercise, 2 for a medium, 3 for a hard one.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

import xaihelpers as xh

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
POINTS = {"easy": 1, "medium": 2, "hard": 3}
CHECK = re.compile(r"xh\.check\.(\w+)\.(\w+)\(answer\)")
FOLDED = re.compile(r"<details>.*?</details>\s*", re.S)
HEADING = re.compile(r"\*\*\d+ · .*?\*\* \((\w+), \d+ minutes\)")
HEAD = """\
# Exercises: {title}

Work with the lesson open beside this notebook. Put your answer in place of the dots and run both cells: the second one says
nothing when the answer is right, and gives a hint when it is not yet."""
CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = {course!r}
# What stands in the handed-out notebook where the solution was; the line `answer = ...` above it stays.
c.ClearSolutions.code_stub = {{"python": "# your answer goes in place of the dots"}}
"""


class Task(NamedTuple):
    """One exercise of a lesson. text: what is asked, in Markdown; start: the line with the dots; points: a number."""

    lesson: str
    name: str
    text: str
    start: str
    points: int

    @property
    def solution(self):
        """The code that sets `answer`, as the lesson's folded block shows it."""
        return str(getattr(getattr(xh.check, self.lesson), self.name).solution())


def tasks(notebook):
    """Return the exercises of a lesson's notebook, in order."""
    found = []
    for before, cell in zip(notebook.cells, notebook.cells[1:]):
        check = CHECK.search(cell.source)
        if cell.cell_type != "code" or not check:
            continue
        text = FOLDED.sub("", before.source)
        heading = HEADING.search(text)
        if heading is None or heading[1] not in POINTS:
            raise ValueError(
                f"Before xh.check.{check[1]}.{check[2]} there is no heading such as '**1 · Predict** (easy, 5 minutes)'."
            )
        start = next(line for line in cell.source.splitlines() if line.startswith("answer = ..."))
        found.append(Task(check[1], check[2], text[heading.start() :].strip(), start, POINTS[heading[1]]))
    return found


def assignment(notebook):
    """Return the source notebook of an assignment: for each exercise its text, a cell for the answer, and a test cell."""
    title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
    made = nbformat.v4.new_notebook()
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made.cells = [
        nbformat.v4.new_markdown_cell(HEAD.format(title=title), id="head"),
        nbformat.v4.new_code_cell(setup_cell(notebook), id="setup"),
    ]
    for task in tasks(notebook):
        answer = f"{task.start}\n### BEGIN SOLUTION\n{task.solution}\n### END SOLUTION"
        test = f"xh.check.{task.lesson}.{task.name}(answer).require()"
        made.cells += [
            nbformat.v4.new_markdown_cell(task.text, id=f"{task.name}_text"),
            graded_cell(answer, task.name, solution=True),
            graded_cell(test, f"{task.name}_test", points=task.points),
        ]
    return made


def setup_cell(notebook):
    """Return the lesson's set-up cell, word for word, and what every exercise imports."""
    for cell in notebook.cells:
        if cell.id == "setup":
            return f"{cell.source}\n\nimport numpy as np\n\nimport xaihelpers as xh"
    raise ValueError("The notebook has no set-up cell: a cell with the id 'setup', as in the other lessons.")


def graded_cell(source, name, solution=False, points=None):
    """Return a code cell that nbgrader knows: one that learners fill in, or (with points) one that grades and is locked."""
    marks = {
        "schema_version": 3,
        "grade_id": name,
        "solution": solution,
        "grade": points is not None,
        "locked": points is not None,
        "task": False,
        "cell_type": "code",
    }
    if points is not None:
        marks["points"] = points
    return nbformat.v4.new_code_cell(source, id=name, metadata={"nbgrader": marks})


def write(number, course):
    """Write the assignment of one lesson into nbgrader's course folder; return a line that says where, and how many points."""
    paths = {path.name[:2]: path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}
    if number not in paths:
        raise ValueError(f"There is no lesson {number!r}: choose from {', '.join(paths)}.")
    made = assignment(nbformat.read(paths[number], as_version=4))
    points = [cell.metadata.nbgrader.points for cell in made.cells if "points" in cell.metadata.get("nbgrader", {})]
    if not points:
        raise ValueError(f"Lesson {number} has no exercises that check themselves.")
    path = course / "source" / paths[number].stem / paths[number].name
    if path.exists():
        raise ValueError(f"{path} is there already, perhaps with your own changes: delete it first to have it made anew.")
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)
    return f"{path}: {len(points)} exercises, {sum(points)} points"


def main(arguments=None):
    """Write the assignment of each lesson that is named; return 0, or a sentence about each that was not written."""
    parser = argparse.ArgumentParser(description="Turn the exercises of a lesson into an nbgrader assignment.")
    parser.add_argument("lesson", nargs="+", help="the number of a lesson, such as 01")
    parser.add_argument("--course", type=Path, default=Path("course"), help="nbgrader's course folder (default: %(default)s)")
    options = parser.parse_args(arguments)
    wrong = []
    for number in options.lesson:  # one that is there already, or no lesson, keeps no other from being made
        try:
            print(write(number, options.course))
        except ValueError as error:
            wrong.append(str(error))
    config = options.course / "nbgrader_config.py"
    if not config.exists() and (options.course / "source").exists():
        config.write_text(CONFIG.format(course=options.course.resolve().name), encoding="utf-8")
    return "\n".join(wrong) or 0


if __name__ == "__main__":
    sys.exit(main())
