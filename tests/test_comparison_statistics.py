"""Intervals, paired differences, ranks and verdicts on tables whose answer is known; controls know no network."""

import warnings

import numpy as np
import pandas as pd
import pytest
from networks import gap_network, image

import xaihelpers as xh
from xaihelpers import comparison
from xaihelpers.comparison import CONTROLS, interval, paired, ranking, scores, verdict, winners
from xaihelpers.methods.shared.fills import fill_image


def table(**methods):
    """A table of one metric out of {method: values, one an image}."""
    rows = [(i, name, "m", value) for name, values in methods.items() for i, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["image", "method", "metric", "value"])


RNG = np.random.default_rng(0)
HARD = RNG.normal(size=60)  # how hard each image is, for all methods alike


def test_an_interval_is_about_two_standard_errors_wide_and_holds_the_mean():
    values = RNG.normal(3, 2, 400)
    found = interval(values)
    assert found.mean == pytest.approx(values.mean()) and found.n == 400
    error = values.std(ddof=1) / 20
    assert found.low == pytest.approx(found.mean - 1.96 * error, abs=0.3 * error)
    assert found.high == pytest.approx(found.mean + 1.96 * error, abs=0.3 * error)
    assert interval([1, np.nan, 3]).n == 2 and np.isnan(interval([5.0]).low) and np.isnan(interval([]).mean)
    assert interval(values) == found and interval(values, seed=1) != found
    wider = interval(values, level=0.99)
    assert wider.low < found.low and wider.high > found.high


def test_an_interval_holds_the_truth_as_often_as_it_says():
    hits = [low <= 0 <= high for _, low, high, _ in (interval(RNG.normal(size=50), draws=400, seed=i) for i in range(300))]
    assert 0.90 <= np.mean(hits) <= 0.98
    # With five images the plain bootstrap holds it four times in five only; widened it nearly keeps its word.
    few = [interval(RNG.normal(size=5), draws=400, seed=i) for i in range(400)]
    assert np.mean([each.low <= 0 <= each.high for each in few]) >= 0.91


def test_a_share_of_hits_is_never_certain_and_never_leaves_0_to_1():
    every = ranking(table(a=np.ones(25), b=np.zeros(25)), "m").loc["a"]
    assert (every.low, every.high) == (1, 1)  # a number that is 1 for every image, such as the exact answer of a wired network
    tall = table(a=np.ones(25), b=np.repeat([1, 0], [23, 2])).assign(metric="pointing_game")
    hits = ranking(tall, "pointing_game")
    # By hand, 25 of 25 with z = 1.96: the lower end is 25 / (25 + 1.96 ** 2).
    assert hits.loc["a", "low"] == pytest.approx(25 / (25 + 1.96**2), abs=1e-4) and hits.loc["a", "high"] == pytest.approx(1)
    assert 0.92 < hits.loc["b", "high"] < 1 and hits.loc["b", "mean"] == pytest.approx(0.92)
    near = table(a=[0.99, 1.0, 0.6, 1.0]).assign(metric="contrast")
    assert interval([0.99, 1.0, 0.6, 1.0]).high > 1 == ranking(near, "contrast").loc["a", "high"]
    assert paired(tall, "pointing_game", "a", "b") == pytest.approx(interval(np.repeat([0, 1], [23, 2])))  # no share of hits


def test_pairs_see_a_difference_that_two_intervals_hide():
    both = table(a=HARD + 0.2, b=HARD + RNG.normal(0, 0.05, 60))
    difference = paired(both, "m", "a", "b")
    assert difference.low > 0.15 and difference.high < 0.25
    one, other = interval(HARD + 0.2), interval(HARD)
    assert one.low < other.high  # they overlap by far
    with pytest.raises(ValueError, match="'c'"):
        paired(both, "m", "a", "c")
    with pytest.raises(ValueError, match="it has m"):
        scores(both, "n")


