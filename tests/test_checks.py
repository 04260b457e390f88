"""Every solution passes, every near miss is refused with a hint of its own, and the lessons show the same solutions."""

import re

import nbformat
import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.course.checks.exercise import Exercise, NotYet, exercise


def exercises():
    found = {}
    for lesson in xh.check.lessons():
        module = getattr(xh.check, lesson)
        found |= {f"{lesson}.{name}": each for name, each in vars(module).items() if isinstance(each, Exercise)}
    return found


EXERCISES = exercises()


def run(code):
    """Return what a piece of code calls `answer`."""
    namespace = {"xh": xh, "np": np}
    exec(code, namespace)
    return namespace["answer"]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_correct(name):
    verdict = EXERCISES[name](run(EXERCISES[name].solution()))
    verdict.require()
    assert verdict.words


@pytest.mark.parametrize("name", EXERCISES)
def test_wrong_answers_are_refused_with_a_hint(name):
    each = EXERCISES[name]
    assert len(each.wrong) >= 2
    for code in each.wrong:
        verdict = each(run(code))
        assert verdict.status == "not yet" and verdict.words, code
        assert "stopped with" not in verdict.words, f"{code}: no hint of our own, only {verdict.words}"


@pytest.mark.parametrize("name", EXERCISES)
def test_dots_are_not_attempted_and_there_is_a_hint(name):
    assert EXERCISES[name](...).status == EXERCISES[name](None).status == EXERCISES[name]().status == "not attempted"
    assert len(EXERCISES[name].hint()) > 20 and EXERCISES[name].__doc__


def test_the_lessons_show_the_same_solutions(repository):
    """Each exercise stands in a lesson, with its solution in a folded block, to the letter."""
    cells = [
        cell.source
        for path in sorted((repository / "notebooks").glob("*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
    ]
    code = "\n".join(cells)
    folded = [m.strip() for m in re.findall(r"<details>.*?```python\n(.*?)```", code, flags=re.S)]
    for name, each in EXERCISES.items():
        assert f"xh.check.{name}(" in code, f"{name} is in no lesson"
        assert str(each.solution()) in folded, f"{name}: no folded block has its solution"


def test_an_exercise_must_name_two_wrong_answers():
    with pytest.raises(ValueError, match="two or more"):
        exercise(hint="h", solution="answer = 1", wrong=["answer = 2"])(lambda answer: "right")


def test_what_a_verdict_does():
    def examine(answer):
        if answer != 1:
            raise NotYet(f"not {answer}")
        return "one"

    one = exercise(hint="It is small.", solution="answer = 1", wrong=["answer = 2", "answer = 3"])(examine)
    one(1).require()
    with pytest.raises(AssertionError, match="not yet: not 2"):
        one(2).require()
    assert "Correct." in one(1)._repr_html_() and one(1).correct
    assert one(np.zeros(3)).status == "not yet"  # a comparison of arrays raises inside the check: never a traceback
    assert repr(one.hint()) == "It is small." and "<pre>" in one.solution()._repr_html_()


def test_unknown_lessons_list_what_there_is():
    with pytest.raises(AttributeError, match="grad_cam"):
        xh.check.gradcam  # noqa: B018
