"""Activation maximization: exact answers on linear units, then a real network, what it refuses, and what it keeps."""

import io
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from networks import gap_network
from PIL import Image

import xaihelpers as xh
from xaihelpers.methods import METHODS


def linear_unit(size=6, seed=0):
    """Two classes whose logits are w . x and -w . x of the picture in units -1 (black) to 1 (white); and w."""
    w = np.random.default_rng(seed).standard_normal((size, size, 3)).astype(np.float32)
    pixels = keras.Input((size, size, 3))
    model = keras.Model(pixels, keras.layers.Dense(2, use_bias=False)(keras.layers.Flatten()(pixels)))
    model.set_weights([np.stack([w.ravel(), -w.ravel()], axis=1)])
    return xh.Classifier(model, preprocess=lambda x: x / 127.5 - 1), w


def in_units(visualization):
    return visualization.image / 127.5 - 1


@pytest.mark.parametrize("target", [0, 1])
def test_the_maximiser_of_a_linear_unit_on_the_ball_is_its_weights(target):
    classifier, w = linear_unit()
    w = w if target == 0 else -w
    found = xh.activation_maximization(
        classifier, target, space="pixels", optimizer="plain", radius=0.3, jitter=0, steps=200, step_size=0.05
    )
    # Rounding to whole grey levels is half of 1 / 127.5.
    np.testing.assert_allclose(in_units(found), 0.3 * w / np.sqrt((w**2).mean()), atol=0.5 / 127.5 + 1e-3)
    best = 0.3 * np.sqrt(w.size) * np.linalg.norm(w)
    assert found.activation[-1] == pytest.approx(best, rel=0.01)


@pytest.mark.parametrize("optimizer", ["plain", "adam"])
def test_the_maximiser_of_a_linear_unit_on_the_box_is_its_sign(optimizer):
    classifier, w = linear_unit()
    found = xh.activation_maximization(classifier, 0, space="pixels", optimizer=optimizer, jitter=0, steps=400, step_size=0.2)
    certain = np.abs(w) > 0.02
    np.testing.assert_allclose(in_units(found)[certain], np.sign(w)[certain], atol=0.01)
    assert found.activation[-1] == pytest.approx(np.abs(w).sum(), rel=0.01)


def test_waves_reach_the_sign_too_and_the_l2_penalty_gives_back_the_weights():
    classifier, w = linear_unit()
    found = xh.activation_maximization(classifier, 0, jitter=0, steps=400, step_size=0.2)
    # tanh reaches black and white only in the limit.
    assert found.activation[-1] == pytest.approx(np.abs(w).sum(), rel=0.05)
    # w . x - weight x mean(x^2) has its maximum at x = w n / (2 weight).
    weight = 5 * w.size
    penalised = xh.activation_maximization(classifier, 0, space="pixels", jitter=0, l2=weight, steps=400, step_size=0.01)
    np.testing.assert_allclose(in_units(penalised), w / 10, atol=0.5 / 127.5 + 2e-3)


def test_total_variation_makes_the_picture_flatter_and_jitter_changes_it():
    classifier = xh.Classifier(gap_network(16))
    free, flat = (xh.activation_maximization(classifier, 0, steps=40, total_variation=t) for t in (0.0, 50.0))
    roughness = [np.abs(np.diff(v.image.astype(float), axis=1)).mean() for v in (free, flat)]
    assert roughness[1] < roughness[0] / 2
    still = xh.activation_maximization(classifier, 0, steps=40, jitter=0)
    assert not np.array_equal(still.image, free.image)


def test_a_linear_unit_is_driven_down_to_the_opposite_of_its_sign():
    classifier, w = linear_unit()
    options = dict(space="pixels", optimizer="plain", jitter=0, steps=60, step_size=0.2)
    down = xh.activation_maximization(classifier, 0, negative=True, **options)
    up = xh.activation_maximization(classifier, 1, **options)  # the other class is the same unit, turned around
    np.testing.assert_array_equal(down.image, up.image)
    np.testing.assert_allclose(down.activation, -up.activation, rtol=1e-5, atol=1e-4)
    assert down.activation[-1] < -0.9 * np.abs(w).sum()


