"""Anchors: exact on toy rules, equal to alibi, the empty anchor explained, one sentence without alibi."""

import logging
import sys

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.methods.shared.superpixels import segment

pytest.importorskip("alibi")

SIZE = 12
RNG = np.random.default_rng(5)
IMAGE = RNG.uniform(60, 235, (SIZE, SIZE, 3)).astype(np.float32)
NINE = segment(IMAGE, "grid", 9)


def two(function):
    return xh.Classifier(function, class_names=["no", "yes"])


def numpys_generator():
    """The state of numpy's global generator, which alibi draws from and learners may too."""
    return np.random.get_state()[1].copy()  # noqa: NPY002


def needs(*superpixels):
    """A network that says yes while all of these superpixels are uncovered."""

    def network(images):
        yes = np.all([np.abs(images - IMAGE)[:, k == NINE].max(axis=(1, 2)) < 1e-3 for k in superpixels], axis=0)
        return np.stack([~yes, yes], axis=1).astype(np.float32)

    return network


@pytest.mark.parametrize("fill", ["segment mean", "mean", "black", 30, np.full((3, SIZE, SIZE, 3), 40)])
@pytest.mark.parametrize("one", [0, 4, 8])
def test_a_network_that_looks_at_one_superpixel_gives_exactly_that_anchor(one, fill):
    found = xh.anchors(two(needs(one)), IMAGE, segments=NINE, fill=fill)
    assert found.details["anchor"] == [one]
    assert found.details["precision"] == 1
    assert found.details["coverage"] == pytest.approx(0.5, abs=0.02)  # of 10,000 samples
    assert np.array_equal(found.heatmap, one == NINE)
    assert found.diagnostics == ()


def test_a_network_that_needs_three_superpixels_gives_those_three():
    found = xh.anchors(two(needs(1, 3, 8)), IMAGE, segments=NINE, threshold=0.95)
    assert sorted(found.details["anchor"]) == [1, 3, 8]
    assert found.details["precision"] == 1
    assert found.details["coverage"] == pytest.approx(1 / 8, abs=0.02)
    sizes, precisions, coverages = zip(*found.details["steps"])
    assert [len(s) for s in sizes] == [0, 1, 2, 3]
    np.testing.assert_allclose(precisions, [1 / 8, 1 / 4, 1 / 2, 1], atol=0.12)
    np.testing.assert_allclose(coverages, [1, 1 / 2, 1 / 4, 1 / 8], atol=0.02)


@pytest.mark.parametrize("threshold", [0.5, 0.95, 0.99])
def test_a_constant_network_gives_the_empty_anchor_and_says_what_it_means(threshold):
    with pytest.warns(xh.DiagnosticWarning, match="no superpixel is needed"):
        found = xh.anchors(two(lambda x: np.tile([0.3, 0.7], (len(x), 1))), IMAGE, segments=NINE, threshold=threshold)
    assert found.details["anchor"] == []
    assert (found.details["precision"], found.details["coverage"]) == (1, 1)
    assert not found.heatmap.any()


def votes(images):
    """A smooth network: every superpixel votes for yes as far as it is what it was."""
    unchanged = np.stack([np.exp(-np.abs(images - IMAGE)[:, k == NINE].mean(axis=(1, 2)) / 20) for k in range(9)], axis=1)
    yes = 1 / (1 + np.exp(-4 * (unchanged @ np.linspace(-0.1, 1, 9) - 2.5)))
    return np.stack([1 - yes, yes], axis=1).astype(np.float32)


