"""What activation maximization and deep dream share: regularisers, bounds, the climb, and how a picture is written down."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from networks import gap_network, image

import xaihelpers as xh
from xaihelpers.methods.shared import gradient_ascent as ascent
from xaihelpers.methods.shared.picture_space import (
    COLOUR_AXES,
    SPECTRUM,
    Fourier,
    Phases,
    Pixels,
    colour_axes,
    mean_spectrum,
    waves_of,
)


@pytest.mark.parametrize("regulariser", [ascent.l2, ascent.total_variation])
def test_gradients_of_regularisers_agree_with_finite_differences(regulariser):
    x = np.random.default_rng(0).uniform(-1, 1, (1, 4, 5, 3))
    with tf.GradientTape() as tape:
        variable = tf.Variable(x)
        value = regulariser(variable)
    exact = tape.gradient(value, variable).numpy()
    numeric = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = 1e-6
        numeric[place] = (regulariser(tf.constant(x + step)) - regulariser(tf.constant(x - step)))[0] / 2e-6
    np.testing.assert_allclose(exact, numeric, atol=1e-8)
    assert np.abs(exact).max() > 1e-3


def test_regularisers_by_hand():
    flat, edge = np.full((1, 3, 3, 3), 0.5), np.zeros((1, 3, 3, 3))
    edge[:, :, 2] = 1.0
    np.testing.assert_allclose(ascent.l2(tf.constant(flat)), [0.25])
    np.testing.assert_allclose(ascent.total_variation(tf.constant(flat)), [1e-3])
    np.testing.assert_allclose(ascent.total_variation(tf.constant(edge)), [(1e-3 + np.sqrt(1 + 1e-6)) / 2])


def test_box_and_ball_by_hand():
    x = tf.constant([3.0, -4.0, 0.0]) * tf.ones((1, 2, 2, 3))
    np.testing.assert_array_equal(ascent.to_box(x)[0, 0, 0], [1, -1, 0])
    size = np.sqrt(25 / 3)
    np.testing.assert_allclose(ascent.to_ball(x, 0.5)[0, 0, 0], np.array([3, -4, 0]) * 0.5 / size, rtol=1e-6)
    np.testing.assert_array_equal(ascent.to_ball(x, 10.0), x)


def test_jitter_rolls_and_loses_nothing():
    x = tf.reshape(tf.range(7 * 9 * 3, dtype=tf.float32), (1, 7, 9, 3))
    rolled = [ascent.jitter(x, tf.constant(2), tf.constant([0, i])).numpy() for i in range(40)]
    shifts = {(y, s) for r in rolled for y in range(-2, 3) for s in range(-2, 3) if np.array_equal(r, np.roll(x, (y, s), (1, 2)))}
    assert all(any(np.array_equal(r, np.roll(x, shift, (1, 2))) for shift in shifts) for r in rolled)
    assert len(shifts) > 10 and {abs(y) for y, _ in shifts} == {0, 1, 2}
    np.testing.assert_array_equal(ascent.jitter(x, tf.constant(0), tf.constant([0, 1])), x)
    np.testing.assert_array_equal(rolled[3], ascent.jitter(x, tf.constant(2), tf.constant([0, 3])))


def test_what_is_driven_up_is_the_logit_or_the_mean_of_a_channel():
    classifier = xh.Classifier(gap_network())
    picture = image().astype(np.float32)
    found = classifier.gradients(picture, layer="maps")

    def activation(layers, index):
        """In a graph, as the ascent uses it."""
        return tf.function(lambda x: ascent.activation(classifier, x, layers, index), autograph=False)(tf.constant(picture[None]))

    logit = activation({}, 1)
    assert float(logit[0]) == pytest.approx(found.logits[0, 1], rel=1e-5)
    channel = activation({"maps": 1.0}, tf.constant(2))
    assert float(channel[0]) == pytest.approx(found.values[0, ..., 2].mean(), rel=1e-5)
    scaled = next(path for path in classifier.layers if path.startswith("rescaling"))
    mixed = activation({"maps": 0.5, scaled: 2.0}, tf.constant(-1))
    assert float(mixed[0]) == pytest.approx(0.5 * found.values.mean() + 2 * picture.mean() / 255, rel=1e-5)


def test_a_layer_can_be_asked_at_a_size_that_the_head_refuses():
    inputs = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(2, 3, name="maps")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(maps)))
    classifier = xh.Classifier(model)
    larger = tf.random.stateless_uniform((1, 20, 20, 3), [0, 0])
    assert ascent.activation(classifier, larger, {"maps": 1.0}, tf.constant(-1)).shape == (1,)
    with pytest.raises(Exception, match=r"Dense|shape|Input"):
        ascent.activation(classifier, larger, {}, 0)


def test_the_climb_keeps_what_it_has_when_interrupted():
    def advance(i):
        if i == 3:
            raise KeyboardInterrupt
        return 10 + i

    values = ascent.climb(advance, 8)
    np.testing.assert_array_equal(values, [10, 11, 12])
    assert values.dtype == np.float32
    assert ascent.what_happened(values, 8) == ["Interrupted after 3 of 8 steps: this is the picture reached so far."]
    assert ascent.what_happened(np.arange(8.0), 8) == []
    assert "no gradient" in ascent.what_happened(np.ones(8), 8)[0]


@pytest.mark.parametrize("shape", [(32, 32), (31, 45), (16, 9)])
def test_waves_and_pixels_draw_pictures_of_the_size_asked(shape):
    for space in (Fourier(*shape), Pixels(*shape)):
        picture = np.asarray(space.draw(tf.constant(space.start(0))))
        assert picture.shape == (1, *shape, 3)
        assert 0.005 < picture.std() < 0.2, "faint noise around grey"
        np.testing.assert_array_equal(space.start(0), space.start(0))
        assert not np.array_equal(space.start(0), space.start(1))


def test_one_wave_is_one_cosine_in_one_direction_of_colour():
    space = Fourier(16, 16)
    waves = np.zeros(space.shape, np.float32)
    waves[0, 2, 0, 3] = 0.05  # real part, third direction (light against dark), three periods to the right
    x = np.arctanh(np.asarray(space.draw(tf.constant(waves)))[0].astype(np.float64)) / 2
    cosine = np.cos(2 * np.pi * 3 * np.arange(16) / 16)
    amplitude = 0.05 * space.scale[0, 3] * 2 / (16 * 16)
    expected = amplitude * cosine[None, :, None] * COLOUR_AXES[:, 2]
    np.testing.assert_allclose(x, np.broadcast_to(expected, x.shape), atol=1e-6)
    assert space.scale[0, 2] / space.scale[0, 4] == pytest.approx(2), "1 / frequency"


def test_colours_are_those_of_the_photographs_of_the_course():
    measured = colour_axes([xh.sample_photo(name, 224) for name in xh.photo_names()])
    np.testing.assert_allclose(COLOUR_AXES, measured, atol=1e-4)
    lengths = np.linalg.norm(measured, axis=0)
    assert lengths[2] == pytest.approx(1) and lengths[0] < lengths[1] < lengths[2]
    np.testing.assert_allclose(measured.T @ measured, np.diag(lengths**2), atol=1e-9)


@pytest.mark.parametrize("shape", [(16, 16), (15, 22), (12, 9)])
def test_with_maco_the_waves_have_the_prescribed_magnitude_whatever_the_phases(shape):
    space = Phases(*shape)
    for phases in (space.start(0), 100 * space.start(1)):
        picture = np.asarray(space.draw(tf.constant(phases)))[0].astype(np.float64)
        along = np.arctanh(picture) @ np.linalg.inv(COLOUR_AXES.astype(np.float64)).T
        found = np.moveaxis(np.abs(np.fft.rfft2(along, axes=(0, 1))), -1, 0)
        np.testing.assert_allclose(found, space.magnitude, rtol=1e-3, atol=2e-3)
    assert space.magnitude[0, 0, 0] == 0 and space.magnitude[:, 1, 1].min() > 5 * space.magnitude[:, -1, -1].max() / 10


def test_with_maco_the_gradient_reaches_the_phases_and_a_turned_phase_is_a_shifted_wave():
    space, random = Phases(16, 16), np.random.default_rng(0)
    weights, phases = random.standard_normal((1, 16, 16, 3)), space.start(0)
    with tf.GradientTape() as tape:
        variable = tf.Variable(phases)
        value = tf.reduce_sum(space.draw(variable) * weights)
    gradient = tape.gradient(value, variable).numpy()
    for place in [(0, 1, 2), (2, 5, 0), (1, 3, 8), (2, 0, 0)]:  # an inner wave, two that are stored twice, and the mean
        step = np.zeros_like(phases)
        step[place] = 0.01
        ends = [float(tf.reduce_sum(space.draw(tf.constant(phases + sign * step)) * weights)) for sign in (1, -1)]
        assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 0.02, rel=0.02, abs=2e-3)
    assert np.abs(gradient).max() > 0.1 and gradient[2, 0, 0] == 0
    # A picture moved down by one pixel: every phase falls by its frequency, and nothing else changes.
    moved = phases - (2 * np.pi * np.fft.fftfreq(16)[:, None] * np.ones(9)).astype(np.float32)
    moved[:, 8] = phases[:, 8]  # the lone frequency has two signs at once: leave that row out
    without = Phases(16, 16)
    without.magnitude[:, 8] = 0
    before, after = (np.asarray(without.draw(tf.constant(each))) for each in (phases, moved))
    np.testing.assert_allclose(after, np.roll(before, 1, axis=1), atol=1e-4)


def test_the_mean_spectrum_is_that_of_the_photographs_of_the_course_and_of_a_known_picture():
    photos = [xh.sample_photo(name, 224) for name in xh.photo_names()]
    assert len(photos) == 9
    np.testing.assert_allclose(SPECTRUM, mean_spectrum(photos, COLOUR_AXES.astype(np.float64)), atol=6e-4)
    assert (np.diff(SPECTRUM, axis=1) < 0).all(), "slow waves are the strongest"
    # One cosine of 14 grey levels, two periods: each of its two waves has half the amplitude times the edge.
    wave = 127.5 + 14 * np.cos(2 * np.pi * 2 * np.arange(224) / 224)[None, :, None] * np.ones((224, 1, 3))
    found = mean_spectrum([wave], np.eye(3))
    ring = np.round(np.log2(np.maximum(np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(224)])), 1e-9) * 224)) == 1
    np.testing.assert_allclose(found[:, 1], 2 * 14 / 127.5 / 2 * 224 / ring.sum(), rtol=1e-9)
    assert np.abs(np.delete(found, 1, axis=1)).max() < 1e-9


def test_waves_of_a_spectrum_are_as_strong_at_any_size():
    for edge in (112, 224, 448):
        waves = waves_of(SPECTRUM, edge, edge)
        np.testing.assert_allclose(waves[:, 0, edge // 56] / edge, SPECTRUM[:, 2], rtol=1e-5)  # four periods in 224 pixels
        assert (waves[:, 0, 0] == 0).all() and waves.shape == (3, edge, edge // 2 + 1)


def test_askew_by_nothing_is_the_picture_and_by_a_right_angle_its_turn():
    x = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(ascent.askew(tf.constant(x), 1.0, 0.0), x, atol=1e-6)
    np.testing.assert_allclose(ascent.askew(tf.constant(x), 1.0, np.float32(np.pi / 2)), np.rot90(x, 1, (1, 2)), atol=1e-5)
    ramp = tf.tile(tf.range(9, dtype=tf.float32)[None, :, None, None], (1, 1, 9, 3))
    np.testing.assert_allclose(ascent.askew(ramp, 2.0, 0.0)[0, :, 4, 0], 4 + (np.arange(9) - 4) / 2, atol=1e-5)
    with tf.GradientTape() as tape:
        variable = tf.Variable(x)
        seen = tf.reduce_sum(ascent.askew(variable, 1.3, 0.4) ** 2)
    gradient, step = tape.gradient(seen, variable).numpy(), np.zeros_like(x)
    step[1, 3, 2, 0] = 0.01
    ends = [float(tf.reduce_sum(ascent.askew(tf.constant(x + sign * step), 1.3, 0.4) ** 2)) for sign in (1, -1)]
    assert gradient[1, 3, 2, 0] == pytest.approx((ends[0] - ends[1]) / 0.02, rel=1e-2)


def test_how_askew_is_drawn_anew_in_every_step_and_within_bounds():
    ramp = tf.tile(tf.range(33, dtype=tf.float32)[None, :, None, None], (1, 1, 33, 1))
    factors, angles = [], []
    for i in range(40):
        seen = ascent.seen_askew(ramp, tf.constant(0.25), tf.constant(20.0), tf.constant([i, 0]))[0, 14:19, 14:19, 0].numpy()
        down, right = (seen[3, 2] - seen[1, 2]) / 2, (seen[2, 3] - seen[2, 1]) / 2
        factors.append(1 / np.hypot(down, right))
        angles.append(np.degrees(np.arctan2(right, down)))
    assert 0.8 - 1e-4 < min(factors) < 0.85 and 1.2 < max(factors) < 1.25 + 1e-4
    assert -20.1 < min(angles) < -15 and 15 < max(angles) < 20.1


def test_square_and_likeness_by_hand():
    output = tf.constant([[[[1.0, -2.0], [3.0, 0.0]]]])  # one image, one row of two places, two channels
    assert float(ascent.square_of("x", output, [1, 2], tf.constant(-1))[0]) == pytest.approx((1 + 4 + 9 + 0) / 4)
    assert float(ascent.square_of("x", output, [1, 2], tf.constant(1))[0]) == pytest.approx(2)
    guide = {"x": tf.constant([[1.0, 0.0], [0.0, -1.0], [0.5, 0.5]])}
    # The first place fits the second of the guide best (2), the second the first (3).
    assert float(ascent.likeness_to(guide)("x", output, [1, 2], None)[0]) == pytest.approx((2 + 3) / 2)
    first = ascent.likeness_to(guide)("x", tf.transpose(output, [0, 3, 1, 2]), [2, 3], None)  # channels first
    assert float(first[0]) == pytest.approx(2.5)