def test_with_maco_the_best_picture_of_one_wave_has_that_wave_in_step():
    """A unit that is one cosine: only the phase of that wave counts, and is brought to the cosine's own."""
    wave = np.cos(2 * np.pi * 2 * np.arange(16) / 16 + 0.7)[:, None, None] * np.ones((1, 16, 3))
    pixels = keras.Input((16, 16, 3))
    model = keras.Model(pixels, keras.layers.Dense(2, use_bias=False)(keras.layers.Flatten()(pixels)))
    model.set_weights([np.stack([wave.ravel(), -wave.ravel()], axis=1)])
    classifier = xh.Classifier(model, preprocess=lambda x: x / 127.5 - 1)
    found = xh.activation_maximization(classifier, 0, space="maco", jitter=0, steps=120, step_size=0.1)
    grey = in_units(found).mean(axis=(1, 2))
    phase = np.angle(np.fft.fft(grey)[2])
    assert phase == pytest.approx(0.7, abs=0.1) and found.activation[-1] > found.activation[0]
    assert np.abs(found.image.astype(float).mean() - 127.5) < 10, "the mean stays grey"


def test_maco_needs_three_channels_of_colour():
    grey = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="colour photographs; this network takes 1 channel"):
        xh.activation_maximization(xh.Classifier(grey), 0, space="maco", steps=1)


def test_scale_and_rotation_change_the_picture_and_a_mean_over_all_places_hardly_cares():
    classifier = xh.Classifier(gap_network(16))
    straight = xh.activation_maximization(classifier, 0, steps=20, jitter=0)
    for how in (dict(scale=0.2), dict(rotation=20.0)):
        askew = xh.activation_maximization(classifier, 0, steps=20, jitter=0, **how)
        assert not np.array_equal(straight.image, askew.image) and askew.activation[-1] > askew.activation[0]
        again = METHODS[askew.method].function(classifier, 0, **askew.parameters)
        np.testing.assert_array_equal(askew.image, again.image)


def test_the_first_step_is_the_gradient_of_the_bare_model():
    classifier = xh.Classifier(gap_network())
    options = dict(space="pixels", optimizer="plain", jitter=0, steps=1, step_size=0.5, seed=3)
    found = xh.activation_maximization(classifier, 2, **options)
    start = 0.02 * np.random.default_rng(3).standard_normal((1, 8, 8, 3)).astype(np.float32)
    bare = classifier.gradients(127.5 + 127.5 * start[0], 2)
    gradient = bare.gradients[0]
    expected = np.clip(start[0] + 0.5 * gradient / np.sqrt((gradient**2).mean()), -1, 1)
    np.testing.assert_array_equal(found.image, np.rint(127.5 + 127.5 * expected).astype(np.uint8))
    assert found.activation[0] == pytest.approx(bare.logits[0, 2], rel=1e-5)


def test_what_is_written_down_gives_the_same_picture_again():
    classifier = xh.Classifier(gap_network(16), class_names=["a", "b", "c"])
    found = xh.activation_maximization(classifier, "b", steps=12, frames=4, seed=5)
    again = METHODS[found.method].function(xh.Classifier(gap_network(16)), found.target, **found.parameters)
    np.testing.assert_array_equal(found.image, again.image)
    np.testing.assert_array_equal(found.activation, again.activation)
    assert (found.target, found.class_name, found.method) == (1, "b", "activation_maximization")
    assert found.image.dtype == np.uint8 and found.activation.shape == (12,)
    assert found.details["frame_steps"] == [0, 3, 6, 9, 12] and len(found.frames) == 5
    np.testing.assert_array_equal(found.frames[-1], found.image)
    assert found.details["probability"] == pytest.approx(classifier.probabilities(found.image)[0, 1], abs=1e-6)
    assert (found.forward_passes, found.backward_passes) == (13, 12)
    other = xh.activation_maximization(classifier, "b", steps=12, seed=6)
    assert not np.array_equal(found.image, other.image)
    assert "progress" not in found.parameters
    assert not METHODS["activation_maximization"].takes_image and METHODS["deep_dream"].takes_image
    assert {METHODS[name].family for name in ("activation_maximization", "deep_dream")} == {"feature visualization"}


