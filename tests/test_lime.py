"""LIME: exact on linear models, equal to the lime package, honest where its fit says nothing."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from lime.lime_image import LimeImageExplainer

import xaihelpers as xh
from xaihelpers.methods.shared.fills import fill_image
from xaihelpers.methods.shared.superpixels import segment

SIZE = 12
RNG = np.random.default_rng(5)
IMAGE = RNG.uniform(20, 235, (SIZE, SIZE, 3)).astype(np.float32)
W = RNG.normal(0, 1e-5, (SIZE, SIZE, 3))
NINE = segment(IMAGE, "grid", 9)


def linear(images):
    score = 0.5 + (np.asarray(images, dtype=np.float64) * W).sum(axis=(1, 2, 3))
    return np.stack([1 - score, score], axis=1)


def two(function):
    return xh.Classifier(function, class_names=["no", "yes"])


@pytest.mark.parametrize("fill", ["segment mean", "mean", "white", "black", 200, (10, 120, 250)])
def test_on_a_linear_model_the_weights_are_sums_of_w_times_x_minus_fill(fill):
    found = xh.lime(two(linear), IMAGE, "yes", segments=NINE, n_samples=80, fill=fill, ridge=1e-9)
    difference = (W * (IMAGE - fill_image(IMAGE, fill, NINE))).sum(axis=2)
    exact = np.array([difference[k == NINE].sum() for k in range(9)])
    assert np.abs(exact).max() > 1e-3
    np.testing.assert_allclose(found.details["weights"], exact, atol=3e-7)  # probabilities are float32
    np.testing.assert_allclose(found.heatmap, exact[NINE], atol=3e-7)
    assert found.details["r2"] == pytest.approx(1, abs=1e-5)
    assert found.details["local_prediction"] == pytest.approx(linear(IMAGE[None])[0, 1], abs=1e-6)
    assert found.details["probability"] == pytest.approx(linear(IMAGE[None])[0, 1], abs=1e-6)
    assert found.diagnostics == ()


def test_the_ridge_shrinks_the_weights():
    found = [xh.lime(two(linear), IMAGE, 1, segments=NINE, ridge=ridge) for ridge in (0, 1, 100)]
    weights = [np.abs(each.details["weights"]).sum() for each in found]
    assert weights[0] > weights[1] > 1.2 * weights[2]


def wavy(images):
    score = 1 / (1 + np.exp(-40 * (linear(images)[:, 1] - 0.5) - np.sin(images[:, 0, 0, 0])))
    return np.stack([1 - score, score / 2, score / 2], axis=1)


@pytest.mark.parametrize(("seed", "fill", "width"), [(0, "segment mean", 0.25), (3, "black", 0.25), (7, "segment mean", 0.6)])
def test_equal_to_the_lime_package_called_by_hand(seed, fill, width):
    ours = xh.lime(
        xh.Classifier(wavy, class_names=list("abc")),
        IMAGE,
        0,
        segments=NINE,
        n_samples=60,
        seed=seed,
        fill=fill,
        kernel_width=width,
    )
    package = LimeImageExplainer(kernel_width=width, random_state=seed)
    # random_seed keeps the package from drawing one for its segmentation, which would move all that follows.
    theirs = package.explain_instance(
        IMAGE,
        lambda images: wavy(images).astype(np.float32),
        labels=(0,),
        top_labels=None,
        hide_color=None if fill == "segment mean" else 0,
        num_samples=60,
        segmentation_fn=lambda image: NINE,
        random_seed=0,
    )
    weights = dict(theirs.local_exp[0])
    np.testing.assert_allclose(ours.details["weights"], [weights[k] for k in range(9)], rtol=1e-9, atol=1e-12)
    assert ours.details["intercept"] == pytest.approx(theirs.intercept[0], rel=1e-9)
    assert ours.details["r2"] == pytest.approx(theirs.score, rel=1e-9)
    assert ours.details["local_prediction"] == pytest.approx(theirs.local_pred[0], rel=1e-9)


def test_labels_from_1_do_not_empty_the_map():
    """The package gives every superpixel the weight of another, or none, where labels start at 1."""
    from_0 = xh.lime(two(linear), IMAGE, 1, segments=NINE, n_samples=50)
    from_1 = xh.lime(two(linear), IMAGE, 1, segments=NINE + 1, n_samples=50)
    assert from_0.heatmap.any()
    assert np.array_equal(from_0.heatmap, from_1.heatmap)


def test_n_features_keeps_the_largest_weights_and_leaves_the_fit_alone():
    full, three = (xh.lime(two(linear), IMAGE, 1, segments=NINE, n_features=n) for n in (None, 3))
    assert np.array_equal(full.details["weights"], three.details["weights"])
    largest = np.argsort(-np.abs(full.details["weights"]))[:3]
    assert np.array_equal(three.heatmap, np.where(np.isin(NINE, largest), full.heatmap, 0))


def test_the_cost_is_the_samples_and_the_predicted_class_costs_nothing_more():
    asked = []

    def counting(images):
        asked.append(len(images))
        return linear(images)

    found = xh.lime(two(counting), IMAGE, n_samples=50, batch_size=20, segments=NINE)
    assert asked == [20, 20, 10]
    assert (found.forward_passes, found.backward_passes) == (50, 0)
    assert found.target == int(linear(IMAGE[None])[0].argmax())


def test_the_parameters_give_the_same_map_again():
    first = xh.lime(two(wavy_two), IMAGE, n_segments=9, segments="grid", n_samples=40, seed=4)
    again = xh.METHODS["lime"].function(two(wavy_two), first.image, first.target, **first.parameters)
    other = xh.lime(two(wavy_two), IMAGE, n_segments=9, segments="grid", n_samples=40, seed=5)
    assert np.array_equal(first.heatmap, again.heatmap)
    assert not np.array_equal(first.heatmap, other.heatmap)


def wavy_two(images):
    p = wavy(images)
    return np.stack([p[:, 0], 1 - p[:, 0]], axis=1)


def test_the_same_map_in_a_new_process_and_not_a_word_on_the_screen():
    code = "\n".join(
        [
            "import numpy as np, xaihelpers as xh",
            "image = np.random.default_rng(1).uniform(0, 255, (16, 16, 3))",
            "half = lambda x: np.stack([(s := x[:, :8].mean(axis=(1, 2, 3)) / 255), 1 - s], axis=1)",
            "explained = xh.lime(xh.Classifier(half), image, segments='grid', n_segments=9, n_samples=60, fill='black')",
            "total = float(np.abs(explained.heatmap).sum())",
        ]
    )
    here = {}
    exec(code, here)
    done = subprocess.run([sys.executable, "-c", code + "\nprint(total)"], capture_output=True, text=True, check=True)
    assert float(done.stdout) == here["total"] > 0
    assert [line for line in done.stderr.splitlines() if "cuda" not in line and "absl" not in line] == []


# -- what it says when it cannot be trusted -----------------------------------------------------------------------------


def test_a_constant_network_is_named():
    with pytest.warns(xh.DiagnosticWarning, match="the same whatever is covered"):
        found = xh.lime(two(lambda x: np.tile([0.3, 0.7], (len(x), 1))), IMAGE, segments=NINE, n_samples=50)
    assert not found.heatmap.any()


def test_a_fit_that_explains_little_is_named():
    def parity(images):
        """Whether an even number of superpixels is black: no superpixel says anything alone."""
        black = [images[:, k == NINE].max(axis=(1, 2)) == 0 for k in range(9)]
        score = np.sum(black, axis=0) % 2
        return np.stack([score, 1 - score], axis=1)

    with pytest.warns(xh.DiagnosticWarning, match="explains little"):
        found = xh.lime(two(parity), IMAGE, segments=NINE, fill="black")
    assert found.details["r2"] < 0.1


def test_a_kernel_that_leaves_no_samples_is_named():
    with pytest.warns(xh.DiagnosticWarning) as said:
        found = xh.lime(two(linear), IMAGE, 1, segments=NINE, n_samples=50, kernel_width=0.01)
    assert np.abs(found.heatmap).max() < 1e-6
    assert "Raise kernel_width" in str(said[0].message)


def test_too_few_samples_are_named():
    with pytest.warns(xh.DiagnosticWarning, match="Ask 36 or more"):
        xh.lime(two(linear), IMAGE, 1, segments=NINE, n_samples=15)


# -- bad input: named at once, in one sentence ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n_samples": 0}, "n_samples is 0"),
        ({"n_samples": -5}, "n_samples is -5"),
        ({"n_samples": 10.5}, "whole number"),
        ({"n_segments": 0}, "n_segments is 0"),
        ({"n_features": 0}, "n_features is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"kernel_width": 0}, "kernel_width is 0"),
        ({"kernel_width": np.nan}, "kernel_width is nan"),
        ({"ridge": -1}, "ridge is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"fill": "pink"}, "fill is 'pink': give 'segment mean', 'mean'"),
        ({"segments": "hexagons"}, "no segmentation 'hexagons'"),
        ({"segments": NINE[:5]}, "one label a pixel"),
        ({"segments": np.zeros((SIZE, SIZE), int)}, "single superpixel"),
        ({"segments": np.full((SIZE, SIZE), 0.5)}, "whole numbers"),
    ],
)
def test_bad_arguments_are_refused_before_the_network_is_asked(arguments, words):
    def never(images):
        raise AssertionError("the network was asked")

    with pytest.raises(ValueError, match=words) as caught:
        xh.lime(two(never), IMAGE, **{"segments": NINE, **arguments})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: np.ones(len(x)), "returned shape"),
        (lambda x: np.full((len(x), 2), np.nan), "NaN"),
        (lambda x: np.full((len(x), 2), 0.9), "add up to 1"),
        (lambda x: np.full((len(x), 2), [3.0, -2.0]), "expected probabilities"),
        (lambda x: np.full((1, 2), 0.5), "returned shape"),
        (lambda x: "cat", "returned str"),
    ],
)
def test_rubbish_from_the_callable_is_named_at_once(answer, words):
    asked = []

    def rubbish(images):
        asked.append(len(images))
        return answer(images)

    with pytest.raises(ValueError, match=words):
        xh.lime(xh.Classifier(rubbish), IMAGE, segments=NINE, n_samples=100)
    assert len(asked) == 1


def failing(error, call):
    """Return `linear`, which raises the error in its call number `call`, and only then."""
    calls = []

    def network(images):
        calls.append(1)
        if len(calls) == call:
            raise error
        return linear(images)

    return network


@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), KeyboardInterrupt()])
def test_an_exception_or_an_interruption_comes_through_and_leaves_nothing_broken(error):
    classifier = two(failing(error, 2))
    with pytest.raises(type(error)):
        xh.lime(classifier, IMAGE, segments=NINE, n_samples=90)
    again = xh.lime(classifier, IMAGE, segments=NINE, n_samples=90)
    assert np.array_equal(again.heatmap, xh.lime(two(linear), IMAGE, segments=NINE, n_samples=90).heatmap)


def test_progress_says_beforehand_how_many_images_will_be_asked(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm misses its notebook bar outside one
        xh.lime(two(linear), IMAGE, segments=NINE, n_samples=64)
        assert capsys.readouterr().err == ""
        xh.lime(two(linear), IMAGE, segments=NINE, n_samples=64, progress=True)
    shown = capsys.readouterr()
    assert "64 questions" in shown.out
    assert "/64" in shown.err


def test_interrupted_under_a_bar_it_fits_what_was_answered():
    options = dict(target=1, segments=NINE, batch_size=32)
    with pytest.warns(xh.DiagnosticWarning, match="first 64 of 500 samples"):
        kept = xh.lime(two(failing(KeyboardInterrupt(), 3)), IMAGE, n_samples=500, progress=True, **options)
    whole = xh.lime(two(linear), IMAGE, n_samples=64, **options)
    np.testing.assert_allclose(kept.details["weights"], whole.details["weights"], atol=1e-12)
    assert kept.forward_passes == 64 and kept.details["present"].shape == (64, 9)
    with pytest.raises(KeyboardInterrupt):  # nothing to fit
        xh.lime(two(failing(KeyboardInterrupt(), 1)), IMAGE, n_samples=500, progress=True, **options)
