"""Every solution passes, every near miss is refused with a hint of its own, and the lessons show the same solutions."""

import functools
import re

import nbformat
import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.course.checks.exercise import (
    Exercise,
    NotYet,
    as_written,
    attribution,
    choice,
    choices,
    exercise,
    letter,
    numbers,
)


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


ALSO_RIGHT = {
    "deep_dream.implement": """
def answer(small, dreamt, large, enlarge):
    return np.clip(large + enlarge(dreamt - small), 0, 255)  # as the lesson's own loop does
""",
    "saliency_maps.implement": """
def answer(gradient_at, x, baseline, stop, steps):
    def piece(a, b):
        at = [gradient_at((1 - t) * a + t * b) for t in np.linspace(0, 1, steps + 1)]
        return (b - a) * (np.sum(at, axis=0) - (at[0] + at[-1]) / 2) / steps

    return piece(baseline, stop) + piece(stop, x)
""",
}


@pytest.mark.parametrize("name", ALSO_RIGHT)
def test_a_right_answer_in_another_form_is_right(name):
    EXERCISES[name](run(ALSO_RIGHT[name])).require()


@pytest.fixture(scope="module")
def loaded_once():
    """The networks of the course, by name, each loaded once: loading one takes longer than most answers do."""
    return functools.cache(xh.zoo.load_classifier)


@pytest.mark.parametrize("name", EXERCISES)
def test_wrong_answers_are_refused_with_a_hint(name, loaded_once, monkeypatch):
    monkeypatch.setattr(xh.zoo, "load_classifier", loaded_once)  # the check takes it from here,
    monkeypatch.setattr(xh, "load_classifier", loaded_once, raising=False)  # and the answers from there
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


# -- answers in any notation that a person writes --------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["b", "B", "(b)", "b)", "b.", " b ", "**b**", "[b]", "answer: b", "Option b", ["b"], ("B",)])
def test_an_option_may_be_written_in_many_ways(answer):
    assert letter(answer) == "b"
    choice(answer, "b", {"a": "no"})
    with pytest.raises(NotYet, match="^because$"):
        choice(answer, "a", {"b": "because"})


@pytest.mark.parametrize("answer", ["ab", "the b", "2", 2, "", ["a", "b"], {"b": 1, "c": 2}])
def test_what_names_no_single_option_is_refused(answer):
    with pytest.raises(NotYet, match="choose one of a, b"):
        choice(answer, "b", {"a": "no"})


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        ("3", 3),
        ("-0.5", -0.5),
        ("−0.5", -0.5),
        (".5", 0.5),
        ("0,5", 0.5),
        ("1/4", 0.25),
        ("12 %", 0.12),
        ("12%", 0.12),
        ("1,234", 1234),
        ("1,234,567.5", 1234567.5),
        ("2e-3", 0.002),
        ([3], 3),
        (np.float32(3), 3),
        ("[3]", 3),
    ],
)
def test_a_number_may_be_written_in_many_ways(answer, meant):
    assert numbers(answer, ()) == pytest.approx(meant) and numbers(answer, ()).shape == ()


@pytest.mark.parametrize(
    "answer",
    [
        "3, 3, -3, -3",
        "3 3 -3 -3",
        "3,3,-3,-3",
        "[3, 3, −3, −3]",
        "3; 3; -3; -3",
        (3, 3, -3, -3),
        [[3, 3, -3, -3]],
        [[3], [3], [-3], [-3]],
        {"a": 3, "b": 3, "c": -3, "d": -3},
        range(0),
    ],
)
def test_a_row_of_numbers_may_be_written_in_many_ways(answer):
    if len(answer):
        assert numbers(answer, (4,)).tolist() == [3, 3, -3, -3]
    else:
        with pytest.raises(NotYet, match="shape"):
            numbers(answer, (4,))


@pytest.mark.parametrize("answer", ["three", "3 apples", "", "1/0", [[1, 2], [3]], object(), "nan"])
def test_what_is_no_number_is_refused(answer):
    with pytest.raises(NotYet):
        numbers(answer, ())


@pytest.mark.parametrize(
    "answer", [{1: "a", 2: "c"}, {"1": "(a)", "2": "C."}, ["a", "c"], "a, c", "1a 2c", "1: a; 2: c", "(a) (c)", "ac"]
)
def test_several_options_may_be_written_in_many_ways(answer):
    if answer == "ac":
        answer = "a c"
    options = {1: {"b": "not b"}, 2: {"a": "not a", "b": "not b"}}
    choices(answer, {1: "a", 2: "c"}, options)
    with pytest.raises(NotYet, match="^1: 'a' is none"):
        choices(answer, {1: "b", 2: "c"}, options)
    with pytest.raises(NotYet, match="Nothing is said of 3"):
        choices(answer, {1: "a", 2: "c", 3: "a"}, options)


def test_what_was_asked_for_is_looked_at_before_the_map():
    from xaihelpers.results import Attribution, Cost

    image = np.zeros((4, 6, 3), np.uint8)
    made = Attribution(
        method="occlusion",
        target=0,
        class_name="cat",
        parameters={"patch": 2, "fill": "mean"},
        cost=Cost(1, 0, 0.1),
        heatmap=np.ones((4, 6), np.float32),
        image=image,
    )
    assert attribution(made, "occlusion", "cat", {"patch": 2}, image).shape == (4, 6)
    for asked, hint in [
        (("rise", "cat", {}), "a map of occlusion. Asked for: rise"),
        (("occlusion", "dog", {}), "explains 'cat'. Asked for: 'dog'"),
        (("occlusion", "cat", {"patch": 3, "fill": "mean"}), "You have patch = 2. Asked for: patch = 3, fill = 'mean'"),
        (("occlusion", "cat", {"patch": 2}, image + 1), "another image"),
    ]:
        with pytest.raises(NotYet, match=re.escape(hint)):
            attribution(made, *asked)


def test_an_answer_rounded_to_two_places_is_right():
    assert [xh.check.lime.three_gone(each).correct for each in ("0.36, 0.42", [0.36, 0.44], [0.38, 0.42])] == [True, False, False]


@pytest.mark.parametrize("given", [0.67, 0.672, 0.6722, 0.67222, 85 / 180 + 0.2])
def test_a_number_may_be_written_with_two_decimals_or_more(given):
    assert as_written([given], [85 / 180 + 0.2])


@pytest.mark.parametrize("given", [0.66, 0.667, 0.68, 0.7, 0.6728, 85 / 182 + 0.2])
def test_a_number_near_by_is_not_the_right_one_in_fewer_decimals(given):
    assert not as_written([given], [85 / 180 + 0.2])
    assert not as_written([given, given], [85 / 180 + 0.2])