def test_a_clear_winner_no_winner_and_a_technique_that_only_equals_a_control():
    noise = lambda: RNG.normal(0, 0.1, 60)  # noqa: E731
    found = ranking(table(good=HARD + 1, plain=HARD + noise(), edges=HARD + noise(), chance=HARD - 2), "m")
    assert found.index[0] == "good" and winners(found) == ["good"] and "a clear winner" in verdict(found)
    assert found.loc["good", "beats_controls"] and not found.loc["plain", "beats_controls"]
    assert found.attrs["best_control"] == "edges" and found.loc["good", ["rank", "rank_low", "rank_high"]].tolist() == [1, 1, 1]
    assert found.control.sum() == 2 and np.isnan(found.loc["edges", "rank"])
    even = ranking(table(a=HARD + noise(), b=HARD + noise(), chance=HARD - 2), "m")
    assert set(winners(even)) == {"a", "b"} and verdict(even).startswith("No clear winner")
    assert even.rank_low.min() == 1 and even.rank_high.max() == 2
    beaten = ranking(table(a=HARD, b=HARD - 1, edges=HARD + 0.5), "m")
    assert winners(beaten) == [] and "edges" in verdict(beaten)
    assert len(winners(ranking(table(a=HARD + 1, b=HARD), "m"))) == 1  # without a control nothing is marked


def test_low_is_better_where_it_is_said():
    found = ranking(table(a=HARD, b=HARD - 1, chance=HARD + 1), "m", better="low")
    assert list(found.index) == ["b", "a", "chance"] and winners(found) == ["b"]
    assert found.loc["b", "over_control"] == pytest.approx(2) and found.loc["b", "mean"] == pytest.approx(HARD.mean() - 1)


def test_methods_measured_on_fewer_images_are_compared_on_those():
    few = np.where(np.arange(60) < 20, HARD + 0.5, np.nan)
    found = ranking(table(a=HARD, few=few, chance=HARD - 1), "m")
    assert found.loc["few", "n"] == 20 and found.loc["few", "over_control"] == pytest.approx(1.5)
    assert winners(found) == ["few"] or "a" not in winners(found)


def test_a_sample_without_its_images_puts_a_method_last_and_warns_nobody():
    """One image of four: it is in no more than two thirds of the samples."""
    values = {"a": [3.0, 3, 3, 3], "b": [2.0, 2, 2, 2], "rare": [1, np.nan, np.nan, np.nan]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ranking(table(**values), "m", controls=())
    assert found[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1], [2, 2], [3, 3]]


@pytest.mark.parametrize("name", CONTROLS)
def test_controls_know_no_network(name):
    split = xh.rashes.load_test_split()
    one, other = xh.load_classifier("rashnet"), xh.load_classifier("rashnet-biased")
    maps = [CONTROLS[name](network, split.images[0], target).heatmap for network, target in ((one, 0), (other, 3))]
    assert np.array_equal(*maps) and maps[0].shape == (128, 128) and maps[0].min() >= 0
    assert CONTROLS[name](one, split.images[0]).target == one.class_index(image=split.images[0])
    if name != "centre":
        assert not np.array_equal(maps[0], CONTROLS[name](one, split.images[1], 0).heatmap)
    if name in ("edges", "blur_difference"):
        assert np.abs(CONTROLS[name](one, np.full((128, 128, 3), 90, np.uint8), 0).heatmap).max() < 1e-3


