"""Anchors: exact on toy rules, the same as alibi's, a failed search that shows itself, one sentence without alibi."""

import itertools
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers._quiet import without_warnings
from xaihelpers.methods.shared.superpixels import segment

FOLDER = Path(__file__).parent
SIZE = 12
RNG = np.random.default_rng(5)
IMAGE = RNG.uniform(60, 235, (SIZE, SIZE, 3)).astype(np.float32)
NINE = segment(IMAGE, "grid", 9)


def two(function):
    return xh.Classifier(function, class_names=["no", "yes"])


def numpys_generator():
    """The state of numpy's global generator, which learners may draw from."""
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


BACKGROUNDS = [None, np.float32(RNG.uniform(0, 255, (4, SIZE, SIZE, 3)))]


def by_hand(network, image, labels, background=None, seed=0, **options):
    """alibi's own explainer, from beginning to end, and how many questions it asked."""
    AnchorImage = pytest.importorskip("alibi.explainers").AnchorImage
    asked = []

    def counting(images):
        asked.append(len(images))
        return network(images)

    alibi = AnchorImage(counting, image.shape, segmentation_fn=lambda _: labels, images_background=background, seed=seed)
    return alibi.explain(np.float32(image), **options), sum(asked)


@pytest.mark.parametrize("engine", ["own", "alibi"])
@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize(("threshold", "beam_size", "seed"), [(0.95, 1, 0), (0.8, 2, 3), (0.7, 1, 9)])
def test_equal_to_alibi_called_by_hand(engine, background, threshold, beam_size, seed):
    theirs, questions = by_hand(votes, IMAGE, NINE, background, seed, threshold=threshold, beam_size=beam_size, batch_size=50)
    ours = xh.anchors(
        two(votes),
        IMAGE,
        segments=NINE,
        fill="segment mean" if background is None else background,
        threshold=threshold,
        beam_size=beam_size,
        seed=seed,
        round_size=50,
        max_questions=20_000,
        engine=engine,
    )
    assert ours.forward_passes <= questions
    assert ours.details["anchor"] and ours.details["success"] and ours.parameters["engine"] == engine
    if engine == "alibi" or beam_size == 1:  # draw for draw the same
        assert ours.details["anchor"] == theirs.raw["feature"]
        assert (ours.details["precision"], ours.details["coverage"]) == (theirs.precision, theirs.coverage)
        assert [p for _, p, _ in ours.details["steps"][1:]] == theirs.raw["precision"]
    else:  # a wider beam shares its answers: other draws, so another estimate of the same precision
        assert sorted(ours.details["anchor"]) == sorted(theirs.raw["feature"])
        lower, upper = ours.details["bounds"]
        assert lower <= theirs.precision <= upper


@pytest.mark.slow  # about a minute on two quiet cores, half of it alibi's
def test_the_same_anchor_as_alibi_on_twenty_four_cases_of_two_networks():
    cases = [("rashnet", image, seed) for image in xh.rashes.load_test_split().images[5::12] for seed in (0, 1)]
    cases += [("efficientnet-lite0", xh.sample_photo(name, 224), seed) for name in ("chelsea", "coffee") for seed in (0, 1)]
    classifiers = {name: xh.load_classifier(name) for name, *_ in cases}
    same, ratios = 0, []
    for name, image, seed in cases:
        labels = segment(image, "slic", 16)
        theirs, questions = by_hand(classifiers[name].probabilities, image, labels, None, seed, threshold=0.95, batch_size=64)
        with without_warnings():
            ours = xh.anchors(classifiers[name], image, segments=labels, seed=seed, max_questions=20_000)
        ratios.append(ours.forward_passes / questions)
        if ours.details["anchor"] == theirs.raw["feature"]:
            same += 1
            if theirs.raw["feature"]:
                lower, upper = ours.details["bounds"]
                assert lower <= theirs.precision <= upper and ours.details["coverage"] == theirs.coverage
    print(f"{same} of {len(cases)} the same, questions {np.median(ratios):.3f} of alibi's")
    assert len(cases) >= 24 and same >= 20
    assert np.median(ratios) <= 1


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
    with pytest.warns(xh.DiagnosticWarning, match=r"stopped after \d+ questions: this is the best candidate"):
        found = xh.anchors(two(needs(1, 3, 8)), IMAGE, segments=NINE, max_questions=250)
    assert 200 < found.forward_passes <= 251
    assert 0 < found.details["precision"] < 1


