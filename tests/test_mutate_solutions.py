"""The script that mutates the exercises' solutions: it sees weak checks and strict ones, and lesson 5 stands up to it."""

import ast
import importlib.util
import sys

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.course.checks.exercise import NotYet, exercise, numbers


@pytest.fixture(scope="module")
def tool(repository):
    """tools/mutate_solutions.py as a module."""
    sys.path.insert(0, str(repository / "tools"))
    spec = importlib.util.spec_from_file_location("mutate_solutions", repository / "tools" / "mutate_solutions.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(repository / "tools"))


def made(solution, examine):
    return exercise(hint="Think of it.", solution=solution, wrong=["answer = 0", "answer = 1"])(examine)


MEAN = "def answer(values, axis):\n    return np.mean(values, axis=axis) - 1"


def test_a_check_that_accepts_everything_is_seen(tool):
    number, wrong = tool.judge(made(MEAN, lambda answer: "fine"), 50)  # the function is not even called
    assert len(wrong) >= number - 1 > 4  # the one that gives no function at all is the other

    def once(answer):
        answer(np.arange(6.0).reshape(2, 3), 0)
        return "fine"

    _, wrong = tool.judge(made(MEAN, once), 50)
    assert {why for *_, why in wrong} == {"gives another result and is accepted"} and len(wrong) >= 5


def test_a_check_on_square_data_of_one_value_is_seen_and_a_good_one_is_not(tool):
    def weak(answer):
        if not np.allclose(answer(np.ones((2, 2)), 0), 0):
            raise NotYet("no")
        return "yes"

    def strong(answer):
        values = np.arange(6.0).reshape(2, 3)
        for axis in (0, 1):
            given, right = numbers(answer(values, axis)), values.mean(axis=axis) - 1
            if given.shape != right.shape or not np.allclose(given, right):
                raise NotYet("no")
        return "yes"

    assert tool.judge(made(MEAN, weak), 50)[1]
    assert not tool.judge(made(MEAN, strong), 50)[1]


def test_a_check_that_refuses_another_way_to_write_it_is_seen(tool):
    def letter_for_letter(answer):
        if repr(answer) != "0.5":
            raise NotYet("no")
        return "yes"

    _, wrong = tool.judge(made("answer = 1 * 0.5", letter_for_letter), 50)
    assert not wrong
    solution = made("answer = [1, 2.0][1] / 4", lambda answer: "yes" if type(answer) is float and answer == 0.5 else 1 / 0)
    number, wrong = tool.judge(solution, 50)
    assert number > 3 and not wrong


def test_what_is_changed(tool):
    code = "def answer(a, b):\n    c = a.sum(axis=0) / (b - 2)\n    c = -c\n    return c if a < b and b else a | b"
    changes = " ".join(change for change, _ in tool.mutants(ast.parse(code)))
    for part in ("Div becomes Mult", "Sub becomes Add", "sides of Sub swapped", "axis= left out", "0 becomes 1", "USub dropped"):
        assert part in changes
    for part in (
        "sum becomes mean",
        "a becomes b",
        "Lt becomes LtE",
        "becomes Or",
        "BitOr becomes BitAnd",
        "step 1 left out",
        "swapped",
    ):
        assert part in changes


def test_a_mutant_that_never_ends_is_stopped(tool, monkeypatch):
    monkeypatch.setattr(tool, "SECONDS", 1)
    endless = "def answer(n):\n    i = 0\n    while i < n:\n        i = i + 1\n    return i"

    def examine(answer):
        if [answer(n) for n in (0, 3, 5)] != [0, 3, 5]:
            raise NotYet("no")
        return "yes"

    number, wrong = tool.judge(made(endless, examine), 50)
    assert number > 5 and not wrong


@pytest.mark.parametrize("name", ["by_hand", "how_many", "debug", "implement", "judge"])
def test_the_checks_of_lesson_5_tell_every_mutant(tool, name):
    number, wrong = tool.judge(getattr(xh.check.anchor_explanations, name), 200)
    assert len(wrong) <= 0.05 * number, wrong
