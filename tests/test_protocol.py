"""The protocol on networks and maps whose answer is known: what is right scores 1, what knows nothing scores what chance says."""

from dataclasses import replace

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.comparison import controls, entries, evidence, protocol, ranking, winners
from xaihelpers.methods.shared.contract import Finding, technique
from xaihelpers.rashes import make_pairs


@pytest.fixture(scope="module")
def rashnet():
    return xh.load_classifier("rashnet")


@pytest.fixture(scope="module")
def few():
    """Five images of the test split, one a disease."""
    return xh.rashes.load_test_split()[[3, 24, 63, 85, 106]]


def mapped(name, draw):
    """A technique out of a function of (classifier, image, class) -> map."""

    def find(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
        return Finding(draw(classifier, image, target), target)

    find.__name__ = name
    return technique(family="test", needs_gradients=False)(find)


def looked_up(truth, which):
    """A technique that is right, or wrong, by construction: it returns a mask of the evidence for this image and class."""
    known = {(truth.images[name].tobytes(), truth.targets[name]): truth.masks[name] for name in truth.images}
    return lambda classifier, image, target: 1.0 * which(known[image.astype(np.uint8).tobytes(), target])


def test_contrast_one_for_the_right_half_zero_for_the_wrong_one_a_half_for_maps_that_know_no_class(rashnet):
    truth = evidence.contrasts(rashnet, make_pairs(12))
    assert len(truth.images) >= 12 and len(truth.images) % 2 == 0 and truth.considered == 12
    rows = {
        "right": (mapped("right", looked_up(truth, lambda masks: masks[0])), {}),
        "wrong": (mapped("wrong", looked_up(truth, lambda masks: masks[1])), {}),
        **entries.as_methods([row for row in entries.entries() if row.is_control]),
    }
    table = protocol.pairs_averaged(protocol.run(truth, rows, protocol.CONTRAST))
    means = table.groupby("method").value.agg(["mean", "std"])
    assert means.loc["right", "mean"] == 1 and means.loc["wrong", "mean"] == 0
    for control in controls.CONTROL_TITLES.values():
        assert means.loc[control].tolist() == pytest.approx([0.5, 0]), control
    assert winners(ranking(table, "contrast")) == ["right"]


def test_pairs_that_the_network_does_not_tell_apart_are_left_out(rashnet):
    pairs = make_pairs(6)
    same = replace(pairs, without=np.repeat(pairs.images[:, None], 2, axis=1))  # as if nothing were lost
    assert not evidence.contrasts(rashnet, same).images


def test_the_sticker_counts_only_where_one_network_uses_it_and_its_twin_does_not(rashnet):
    biased, split = xh.load_classifier("rashnet-biased"), xh.rashes.load_test_split()[::6]
    truth = evidence.stickers(biased, rashnet, split)
    assert 5 <= len(truth.images) <= 20
    plain = split.without_artefact()
    for name, image in list(truth.images.items())[:4]:
        fall = [net.logits(image)[0, 4] - net.logits(plain.images[name])[0, 4] for net in (biased, rashnet)]
        assert fall[0] - abs(fall[1]) >= 1
    truth = truth.first(4)
    known = looked_up(truth, lambda mask: mask)
    rows = {
        "right": (mapped("right", lambda net, image, target: known(net, image, target) * (net is biased)), {}),
        "always": (mapped("always", known), {}),
        **entries.as_methods([row for row in entries.entries() if row.is_control]),
    }
    tables = [protocol.run(replace(truth, classifier=net), rows, protocol.STICKER) for net in (biased, rashnet)]
    means = protocol.difference(*tables, "sticker").groupby("method").value.mean()
    assert means["right"] == 0.5  # from 1 on the network that uses it to the half of an empty map
    assert means["always"] == 0 and (means[list(controls.CONTROL_TITLES.values())] == 0).all()


def test_true_removal_of_a_network_that_counts_one_lesion(few):
    """A classifier that sees the darkness of one lesion only: the importance must be there, and the drop is there."""
    number, removed = 3, few.without_each_lesion(3)
    image, region = few.images[number], removed.changed[2]
    difference = image.astype(float) - removed.images[2]
    pattern = np.where(region[..., None], difference, 0)
    pattern /= (pattern**2).sum()

    def one_lesion(images):
        p = 1 / (1 + np.exp(-4 * ((images - removed.images[2]) * pattern).sum((1, 2, 3)) + 2))
        return np.stack([p, 1 - p], 1)

    classifier = xh.Classifier(one_lesion, class_names=["lesion", "none"])
    truth = evidence.TrueRemoval(few)
    classifier.logits = lambda images: np.log(classifier.probabilities(images))  # a plain function has none of its own
    found = xh.occlusion(classifier, image, 0, patch=8)
    lost, lost_p, total = truth.drops(classifier, found)
    others = ~(removed.changed & region).any((1, 2))
    assert lost.argmax() == lost_p.argmax() == 2 and np.abs(lost[others]).max() < 1e-3 < lost[2]
    assert total == pytest.approx(lost[2], rel=0.2)
    right = replace(found, heatmap=np.float32(region))
    masks = np.concatenate([few.lesion_masks[number][None], removed.changed])
    curve = xh.metrics.removal_curve(classifier, right, masks[1:], truth.draw(classifier, found))
    assert curve.scores[0] == pytest.approx(classifier.probabilities(image)[0, 0], abs=1e-5)
    assert curve.scores[1] < 0.3 < curve.scores[0]  # gone with the first step
    late = xh.metrics.removal_curve(classifier, replace(found, heatmap=-right.heatmap), masks[1:], truth.draw(classifier, found))
    assert late.area > curve.area and late.scores[-1] == pytest.approx(curve.scores[-1])


def test_integrated_gradients_from_the_image_without_lesions_are_complete(rashnet, few):
    truth, split_truth = evidence.lesions(rashnet, few), evidence.TrueRemoval(few)
    measure = protocol.of_lesions(split_truth)["completeness"]
    for i in truth.images:
        plain = few.sketch(i).drawn(()).image
        found = xh.integrated_gradients(rashnet, truth.images[i], truth.targets[i], baseline=plain, steps=64)
        assert measure(rashnet, found, truth.masks[i]) == pytest.approx(1, abs=0.1)
        assert np.isnan(measure(rashnet, xh.grad_cam(rashnet, truth.images[i]), truth.masks[i]))


def test_every_technique_has_two_settings_and_those_with_a_baseline_the_same_ones():
    rows = [row for row in entries.entries("conv2") if not row.is_control]
    labels = [label for row in rows for label in row.labels.values()]
    assert len(set(labels)) == len(labels)
    names = [name for name, method in xh.METHODS.items() if method.family != "feature visualization"]
    for name in names:
        assert sum(row.technique == name for row in rows) >= 2, name
    for name, key in {"integrated_gradients": "baseline", "deep_shap": "background", "occlusion": "fill", "rise": "fill"}.items():
        assert {row.parameters[key] for row in rows if row.technique == name} >= set(entries.BASELINES)
    for name, key in {"rise": "n_masks", "lime": "n_samples", "anchors": "max_questions", "occlusion": "patch"}.items():
        assert len({row.parameters[key] for row in rows if row.technique == name}) == 3, name
    settings = entries.settings_table(rows)
    assert list(settings.index) == labels and settings.notna().all(axis=None)


@pytest.mark.parametrize(
    ("given", "moved"), [({"low": 4, "high": 32, "step": 4, "default": 16}, 4), ({"options": [16, 8, 2, 64]}, 64)]
)
def test_a_new_technique_comes_into_the_tables_by_itself(monkeypatch, given, moved):
    """With its first slider at the low end, or at the last of what it offers."""
    from xaihelpers.methods.shared.contract import Slider

    def bands(classifier, image, target=None, *, width=16, seed=0, batch_size=32, progress=False):
        return Finding(np.zeros(image.shape[:2]), 0)

    made = technique(family="perturbation", needs_gradients=False, sliders={"width": Slider(**given)})(bands)
    known = {**xh.METHODS, "bands": made.method}
    monkeypatch.setattr(entries, "METHODS", known)
    rows = [row for row in entries.entries() if row.technique == "bands"]
    assert [(row.label, row.parameters, row.sampled) for row in rows] == [
        ("Bands", {}, True),
        (f"Bands, width {moved}", {"width": moved}, True),
    ]


def test_signs_are_rows_of_their_own_and_measured_on_the_map_so_taken(rashnet, few):
    truth = evidence.healthy(rashnet, xh.rashes.load_test_split()).first(2)
    rows = [row for row in entries.entries() if row.label in ("Deep SHAP, blur", "Grad-CAM", "RISE, mean, 100 masks")]
    table = protocol.run(truth, rows, {"top": lambda classifier, found, mask: found.heatmap.max()})
    assert set(table.method) == {
        "Deep SHAP, blur", "Deep SHAP, blur, absolute", "Grad-CAM", "RISE, mean, 100 masks", "RISE, mean, 100 masks, centred"
    }  # fmt: skip
    image, target = next(iter(truth.images.values())), next(iter(truth.targets.values()))
    found = xh.deep_shap(rashnet, image, target, background="blur").heatmap
    values = table[table.image == next(iter(truth.images))].set_index("method").value
    assert values["Deep SHAP, blur"] == pytest.approx(found.max())
    assert values["Deep SHAP, blur, absolute"] == pytest.approx(np.abs(found).max())
    map_of_rise = xh.rise(rashnet, image, target, fill="mean", n_masks=100).heatmap
    assert values["RISE, mean, 100 masks, centred"] == pytest.approx(map_of_rise.max() - map_of_rise.mean(), abs=1e-5)


def test_wired_and_grid_measures_give_what_is_right_one_and_what_is_empty_chance():
    masks = np.zeros((2, 8, 8), bool)
    masks[0, :2], masks[1, 6:] = True, True
    found = xh.results.Attribution("m", 0, "c", {}, None, heatmap=np.float32(masks[0]), image=None)
    wrong, empty = replace(found, heatmap=np.float32(masks[1])), replace(found, heatmap=np.zeros((8, 8), np.float32))
    for name, measure in protocol.WIRED.items():
        assert measure(None, found, masks) == 1 and measure(None, wrong, masks) == 0 and measure(None, empty, masks) == 0.5, name
    inside = protocol.QUADRANT["in_quadrant"]
    quarter = np.zeros((8, 8), bool)
    quarter[:4, :4] = True
    right = replace(found, heatmap=-np.float32(quarter))
    assert inside(None, right, quarter) == 1 and inside(None, replace(right, heatmap=np.roll(right.heatmap, 4, 1)), quarter) == 0
    assert inside(None, empty, quarter) == 0.25