def test_the_same_picture_in_a_new_process():
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "import xaihelpers as xh, zlib; from networks import gap_network\n"
        "v = xh.activation_maximization(xh.Classifier(gap_network(16)), 0, steps=8)\n"
        "print(zlib.crc32(v.image.tobytes()))"
    )
    runs = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout for _ in range(2)}
    assert len(runs) == 1 and runs.pop().strip().isdigit()


def test_any_channel_of_any_layer_at_any_size():
    classifier = xh.Classifier(gap_network(16))
    found = xh.activation_maximization(classifier, layer="maps", channel=1, size=24, steps=30)
    assert found.image.shape == (24, 24, 3) and found.target is None and found.class_name == "maps, channel 1"
    assert found.activation[-1] > found.activation[0] + 0.1
    last = xh.activation_maximization(classifier, channel=1, size=24, steps=30)
    np.testing.assert_array_equal(found.image, last.image)


def test_interrupting_keeps_the_picture_reached_so_far(monkeypatch):
    classifier = xh.Classifier(gap_network(16))
    whole = xh.activation_maximization(classifier, 0, steps=5)
    count, calls = classifier.count, []

    def interrupt(**passes):
        calls.append(passes)
        if len(calls) == 6:  # after the sixth step was computed, before it was kept
            raise KeyboardInterrupt
        count(**passes)

    monkeypatch.setattr(classifier, "count", interrupt)
    with pytest.warns(xh.DiagnosticWarning, match="Interrupted after 5 of 50 steps"):
        found = xh.activation_maximization(classifier, 0, steps=50)
    np.testing.assert_array_equal(found.image, whole.image)
    np.testing.assert_array_equal(found.activation, whole.activation)


def test_a_unit_that_is_off_everywhere_says_so():
    model = gap_network(16)
    kernel, bias = model.get_layer("maps").get_weights()
    model.get_layer("maps").set_weights([kernel * 0, bias - 100])
    with pytest.warns(xh.DiagnosticWarning, match="no gradient reaches the picture"):
        xh.activation_maximization(xh.Classifier(model), layer="maps", channel=0, steps=4)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (dict(target=7), ValueError, "no class 7"),
        (dict(target="cat"), ValueError, "no class 'cat'"),
        (dict(), ValueError, "Nothing was given"),
        (dict(target=0, layer="maps", channel=0), ValueError, "Both a class and a channel"),
        (dict(layer="mapz", channel=0), ValueError, "no layer 'mapz'.*maps"),
        (dict(layer="scores", channel=0), ValueError, "no spatial output"),
        (dict(layer="maps", channel=4), ValueError, "channel is 4: layer 'maps' has the channels 0 to 3"),
        (dict(layer="maps", channel=-1), ValueError, "channels 0 to 3"),
        (dict(layer="maps"), ValueError, "channel is None"),
        (dict(target=0, steps=0), ValueError, "steps is 0"),
        (dict(target=0, steps=2.5), ValueError, "steps is 2.5"),
        (dict(target=0, step_size=0), ValueError, "step_size is 0"),
        (dict(target=0, l2=-1), ValueError, "l2 is -1"),
        (dict(target=0, total_variation=float("nan")), ValueError, "total_variation is nan"),
        (dict(target=0, jitter=-1), ValueError, "jitter is -1"),
        (dict(target=0, scale=-0.1), ValueError, "scale is -0.1"),
        (dict(target=0, rotation=-5), ValueError, "rotation is -5"),
        (dict(target=0, space="waves"), ValueError, "space is 'waves'"),
        (dict(target=0, optimizer="sgd"), ValueError, "optimizer is 'sgd'"),
        (dict(target=0, radius=0.1), ValueError, "radius bounds pixels"),
        (dict(target=0, space="pixels", radius=0), ValueError, "radius is 0"),
        (dict(target=0, seed=-1), ValueError, "seed is -1"),
        (dict(target=0, frames=-1), ValueError, "frames is -1"),
        (dict(target=0, size=0), ValueError, "size is 0"),
    ],
)
def test_bad_input_is_one_sentence_before_any_step(arguments, error, words):
    classifier = xh.Classifier(gap_network())
    with classifier.measure() as cost, pytest.raises(error, match=words) as caught:
        xh.activation_maximization(classifier, **arguments)
    assert cost().forward_passes == 0
    assert "\n" not in str(caught.value)


