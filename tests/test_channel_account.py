"""The account of one decision by channels: exact on heads that are linear, and true when channels are silenced."""

import dataclasses

import numpy as np
import pytest
from networks import gap_network, image, nested_network

import xaihelpers as xh


def test_contributions_by_hand_on_a_pooling_head():
    model = gap_network()
    classifier = xh.Classifier(model)
    account = xh.channel_account(classifier, image(), 1, top=2)
    kernel, bias = model.get_layer("scores").get_weights()
    maps = classifier.gradients(image(), layer="maps").values[0]
    np.testing.assert_allclose(account.contributions, maps.mean(axis=(0, 1)) * kernel[:, 1], rtol=1e-5)
    assert account.offset == pytest.approx(bias[1], abs=1e-5)
    assert account.shares.sum() == pytest.approx(1, abs=1e-6)
    assert list(account.channels) == list(np.argsort(-account.contributions)[:2])
    assert account.explained == pytest.approx(np.sort(account.shares)[-2:].sum())
    table = account.table()
    assert list(table["channel"]) == list(account.channels) and table["so far"].iloc[-1] == pytest.approx(account.explained)


def test_contributions_are_what_hires_cam_adds_up():
    classifier = xh.Classifier(nested_network())
    account = xh.channel_account(classifier, image(seed=1), layer="deep", top=4)
    cam = xh.hires_cam(classifier, image(seed=1), layer="deep")
    assert account.contributions.sum() == pytest.approx(cam.details["coarse"].sum(), rel=1e-4)
    assert account.target == cam.target


def test_silencing_takes_away_exactly_the_contributions_on_a_linear_head():
    classifier = xh.Classifier(gap_network())
    account = xh.channel_account(classifier, image(), 1, top=2)
    left = xh.silence(classifier, image(), account.channels)
    assert left.shape == (1, 3)
    assert account.logit - left[0, 1] == pytest.approx(account.contributions[account.channels].sum(), abs=1e-5)
    groups = np.array([[0], [1], [2], [3]])
    each = account.logit - xh.silence(classifier, image(), groups, batch_size=3)[:, 1]
    np.testing.assert_allclose(each, account.contributions, atol=1e-5)


def test_maps_and_crops_show_where_a_channel_is_excited():
    account = xh.channel_account(xh.Classifier(gap_network()), image(), top=1)
    channel = int(account.channels[0])
    np.testing.assert_array_equal(account.map(channel), account.activations[..., channel])
    row, column = np.unravel_index(account.map(channel).argmax(), (8, 8))
    top, left = np.clip(row - 1, 0, 5), np.clip(column - 1, 0, 5)
    crop = account.crop(channel, edge=3)
    assert crop.shape == (3, 3, 3)
    np.testing.assert_array_equal(crop, image()[top : top + 3, left : left + 3])
    assert account.crop(channel, edge=100).shape == (8, 8, 3)


def test_of_places_that_excite_a_channel_equally_the_crop_shows_the_middle():
    account = xh.channel_account(xh.Classifier(gap_network()), image(), top=1)
    maps = np.zeros((8, 8, 4), np.float32)
    maps[3:6, 2:7, 1] = 6  # a plateau, as ReLU6 leaves it
    plateau = dataclasses.replace(account, activations=maps)
    crop = plateau.crop(1, edge=3)
    assert any(np.array_equal(crop, image()[3:6, left : left + 3]) for left in (2, 3, 4))


def test_on_every_photo_the_ten_named_channels_matter_more_than_ten_random_ones():
    classifier = xh.load_classifier("efficientnet-lite0")
    bias = classifier.model.layers[-1].get_weights()[1]
    rng = np.random.default_rng(0)
    for name in xh.photo_names():
        photo = xh.sample_photo(name, 224)
        account = xh.channel_account(classifier, photo)
        assert account.contributions.sum() == pytest.approx(account.logit - bias[account.target], abs=1e-4)
        random = [rng.choice(len(account.contributions), 10, replace=False) for _ in range(10)]
        left = xh.silence(classifier, photo, [account.channels, *random])[:, account.target]
        assert left[0] < left[1:].min(), name


def test_on_rashnet_the_contributions_add_up_to_the_logit_minus_the_bias_too():
    rashnet, rashes = xh.load_classifier("rashnet"), xh.rashes.load_test_split()
    bias = rashnet.model.layers[-1].get_weights()[1]
    for picture in rashes.images[::40]:
        account = xh.channel_account(rashnet, picture)
        assert account.offset == pytest.approx(bias[account.target], abs=1e-4)
        assert account.shares.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: xh.channel_account(c, image(), layer="mapz"), "no layer 'mapz'"),
        (lambda c: xh.channel_account(c, image(), layer="scores"), "no spatial output"),
        (lambda c: xh.channel_account(c, image(), top=5), "top is 5: layer 'maps' has 4 channels"),
        (lambda c: xh.channel_account(c, image(), top=0), "top is 0"),
        (lambda c: xh.silence(c, image(), [4]), "channels 0 to 3"),
        (lambda c: xh.silence(c, image(), [-1]), "channels 0 to 3"),
        (lambda c: xh.silence(c, image(), [0.5]), "channels 0 to 3"),
        (lambda c: xh.silence(c, image(9), [0]), "9 x 9"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call(xh.Classifier(gap_network()))


def test_shares_of_a_sum_that_is_not_positive_are_announced():
    classifier = xh.Classifier(gap_network())
    sums = [classifier.gradients(image(), t, layer="maps") for t in range(3)]
    against = next(t for t, g in enumerate(sums) if (g.values * g.gradients).sum() < 0)
    with pytest.warns(xh.DiagnosticWarning, match="speak against"):
        xh.channel_account(classifier, image(), against, top=1)