@pytest.mark.parametrize("background", [None, np.float32(RNG.uniform(0, 255, (4, SIZE, SIZE, 3)))])
@pytest.mark.parametrize(("threshold", "beam_size", "seed"), [(0.95, 1, 0), (0.8, 2, 3), (0.7, 1, 9)])
def test_equal_to_alibi_called_by_hand(background, threshold, beam_size, seed):
    from alibi.explainers import AnchorImage

    ours = xh.anchors(
        two(votes),
        IMAGE,
        segments=NINE,
        fill="segment mean" if background is None else background,
        threshold=threshold,
        beam_size=beam_size,
        seed=seed,
        round_size=50,
    )
    alibi = AnchorImage(votes, IMAGE.shape, segmentation_fn=lambda image: NINE, images_background=background, seed=seed)
    theirs = alibi.explain(IMAGE, threshold=threshold, beam_size=beam_size, batch_size=50)
    assert ours.details["anchor"] == theirs.raw["feature"]
    assert len(ours.details["anchor"]) >= 1
    assert ours.details["precision"] == theirs.precision
    assert ours.details["coverage"] == theirs.coverage
    assert [p for _, p, _ in ours.details["steps"][1:]] == theirs.raw["precision"]


def test_the_parameters_give_the_same_anchor_again_and_numpys_generator_is_left_alone():
    before = numpys_generator()
    first = xh.anchors(two(votes), IMAGE, segments=NINE, threshold=0.8)
    again = xh.METHODS["anchors"].function(two(votes), first.image, first.target, **first.parameters)
    assert first.details["steps"] == again.details["steps"]
    assert np.array_equal(before, numpys_generator())


def test_the_cost_counts_every_question():
    asked = []

    def counting(images):
        asked.append(len(images))
        return votes(images)

    found = xh.anchors(two(counting), IMAGE, segments=NINE, threshold=0.8, batch_size=32)
    assert found.forward_passes == sum(asked)
    assert max(asked) == 32


def test_another_class_than_the_decision_has_no_anchor():
    with pytest.warns(xh.DiagnosticWarning, match="decides for 'yes' here, not 'no'"):
        found = xh.anchors(two(needs(2)), IMAGE, "no", segments=NINE)
    assert (found.class_name, found.forward_passes, found.details["anchor"]) == ("no", 1, [])


def test_a_threshold_out_of_reach_gives_the_best_and_says_so():
    rng = np.random.default_rng(0)

    def moody(images):
        yes = (rng.uniform(size=len(images)) < 0.6) | (len(images) == 1)
        return np.stack([~yes, yes], axis=1).astype(np.float32)

    with pytest.warns(xh.DiagnosticWarning, match="No anchor reaches precision 0.9"):
        found = xh.anchors(two(moody), IMAGE, segments=segment(IMAGE, "grid", 4), threshold=0.9)
    assert found.details["precision"] < 0.9


def test_the_search_stops_at_max_questions_with_the_best_so_far():
    with pytest.warns(xh.DiagnosticWarning, match="stopped after 250 questions"):
        found = xh.anchors(two(needs(1, 3, 8)), IMAGE, segments=NINE, max_questions=250)
    assert found.forward_passes <= 251
    assert 0 < found.details["precision"] < 1