def test_a_plain_function_has_no_gradients():
    with pytest.raises(TypeError, match="needs gradients"):
        xh.activation_maximization(xh.Classifier(lambda x: np.ones((len(x), 2)) / 2, class_names=["a", "b"]), 0)


def test_the_picture_plays_as_it_grew_and_sliders_need_no_image():
    classifier = xh.Classifier(gap_network(16))
    found = xh.activation_maximization(classifier, 0, steps=6, frames=3)
    picture = xh.animate(found, scale=2, seconds=1.0)
    with Image.open(io.BytesIO(picture.png)) as film:
        assert (film.format, film.n_frames, film.size) == ("WEBP", 4, (32, 32))
    assert "image/webp" in picture._repr_html_() and "as it grew" in picture._repr_html_()
    with pytest.raises(ValueError, match="no alt"):
        xh.animate(found.frames)
    with pytest.raises(ValueError, match="no frames"):
        xh.animate([])
    sliders = xh.explore("activation_maximization", classifier, None, target=1, steps=(2, 6, 2))
    assert sliders.result.target == 1 and "3 positions, 3 different pictures" in sliders.sweep()
    assert xh.explore("activation_maximization", classifier, None).result.class_name == "class 0", "its own sliders will do"


# -- real networks -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lite0():
    return xh.load_classifier("efficientnet-lite0")


@pytest.fixture(scope="module")
def photos():
    return np.stack([xh.sample_photo(name, 224) for name in xh.photo_names()])


def seen_otherwise(picture, rng, n=4):
    """Return (n, 224, 224, 3): a picture enlarged or shrunk by up to a quarter, and shifted."""
    found = []
    for scale in np.linspace(0.8, 1.25, n):
        edge = round(224 * scale)
        larger = np.asarray(Image.fromarray(picture).resize((edge, edge), Image.Resampling.BICUBIC))
        pad = max(0, (256 - edge + 1) // 2)
        larger = np.pad(larger, ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
        y, x = rng.integers(0, larger.shape[0] - 223, 2)
        found.append(larger[y : y + 224, x : x + 224])
    return np.stack(found)


def test_the_stored_pictures_of_twenty_classes_are_over_every_photograph_and_are_recognised(lite0, photos):
    rows = json.loads(xh.stored("class_pictures.json").read_text())["pictures"]
    sheet = np.asarray(Image.open(xh.stored("class_pictures.jpg")))
    pictures = [sheet[y : y + 224, x : x + 224] for y in range(0, len(sheet), 224) for x in range(0, sheet.shape[1], 224)]
    targets = [row["target"] for row in rows]
    assert targets == np.random.default_rng(0).choice(1000, 20, replace=False).tolist()
    highest = lite0.logits(photos).max()
    reached = lite0.logits(np.stack(pictures))[np.arange(20), targets]
    assert (reached > highest).sum() >= 18
    rng = np.random.default_rng(0)
    p = [lite0.probabilities(seen_otherwise(picture, rng)) for picture in pictures]
    in_top_5 = [bool(((q > q[:, [t]]).sum(axis=1) < 5).all()) for q, t in zip(p, targets)]
    assert sum(in_top_5) >= 15


def test_a_few_steps_lead_over_every_photograph_and_the_same_picture_twice(lite0, photos):
    found = xh.activation_maximization(lite0, "volcano", steps=24)
    assert found.activation[-1] > lite0.logits(photos).max()
    again = xh.activation_maximization(lite0, "volcano", steps=24)
    np.testing.assert_array_equal(found.image, again.image)


def test_rashnet_recognises_its_own_pictures_of_all_five_diseases():
    rashnet = xh.load_classifier("rashnet")
    for name in set(rashnet.class_names) - {"healthy"}:
        found = xh.activation_maximization(rashnet, name, steps=64)
        assert rashnet.predict(found.image)[0][0] == name
