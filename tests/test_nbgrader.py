"""The exercises of a lesson as an nbgrader assignment: handed out, answered by four learners, graded by nbgrader itself."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import xaihelpers as xh

LESSON = "01_grad_cam"
NAMES = ["by_hand", "rather_than", "implement", "judge", "unused"]
POINTS = {"by_hand": 1, "rather_than": 2, "implement": 2, "judge": 3, "unused": 3}  # easy, medium, medium, hard, hard
RIGHT = {name: str(getattr(xh.check.grad_cam, name).solution()) for name in NAMES}
WRONG = {name: getattr(xh.check.grad_cam, name).wrong[0] for name in NAMES}
LEARNERS = {
    "all_right": RIGHT,
    "half_right": {**RIGHT, "rather_than": "answer = None", "implement": WRONG["implement"]},
    "first_then_errors": {**dict.fromkeys(NAMES, "answer = undefined"), "by_hand": RIGHT["by_hand"]},
    "untouched": {},
}
EXPECTED = {"all_right": 11, "half_right": 7, "first_then_errors": 1, "untouched": 0}


@pytest.fixture(scope="module")
def tool(repository):
    """classroom/assignment.py as a module."""
    spec = importlib.util.spec_from_file_location("assignment", repository / "classroom" / "assignment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lessons_with_exercises(repository):
    paths = sorted((repository / "notebooks").glob("[0-9]*.ipynb"))
    return [path for path in paths if "xh.check." in path.read_text(encoding="utf-8")]


def test_every_exercise_of_every_lesson_becomes_an_answer_cell_and_a_test_of_one_line(tool, repository):
    seen = set()
    for path in lessons_with_exercises(repository):
        made = tool.assignment(nbformat.read(path, as_version=4))
        nbformat.validate(made)
        text, answers, tests = made.cells[2::3], made.cells[3::3], made.cells[4::3]
        assert answers and len(text) == len(answers) == len(tests), path.name
        for question, answer, test in zip(text, answers, tests):
            assert question.cell_type == "markdown" and question.source.startswith("**") and "<details>" not in question.source
            assert answer.metadata.nbgrader.solution and not answer.metadata.nbgrader.grade
            assert answer.source.startswith("answer = ...") and answer.source.count("### BEGIN SOLUTION") == 1
            assert test.metadata.nbgrader.grade and test.metadata.nbgrader.locked and test.metadata.nbgrader.points in (1, 2, 3)
            assert test.source.count("\n") == 0 and test.source.endswith("(answer).require()")
            seen.add(test.source.removesuffix("(answer).require()").removeprefix("xh.check."))
    for lesson in xh.check.lessons():
        exercises = vars(getattr(xh.check, lesson)).items()
        assert {f"{lesson}.{name}" for name, each in exercises if type(each).__name__ == "Exercise"} <= seen, lesson


def test_the_same_lesson_gives_the_same_file(tool, repository):
    notebook = nbformat.read(repository / "notebooks" / f"{LESSON}.ipynb", as_version=4)
    assert nbformat.writes(tool.assignment(notebook)) == nbformat.writes(tool.assignment(notebook))


def test_what_is_wrong_is_said_in_a_sentence(tool, tmp_path, monkeypatch):
    assert "There is no lesson '77': choose from 00, 01" in tool.main(["77", "--course", str(tmp_path)])
    assert tool.main(["01", "--course", str(tmp_path)]) == 0
    assert "delete it first" in tool.main(["01", "--course", str(tmp_path)])  # a teacher's changes are not overwritten
    said = tool.main(["77", "01", "03", "--course", str(tmp_path)])
    assert "no lesson '77'" in said and "delete it first" in said  # and the third is made all the same
    assert [path.name for path in sorted((tmp_path / "source").iterdir())] == ["01_grad_cam", "03_rise"]
    assert "no lesson" in tool.main(["77", "--course", str(tmp_path / "none")]) and not (tmp_path / "none").exists()
    cells = [nbformat.v4.new_code_cell(code) for code in ("answer = ...", "xh.check.grad_cam.by_hand(answer)")]
    without = nbformat.v4.new_notebook(cells=cells)
    with pytest.raises(ValueError, match=r"Before xh.check.grad_cam.by_hand there is no heading"):
        tool.tasks(without)


@pytest.fixture(scope="module")
def graded(tool, tmp_path_factory):
    """nbgrader's course folder, after the assignment was made, released, handed in by four learners, and graded."""
    pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install nbgrader")
    course = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        # nbgrader calls alembic by its name, as it finds it where the environment is active.
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        yield grade(tool, course)


def grade(tool, course):
    """Make the assignment, release it, hand it in for each learner, and let nbgrader grade; return the course folder."""
    assert tool.main(["01", "--course", str(course)]) == 0
    nbgrader(course, "generate_assignment", LESSON)
    released = course / "release" / LESSON / f"{LESSON}.ipynb"
    for learner, answers in LEARNERS.items():
        handed_in = course / "submitted" / learner / LESSON / f"{LESSON}.ipynb"
        handed_in.parent.mkdir(parents=True)
        notebook = nbformat.read(released, as_version=4)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in answers:
                cell.source = answers[name]
        nbformat.write(notebook, handed_in)
    nbgrader(course, "autograde", LESSON)
    return course


def nbgrader(course, *command):
    done = subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=course, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.slow
def test_learners_get_the_questions_without_the_solutions(graded):
    notebook = nbformat.read(graded / "release" / LESSON / f"{LESSON}.ipynb", as_version=4)
    cells = {cell.metadata.nbgrader.grade_id: cell.source for cell in notebook.cells if "nbgrader" in cell.metadata}
    assert cells["judge"] == 'answer = ...  # "a", "b", "c" or "d"\n# your answer goes in place of the dots'
    assert not any("SOLUTION" in cell.source or "tabby - egyptian" in cell.source for cell in notebook.cells)
    assert cells["judge_test"] == "xh.check.grad_cam.judge(answer).require()"


@pytest.mark.slow
def test_nbgrader_gives_the_points_that_the_answers_deserve(graded):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{graded / 'gradebook.db'}") as book:
        scores, by_cell = {}, {}
        for learner in LEARNERS:
            (submission,) = book.find_submission(LESSON, learner).notebooks
            assert submission.max_score == sum(POINTS.values()) and not submission.needs_manual_grade
            scores[learner] = submission.score
            by_cell[learner] = {grade.name.removesuffix("_test"): grade.auto_score for grade in submission.grades}
    assert scores == EXPECTED
    assert by_cell["half_right"] == {"by_hand": 1, "rather_than": 0, "implement": 0, "judge": 3, "unused": 3}


@pytest.mark.slow
def test_a_wrong_answer_shows_the_hint_and_a_right_one_nothing(graded):
    notebook = nbformat.read(graded / "autograded" / "half_right" / LESSON / f"{LESSON}.ipynb", as_version=4)
    outputs = {
        cell.metadata.nbgrader.grade_id: cell.outputs
        for cell in notebook.cells
        if "nbgrader" in cell.metadata and "outputs" in cell
    }
    assert outputs["by_hand_test"] == outputs["judge_test"] == []
    (error,) = outputs["implement_test"]
    assert error.ename == "AssertionError" and error.evalue.startswith("not yet: You multiply place by place")
    (error,) = outputs["rather_than_test"]
    assert error.evalue.startswith("not attempted: Replace the dots")
