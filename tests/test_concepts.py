"""Concepts: directions that are known are found again, weights are the nearest, and the stored table is what it says."""

import networks
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import nnls

import xaihelpers as xh
from xaihelpers.methods.concepts import _apart, _factors, _weights

RNG = np.random.default_rng(4)


def test_directions_that_made_the_maps_are_found_again():
    """Places that show one concept alone are among the rows, so that there is one answer."""
    true = RNG.uniform(0, 1, (4, 12)) * (RNG.random((4, 12)) < 0.5) + 0.01
    weights = np.concatenate([np.eye(4)[RNG.integers(0, 4, 300)], RNG.dirichlet(np.ones(4), 700)]) * RNG.uniform(1, 3, (1000, 1))
    found = _factors(weights @ true, 4, seed=0)
    unit = true / np.linalg.norm(true, axis=1, keepdims=True)
    assert (unit @ found.T).max(axis=1).min() > 0.995 and (found >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)


def test_it_begins_at_the_rows_that_differ_most_and_then_anywhere():
    rows = np.eye(3, 6)[RNG.integers(0, 3, 50)] * RNG.uniform(1, 3, (50, 1))
    first = _apart(rows, 5, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(first[:3], axis=0)[::-1][0], [1, 1, 1, 0, 0, 0])
    assert (first[:3].sum(axis=1) == 1).all() and (first[3:] > 0).all()
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1)


def test_weights_are_the_nearest_that_are_not_negative():
    directions, rows = RNG.uniform(0, 1, (3, 7)), RNG.uniform(0, 2, (40, 7))
    expected = [nnls(directions.T, row)[0] for row in rows]
    np.testing.assert_allclose(_weights(rows, directions), expected, atol=2e-3)


@pytest.fixture(scope="module")
def found():
    data = xh.rashes.load_test_split()
    network = xh.load_classifier("rashnet")
    return data.images[::6], network, xh.concepts(network, data.images[::6], 8)


def test_on_rashnet(found):
    images, network, concepts = found
    assert len(concepts) == 8 and concepts.directions.shape == (8, 96) and concepts.layer == "relu4"
    assert (concepts.directions >= 0).all() and (np.diff(concepts.amounts.mean(axis=0)) <= 0).all()
    maps = concepts.maps(images)
    assert maps.shape == (20, 16, 16, 8) and (maps >= 0).all()
    np.testing.assert_allclose(concepts.in_images(images), concepts.amounts, rtol=0.02, atol=1e-3)
    whole = network.maps("relu4", network.gradients(images, 0, layer="relu4").values)
    left = ((whole - maps @ concepts.directions) ** 2).sum() / (whole**2).sum()
    assert concepts.unexplained == pytest.approx(left, rel=0.01) and left < 0.25
    assert xh.concepts(network, images, 16).unexplained < 0.8 * left, "more of them explain more"


def test_the_same_seed_gives_the_same_directions(found):
    images, network, concepts = found
    assert np.array_equal(xh.concepts(network, images, 8).directions, concepts.directions)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n_concepts": 0}, "n_concepts is 0"),
        ({"n_concepts": 9}, "has 4 channels"),
        ({"layer": "nowhere"}, "nowhere"),
        ({"layer": "outer", "n_concepts": 2}, "behind a ReLU"),
    ],
)
def test_bad_arguments_are_one_sentence(given, words):
    nested = xh.Classifier(networks.nested_network())
    with pytest.raises(ValueError, match=words) as caught:
        xh.concepts(nested, np.stack([networks.image(), networks.image(seed=1)]), **{"n_concepts": 3, **given})
    assert "\n" not in str(caught.value)


def test_a_plain_function_has_no_layers():
    with pytest.raises(TypeError, match="needs gradients"):
        xh.concepts(xh.Classifier(lambda x: np.tile([0.2, 0.8], (len(x), 1))), networks.image()[None])


def test_three_factors_of_the_drawing_program_are_found_and_the_controls_are_beside_them():
    """Rank correlation over images that were not used to find the concepts, nor to say which stands for which factor."""
    table = pd.read_csv(xh.stored("concepts.csv"))
    assert set(table.network) == {"rashnet", "rashnet-biased"} and table.notna().all(axis=None)
    assert set(table.directions) == {"concepts", "channels", "random directions", "concepts of the untrained network"}
    found = table[table.directions == "concepts"]
    for _, rows in found.groupby("network"):
        assert (rows.correlation > 0.6).sum() >= 3
    assert (found.images_scored >= 150).all() and (found.images_used >= 150).all()