@pytest.mark.parametrize("engine", ["own", pytest.param("alibi", marks=pytest.mark.slow)])
def test_a_search_cut_short_that_has_an_anchor_keeps_it(engine):
    if engine == "alibi":
        pytest.importorskip("alibi")
    labels = segment(IMAGE, "grid", 16)

    def network(images):
        """Yes for superpixel 3; the others matter not at all, so that second and third best are hard to tell."""
        yes = np.abs(images - IMAGE)[:, labels == 3].max(axis=(1, 2)) < 1e-3
        return np.stack([~yes, yes], axis=1).astype(np.float32)

    with pytest.warns(xh.DiagnosticWarning, match="before it had compared all candidates: this is an anchor"):
        found = xh.anchors(two(network), IMAGE, segments=labels, beam_size=3, max_questions=900, engine=engine)
    assert found.details["anchor"] == [3] and found.details["success"] and found.note == "" and found.heatmap.max() == 1


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
        ({"engine": "theirs"}, "engine is 'theirs': choose 'own' or 'alibi'"),
        ({"engine": None}, "engine is None"),
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
    with pytest.raises(ImportError, match=r'alibi is missing: pip install "xaihelpers\[alibi\]".*or leave engine out') as caught:
        xh.anchors(two(never), IMAGE, segments=NINE, engine="alibi")
    assert "\n" not in str(caught.value)
    assert xh.anchors(two(needs(4)), IMAGE, segments=NINE).details["anchor"] == [4]  # following the advice


def test_our_own_search_imports_nothing_of_alibi():
    code = "import sys, test_anchors as t, xaihelpers as xh; xh.anchors(t.two(t.needs(4)), t.IMAGE, segments=t.NINE)"
    code += "; print([name for name in ('alibi', 'transformers', 'spacy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=FOLDER, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("engine", ["own", pytest.param("alibi", marks=pytest.mark.slow)])
def test_a_failed_search_looks_like_one_everywhere(engine):
    if engine == "alibi":
        pytest.importorskip("alibi")
    with without_warnings():
        failed = xh.anchors(two(needs(1, 3, 8)), IMAGE, segments=NINE, max_questions=250, engine=engine)
        anchor = xh.anchors(two(needs(1, 3, 8)), IMAGE, segments=NINE, engine=engine)
        empty = xh.anchors(two(lambda x: np.tile([0.3, 0.7], (len(x), 1))), IMAGE, segments=NINE, engine=engine)
    assert [each.details["success"] for each in (failed, anchor, empty)] == [False, True, True]
    assert [float(each.heatmap.max()) for each in (failed, anchor, empty)] == [0.5, 1, 0]
    best = f"no anchor: best candidate, precision {failed.details['precision']:.2f}"
    assert [each.note for each in (failed, anchor, empty)] == [best, "", "empty anchor: nothing is needed"]
    assert best in repr(failed) and best in xh.show(failed).alt and "max_questions" in xh.show(failed).caption
    assert best in xh.side_by_side([failed, anchor], ["one", "two"]).alt
    # The same superpixels, painted alike, would be an anchor: the candidate is paler, on the same scale.
    candidate = failed.details["anchor"][0] == NINE
    as_anchor = np.isin(NINE, failed.details["anchor"]).astype(np.float32)
    painted = [xh.overlay(each, IMAGE)[candidate].astype(int) for each in (failed, as_anchor)]
    assert np.abs(painted[0] - painted[1]).max() > 40
    assert np.array_equal(xh.overlay(anchor), xh.overlay(anchor.heatmap, IMAGE))