def test_an_anchor_that_adds_nothing_says_so():
    def nearly_constant(images):
        """Says yes in 31 of 32 samples: between the lower bound that 100 samples give and their mean."""
        yes = ~np.all([images[:, k == NINE].max(axis=(1, 2)) == 0 for k in range(5)], axis=0)
        return np.stack([~yes, yes], axis=1).astype(np.float32)

    with pytest.warns(xh.DiagnosticWarning, match="add next to nothing"):
        found = xh.anchors(two(nearly_constant), IMAGE, segments=NINE, fill="black", threshold=0.96)
    assert len(found.details["anchor"]) >= 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"threshold": 0}, "threshold is 0"),
        ({"threshold": 1}, "threshold is 1"),
        ({"threshold": "high"}, "threshold is 'high'"),
        ({"delta": 0}, "delta is 0"),
        ({"tau": 1.5}, "tau is 1.5"),
        ({"beam_size": 0}, "beam_size is 0"),
        ({"round_size": -1}, "round_size is -1"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"max_questions": 10}, "max_questions is 10"),
        ({"n_segments": 1}, "n_segments is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"fill": "pink"}, "fill is 'pink': give 'segment mean', 'mean'"),
        ({"fill": np.zeros((2, 5, 5, 3))}, "in the size of the image"),
        ({"fill": np.zeros((0, SIZE, SIZE, 3))}, "no images"),
        ({"fill": np.full((2, SIZE, SIZE, 3), np.nan)}, "NaN"),
        ({"segments": NINE[:5]}, "one label a pixel"),
    ],
)
def test_bad_arguments_are_refused_before_the_network_is_asked(arguments, words):
    def never(images):
        raise AssertionError("the network was asked")

    with pytest.raises(ValueError, match=words) as caught:
        xh.anchors(two(never), IMAGE, **{"segments": NINE, **arguments})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: np.ones(len(x)), "returned shape"),
        (lambda x: np.full((len(x), 2), np.nan), "NaN"),
        (lambda x: np.full((len(x), 2), 0.9), "add up to 1"),
    ],
)
def test_rubbish_from_the_callable_is_named_at_once(answer, words):
    with pytest.raises(ValueError, match=words):
        xh.anchors(xh.Classifier(answer), IMAGE, segments=NINE)


@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), KeyboardInterrupt()])
def test_an_exception_or_an_interruption_comes_through_and_leaves_nothing_broken(error):
    calls, log = [], logging.getLogger("alibi")

    def failing(images):
        calls.append(1)
        if len(calls) == 3:
            raise error
        return votes(images)

    before, level = numpys_generator(), log.level
    with pytest.raises(type(error)):
        xh.anchors(two(failing), IMAGE, segments=NINE)
    assert np.array_equal(before, numpys_generator())
    assert log.level == level
    assert xh.anchors(two(failing), IMAGE, segments=NINE, threshold=0.8).details["anchor"]


def test_without_alibi_one_sentence_says_how_to_get_it(monkeypatch):
    def never(images):
        raise AssertionError("the network was asked")

    monkeypatch.setitem(sys.modules, "alibi.explainers.anchors.anchor_base", None)
    with pytest.raises(ImportError, match=r'pip install "xaihelpers\[anchors\]"') as caught:
        xh.anchors(two(never), IMAGE, segments=NINE)
    assert "\n" not in str(caught.value)


def test_progress_says_the_price_and_an_interruption_keeps_the_best_so_far(capsys):
    calls = []

    def interrupted(images):
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return needs(1, 3, 8)(images)

    with pytest.warns(xh.DiagnosticWarning, match=r"Interrupted after \d+ questions: this is the best candidate so far"):
        found = xh.anchors(two(interrupted), IMAGE, segments=NINE, progress=True)
    assert "at most 20,000 questions" in capsys.readouterr().out
    assert len(found.details["anchor"]) >= 1 and set(found.details["anchor"]) <= {1, 3, 8}
    assert 0 < found.details["precision"] < 1


def test_the_lesson_without_alibi_works_up_to_the_helper_and_so_do_its_exercises(monkeypatch, repository):
    nbformat = pytest.importorskip("nbformat")
    for name in [name for name in sys.modules if name.split(".")[0] == "alibi"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "alibi", None)
    lesson = nbformat.read(repository / "notebooks" / "05_anchor_explanations.ipynb", as_version=4)
    cells = [cell.source for cell in lesson.cells if cell.cell_type == "code"]
    helper = next(i for i, source in enumerate(cells) if "xh.anchors(" in source)
    exercises = [source for source in cells[helper:] if "xh.check." in source]
    here = {}
    for source in cells[:helper]:
        exec(source, here)
    with pytest.raises(ImportError, match=r'pip install "xaihelpers\[anchors\]"'):
        exec(cells[helper], here)
    assert len(exercises) == 4
    for source in exercises:
        exec(source, here)