def test_controls_worked_out_by_hand():
    network = xh.Classifier(lambda images: np.tile([0.5, 0.5], (len(images), 1)), class_names=["a", "b"])
    picture = np.random.default_rng(0).integers(0, 256, (9, 5, 3)).astype(np.uint8)
    hill = CONTROLS["centre"](network, picture, 0).heatmap
    assert hill[4, 2] == 1 and hill[[0, 0, -1, -1], [0, -1, 0, -1]] == pytest.approx(np.exp(-4))
    assert hill[[0, -1], 2] == pytest.approx(np.exp(-2)) and hill[[2, 6], 2] == pytest.approx(np.exp(-0.5))
    np.testing.assert_allclose(hill, hill[::-1, ::-1], atol=1e-6)
    step = np.zeros((9, 6, 3), np.uint8)
    step[:, 3:] = 80  # across it Sobel's filter gives 80 on both sides, along it 0: together the root of their mean square
    expected = np.tile([0, 0, 80, 80, 0, 0], (9, 1)) / np.sqrt(2)
    np.testing.assert_allclose(CONTROLS["edges"](network, step, 0).heatmap, expected, atol=1e-4)
    far = np.abs(picture - fill_image(picture, "blur")).sum(axis=-1)
    np.testing.assert_allclose(CONTROLS["blur_difference"](network, picture, 0).heatmap, far, rtol=1e-6)
    drawn = [CONTROLS["chance"](network, *each) for each in ((picture, 1), (picture[::-1], 1), (picture, 1))]
    other = CONTROLS["chance"](network, picture, 1, seed=1)
    assert [each.target for each in (*drawn, other)] == [1] * 4
    np.testing.assert_array_equal(drawn[0].heatmap, drawn[2].heatmap)
    assert (drawn[0].heatmap != drawn[1].heatmap).all() and (drawn[0].heatmap != other.heatmap).all()


def test_controls_are_rows_of_compare_for_anybody():
    classifier = xh.Classifier(gap_network())
    images = [image(seed=i) for i in range(2)]
    methods = xh.compare(classifier, images, metrics=["sparseness"], progress=False).method.unique()
    assert set(CONTROLS) <= set(methods) and "grad_cam" in methods
    table = xh.compare(classifier, images, None, {"c": ("centre", {"seed": 1}), "edges": {}}, ["sparseness"], progress=False)
    assert list(table.method.unique()) == ["c", "edges"] and table.value.notna().all()
    with pytest.raises(ValueError, match=r"no technique 'border': choose from .*blur_difference"):
        xh.compare(classifier, images, None, ["border"], progress=False)
    with pytest.raises(TypeError, match="centre has no parameter 'width'"):
        xh.compare(classifier, images, None, {"centre": {"width": 3}}, progress=False)


def test_chance_in_a_table_scores_a_half():
    split = xh.rashes.load_test_split()
    ill = np.flatnonzero(split.lesion_masks.any(axis=(1, 2)))[::2]
    table = xh.compare(
        xh.load_classifier("rashnet"), split.images[ill], split.lesion_masks[ill], ["chance"], ["roc_area"], progress=False
    )
    found = interval(table.value)
    assert found.low < 0.5 < found.high and found.high - found.low < 0.02


# -- groupings -------------------------------------------------------------------------------------------------------------


def alike(pairs):
    """A table of how alike four maps are, on two images; pairs: {"ab": how alike}, others 0."""
    names = ["ab", "ac", "ad", "bc", "bd", "cd"]
    rows = [(i, *name, pairs.get(name, 0.0) + 0.01 * i) for i in (0, 1) for name in names]
    return pd.DataFrame(rows, columns=["image", "a", "b", "agreement"])


def test_a_grouping_is_as_much_alike_within_as_the_table_says():
    found = comparison.grouped(alike({"ab": 0.8, "cd": 0.6, "ac": 0.4}), {"a": 1, "b": 1, "c": 2, "d": 2})
    assert found.mean == pytest.approx(0.7 - 0.1) and found.n == 2


def test_one_of_three_groupings_into_pairs_is_the_best_and_chance_finds_it_in_a_third():
    groups, table = {"a": 1, "b": 1, "c": 2, "d": 2}, alike({"ab": 0.8, "cd": 0.6, "ac": 0.4})
    assert comparison.as_good_by_chance(table, groups, draws=3000) == pytest.approx(1 / 3, abs=0.03)
    worst = {"a": 1, "d": 1, "b": 2, "c": 2}
    assert comparison.as_good_by_chance(table, worst, draws=500) == 1