def test_sliders_and_their_players_mark_a_failed_search():
    from xaihelpers.widgets.player.record import caption

    network = two(needs(1, 3, 8))
    player = xh.explore("anchors", network, IMAGE, segments=NINE, max_questions=[250, 2000])
    assert "no anchor: best candidate" in player.status.value and "colours from 0 to 1" in player.status.value
    assert "no anchor: best candidate" in caption(player.result)
    player.controls["max_questions"].value = "2000"
    assert "no anchor" not in player.status.value and player.result.details["success"]


def test_an_anchor_of_all_superpixels_says_that_it_says_nothing():
    with pytest.warns(xh.DiagnosticWarning, match="The anchor is the whole image"):
        found = xh.anchors(two(needs(0, 1, 2, 3)), IMAGE, segments=NINE % 4, threshold=0.9)
    assert sorted(found.details["anchor"]) == [0, 1, 2, 3] and found.details["precision"] == 1


def pair_or_trap(images):
    """Says yes for 0 with 1, or for 2 with two of 3, 4, 5, 6: the best single superpixel, 2, leads to a rule of three."""
    there = np.stack([np.abs(images - IMAGE)[:, k == NINE].max(axis=(1, 2)) < 1e-3 for k in range(9)], axis=1)
    yes = (there[:, 0] & there[:, 1]) | (there[:, 2] & (there[:, 3:7].sum(axis=1) >= 2))
    return np.stack([~yes, yes], axis=1).astype(np.float32)


def test_a_beam_finds_what_greed_misses():
    greedy = xh.anchors(two(pair_or_trap), IMAGE, segments=NINE, tau=0.05, max_questions=100_000)
    beam = xh.anchors(two(pair_or_trap), IMAGE, segments=NINE, tau=0.05, max_questions=100_000, beam_size=3)
    assert greedy.details["anchor"][0] == 2 and len(greedy.details["anchor"]) == 3
    assert sorted(beam.details["anchor"]) == [0, 1] and beam.details["coverage"] > greedy.details["coverage"]
    assert [len(rules) for rules in greedy.details["beams"]] == [1, 1, 1]
    assert [len(rules) for rules in beam.details["beams"]] == [3, 3]
    assert {(0,), (1,), (2,)} == set(beam.details["beams"][0])


def test_every_precision_is_that_of_all_coverings():
    found = xh.anchors(two(pair_or_trap), IMAGE, segments=NINE, beam_size=4, max_questions=8000)
    every = np.array(list(itertools.product([0, 1], repeat=9)))
    yes = (every[:, 0] & every[:, 1]) | (every[:, 2] & (every[:, 3:7].sum(axis=1) >= 2))
    wrong = 0
    for rule, precision, (lower, upper), coverage, asked in found.details["candidates"]:
        holds = every[:, list(rule)].all(axis=1)
        true = yes[holds].mean()
        assert abs(precision - true) < 3.5 * np.sqrt(true * (1 - true) / asked) + 1e-9
        assert coverage == pytest.approx(0.5 ** len(rule), abs=0.02)
        wrong += not lower <= true <= upper
    assert wrong <= 0.1 * len(found.details["candidates"]) and len(found.details["candidates"]) > 20


def test_a_covering_is_never_asked_about_twice():
    asked = []

    def counting(images):
        asked.extend(image.tobytes() for image in images)
        return pair_or_trap(images)

    found = xh.anchors(two(counting), IMAGE, segments=NINE, max_questions=8000, beam_size=2)
    assert len(set(asked)) in (len(asked), len(asked) - 1)  # the whole image is asked about first, and may be drawn again
    assert found.forward_passes == len(asked) <= 2**9 + 1


def test_progress_says_the_price_and_an_interruption_keeps_the_best_so_far(capsys):
    calls = []

    def interrupted(images):
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return needs(1, 3, 8)(images)

    with pytest.warns(xh.DiagnosticWarning, match=r"Interrupted after \d+ questions: this is the best candidate so far"):
        found = xh.anchors(two(interrupted), IMAGE, segments=NINE, progress=True)
    assert "at most 4,000 questions" in capsys.readouterr().out
    assert len(found.details["anchor"]) >= 1 and set(found.details["anchor"]) <= {1, 3, 8}
    assert 0 < found.details["precision"] < 1
