"""Deep dream: exact answers on linear units, octaves, tiles without seams, memory, and what it refuses."""

import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from networks import fixed, gap_network, image

import xaihelpers as xh
from xaihelpers.methods import METHODS
from xaihelpers.methods.deep_dream import _usual_layer, blurred, octave_sizes, resize, tiled_gradient


def network(size=32):
    """Two convolutions with a wide view, so that the border of a tile matters."""
    pixels = keras.Input((size, size, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = keras.layers.Conv2D(4, 7, padding="same", activation="relu", name="wide")(x)
    x = keras.layers.Conv2D(4, 7, padding="same", activation="relu", name="wider")(x)
    return xh.Classifier(fixed(keras.Model(pixels, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x)))))


@pytest.mark.parametrize("shape", [(101, 67), (64, 64), (333, 128)])
@pytest.mark.parametrize("scale", [1.3, 1.4, 2.0])
def test_octaves_grow_from_small_to_the_shape_of_the_image(shape, scale):
    sizes = octave_sizes(shape, 2, scale)
    assert sizes == [(round(shape[0] / scale), round(shape[1] / scale)), shape]
    assert octave_sizes(shape, 1, scale) == [shape]


def test_scaling_down_and_up_loses_no_pixel_at_odd_sizes():
    picture = np.random.default_rng(0).uniform(0, 255, (101, 67, 3)).astype(np.float32)
    for size in octave_sizes((101, 67), 3, 1.4):
        smaller = resize(picture, size)
        assert smaller.shape == (*size, 3) and smaller.dtype == np.float32
        back = resize(smaller, (101, 67))
        lost = picture - back  # the detail that the small size can't hold
        np.testing.assert_allclose(back + lost, picture, atol=1e-4)
        np.testing.assert_allclose(resize(np.full_like(picture, 90), size), 90, rtol=1e-5)
    np.testing.assert_array_equal(resize(picture, (101, 67)), picture)
    # A ramp stays a ramp, its middle in the middle: nothing is shifted by half a pixel.
    ramp = np.repeat(np.linspace(0, 200, 67, dtype=np.float32)[None, :, None], 101, axis=0).repeat(3, axis=2)
    small = resize(ramp, (72, 48))
    np.testing.assert_allclose(small[:, ::-1] + small, 200, atol=0.05)


def test_a_dream_of_almost_nothing_gives_back_every_detail():
    picture = np.random.default_rng(0).integers(0, 256, (75, 61, 3), dtype=np.uint8)
    dream = xh.deep_dream(network(), picture, layers="wide", octaves=3, octave_scale=1.3, steps=1, step_size=1e-4)
    np.testing.assert_array_equal(dream.image, picture)
    assert dream.image.shape == (75, 61, 3) and dream.details["octave_sizes"] == [(44, 36), (58, 47), (75, 61)]


def test_one_step_is_the_gradient_of_the_bare_model():
    classifier = xh.Classifier(gap_network(32))
    picture = image(32).astype(np.float32)
    bare = classifier.gradients(picture, 1)
    slope = bare.gradients[0]
    dream = xh.deep_dream(classifier, picture, 1, octaves=1, steps=1, step_size=3.0, blur=0, roll=False)
    np.testing.assert_array_equal(dream.image, np.rint(np.clip(picture + 3 * slope / np.abs(slope).mean(), 0, 255)))
    assert dream.activation[0] == pytest.approx(bare.logits[0, 1], rel=1e-5)
    assert (dream.forward_passes, dream.backward_passes) == (1, 1)


@pytest.mark.parametrize(("shape", "tile", "n"), [((101, 67), 40, 6), ((64, 64), 32, 4), ((33, 90), 64, 2), ((40, 40), 64, 1)])
def test_tiles_cover_every_pixel(shape, tile, n):
    seen = []

    def gradient(tiles):
        seen.extend(tiles)
        assert max(tiles.shape[1:3]) <= tile
        return tf.ones(len(tiles)), tf.constant(tiles)  # the gradient is the picture: tiles must put it together again

    picture = np.random.default_rng(0).uniform(size=(*shape, 3)).astype(np.float32)
    for offset in [(0, 0), (13, 29)]:
        seen.clear()
        _, slope = tiled_gradient(gradient, picture, tile, offset, 4, lambda **passes: None)
        np.testing.assert_array_equal(slope, picture)
        assert len(seen) == n


def test_a_tile_seam_can_not_be_found():
    classifier = network()
    border = np.zeros(127, bool)
    border[31::32] = True

    def seam(roll):
        """Change from pixel to pixel across the borders of tiles, and elsewhere: mean of each, in units of its spread."""
        changes = []
        for seed in range(3):
            picture = np.random.default_rng(seed).integers(100, 156, (128, 128, 3), dtype=np.uint8)
            options = dict(layers="wider", octaves=1, steps=40, step_size=1.0, blur=0, tile=32, roll=roll, seed=seed)
            dreamt = xh.deep_dream(classifier, picture, **options).image.astype(float) - picture
            changes += [np.abs(np.diff(dreamt, axis=axis)).mean(axis=(1 - axis, 2)) for axis in (0, 1)]
        mean = np.mean(changes, axis=0)
        return mean[border].mean() / mean[~border].mean(), (mean[border].mean() - mean[~border].mean()) / mean[~border].std()

    ratio, deviation = seam(roll=True)
    assert 0.97 < ratio < 1.03 and abs(deviation) < 2, (ratio, deviation)
    ratio, _ = seam(roll=False)
    assert not 0.9 < ratio < 1.1, "with borders that stay where they are, the test finds the seam"


def test_the_activation_rises_in_every_octave_and_layers_mix():
    classifier = network()
    picture = np.full((64, 64, 3), 120, np.uint8) + image(64) // 16
    dream = xh.deep_dream(classifier, picture, layers=["wide", "wider"], octaves=2, steps=8)
    each = dream.activation.reshape(2, 8)
    assert (each[:, -1] > each[:, 0]).all()
    assert dream.class_name == "wide + wider" and dream.target is None
    mixed = xh.deep_dream(classifier, picture, layers={"wide": 1.0, "wider": 0.5}, octaves=1, steps=1, roll=False)
    values = [classifier.gradients(picture[:32, :32], layer=layer).values.mean() for layer in ("wide", "wider")]
    whole = xh.deep_dream(classifier, picture[:32, :32], layers={"wide": 1.0, "wider": 0.5}, octaves=1, steps=1, roll=False)
    assert whole.activation[0] == pytest.approx(values[0] + 0.5 * values[1], rel=1e-4)
    assert mixed.class_name == "wide + 0.5 x wider"
    one = xh.deep_dream(classifier, picture, layers="wide", channel=2, octaves=1, steps=8)
    assert one.activation[-1] > one.activation[0] and one.class_name == "wide, channel 2"


def test_the_first_step_by_squares_is_the_gradient_of_their_mean():
    classifier, picture = network(), image(32)
    dream = xh.deep_dream(classifier, picture, layers="wide", squares=True, octaves=1, steps=1, roll=False, blur=0)
    part = keras.Model(classifier.model.input, classifier.model.get_layer("wide").output)
    with tf.GradientTape() as tape:
        pixels = tf.constant(picture[None].astype(np.float32))
        tape.watch(pixels)
        score = tf.reduce_mean(part(pixels) ** 2)
    slope = tape.gradient(score, pixels).numpy()[0]
    np.testing.assert_allclose(dream.image, np.clip(picture + 2 * slope / np.abs(slope).mean(), 0, 255), atol=1)
    assert dream.activation[0] == pytest.approx(float(score), rel=1e-4)


def test_a_guided_dream_takes_on_what_the_guide_answers_and_no_other():
    classifier = network()
    random = np.random.default_rng(0)
    picture, guides = image(32), [random.integers(0, 256, (32, 32, 3)).astype(np.uint8), np.full((40, 40, 3), 200, np.uint8)]
    one = xh.deep_dream(classifier, picture, layers="wide", guide=guides[0], octaves=1, steps=1, roll=False, blur=0)
    part = keras.Model(classifier.model.input, classifier.model.get_layer("wide").output)
    known = np.asarray(part(guides[0][None].astype(np.float32))).reshape(-1, 4)
    here = np.asarray(part(picture[None].astype(np.float32))).reshape(-1, 4)
    assert one.activation[0] == pytest.approx(float((here @ known.T).max(axis=1).mean()), rel=1e-4)
    dreams = [xh.deep_dream(classifier, picture, layers="wide", guide=guide, octaves=1, steps=6) for guide in guides]
    assert all(dream.activation[-1] > dream.activation[0] for dream in dreams)
    assert not np.array_equal(dreams[0].image, dreams[1].image) and dreams[0].parameters["guide"] is guides[0]


def test_what_is_written_down_gives_the_same_dream_again():
    picture = image(70, seed=2)
    dream = xh.deep_dream(network(), picture, 1, octaves=2, steps=3, seed=4, frames=3)
    again = METHODS[dream.method].function(network(), picture, dream.target, **dream.parameters)
    np.testing.assert_array_equal(dream.image, again.image)
    assert not np.array_equal(dream.image, xh.deep_dream(network(), picture, 1, octaves=2, steps=3, seed=5).image)
    assert len(dream.frames) == 4 and all(frame.shape == (70, 70, 3) for frame in dream.frames)
    np.testing.assert_array_equal(dream.frames[0], picture)
    np.testing.assert_array_equal(dream.frames[-1], dream.image)
    assert dream.image.dtype == np.uint8 and dream.activation.shape == (6,)
    chunks = [xh.deep_dream(network(), picture, 1, octaves=1, steps=2, batch_size=n).image.astype(int) for n in (1, 5)]
    assert np.abs(chunks[0] - chunks[1]).max() <= 1


def test_interrupting_keeps_the_dream_reached_so_far(monkeypatch):
    classifier = network()
    whole = xh.deep_dream(classifier, image(64), 0, octaves=2, steps=4)
    short = xh.deep_dream(classifier, image(64), 0, octaves=2, steps=4, frames=8).frames[6]
    count, calls = classifier.count, []

    def interrupt(**passes):
        calls.append(passes)
        count(**passes)
        if sum(call["forward"] for call in calls) > whole.forward_passes * 3 // 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(classifier, "count", interrupt)
    with pytest.warns(xh.DiagnosticWarning, match="Interrupted after 6 of 8 steps"):
        dream = xh.deep_dream(classifier, image(64), 0, octaves=2, steps=4)
    np.testing.assert_array_equal(dream.image, short)


def test_blur_keeps_the_sum_and_takes_the_finest_detail():
    slope = np.random.default_rng(0).uniform(size=(40, 40, 3))
    np.testing.assert_array_equal(blurred(slope, 0), slope)
    soft = blurred(slope, 1.4)
    np.testing.assert_allclose(soft.sum(axis=(0, 1)), 3 * slope.sum(axis=(0, 1)), rtol=0.02)
    assert np.abs(np.diff(soft, axis=0)).mean() / soft.std() < 0.6 * np.abs(np.diff(slope, axis=0)).mean() / slope.std()


def test_layers_of_a_network_with_a_head_of_fixed_size():
    pixels = keras.Input((32, 32, 3))
    maps = keras.layers.Conv2D(2, 3, activation="relu", name="maps")(pixels)
    classifier = xh.Classifier(fixed(keras.Model(pixels, keras.layers.Dense(2)(keras.layers.Flatten()(maps)))))
    dream = xh.deep_dream(classifier, image(80), layers="maps", octaves=2, steps=2)
    assert dream.image.shape == (80, 80, 3)
    with pytest.raises(ValueError, match="can't take tiles of 29 x 29"):
        xh.deep_dream(classifier, image(80), 0, octaves=2, steps=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(layers="mapz"), "no layer 'mapz'"),
        (dict(layers="scores"), "no spatial output"),
        (dict(layers=[]), "layers is empty"),
        (dict(layers="maps", channel=4), "channels 0 to 3"),
        (dict(target=0, layers="maps"), "Both a class and layers"),
        (dict(target=0, squares=True), "squares are of layers"),
        (dict(target=0, guide=np.zeros((40, 40, 3), np.uint8)), "A guide says by itself"),
        (dict(layers="maps", channel=1, guide=np.zeros((40, 40, 3), np.uint8)), "A guide says by itself"),
        (dict(layers="maps", guide=np.zeros((40, 40), np.uint8)), "grey"),
        (dict(target=9), "no class 9"),
        (dict(steps=0), "steps is 0"),
        (dict(octaves=0), "octaves is 0"),
        (dict(octave_scale=1.0), "octave_scale is 1.0"),
        (dict(step_size=0), "step_size is 0"),
        (dict(blur=-1), "blur is -1"),
        (dict(tile=8), "tile is 8"),
        (dict(octaves=4), "The image is 64 x 64 pixels and the smallest of 4 octaves would be 23 x 23, under 32"),
        (dict(batch_size=0), "batch_size is 0"),
        (dict(seed=-1), "seed is -1"),
    ],
)
def test_bad_input_is_one_sentence_before_any_step(arguments, words):
    classifier = xh.Classifier(gap_network(64))
    with classifier.measure() as cost, pytest.raises(ValueError, match=words):
        xh.deep_dream(classifier, image(64), **{"octaves": 2, **arguments})
    assert cost().forward_passes == 0


def test_dreams_towards_each_rash_raise_its_logit_more_than_those_of_a_network_that_learned_nothing():
    rashnet, rashes = xh.load_classifier("rashnet"), xh.rashes.load_test_split()
    healthy = rashes.images[rashes.labels == rashes.class_names.index("healthy")][:2]

    def rise(dreamer, name):
        options = dict(octaves=2, steps=8, step_size=1.0)
        images = np.stack([xh.deep_dream(dreamer, picture, name, **options).image for picture in healthy])
        return (rashnet.logits(images) - rashnet.logits(healthy))[:, rashnet.class_index(name)].mean()

    ill = [name for name in rashnet.class_names if name != "healthy"]
    rises = np.array([rise(rashnet, name) for name in ill])
    assert (rises > 0).all(), dict(zip(ill, rises))
    shuffled = xh.metrics.randomised_copy(rashnet)
    assert rises.mean() > 5 * np.mean([rise(shuffled, name) for name in ill])


def test_images_that_are_none():
    classifier = xh.Classifier(gap_network(64))
    with pytest.raises(ValueError, match="grey"):
        xh.deep_dream(classifier, np.zeros((64, 64)), octaves=1)
    with pytest.warns(xh.DiagnosticWarning, match="looks preprocessed"):
        xh.deep_dream(classifier, image(64) / 255, octaves=1, steps=1)


@pytest.mark.slow
def test_a_photo_of_1024_x_768_stays_under_one_and_a_half_gigabytes():
    code = (
        "import numpy as np, xaihelpers as xh\n"
        "from PIL import Image\n"
        "photo = np.asarray(Image.fromarray(xh.sample_photo('china')).resize((1024, 768)))\n"
        "xh.deep_dream(xh.load_classifier('efficientnet-lite0'), photo, octaves=2, steps=1)\n"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if "FileNotFoundError" in done.stderr:
        pytest.skip("this system does not say how much memory a process used")
    gigabytes = int(done.stdout.split()[1]) * 1024 / 1e9
    assert gigabytes < 1.5


@pytest.mark.parametrize("way", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("goal", [{"layers": "last"}, {"target": 1}])
def test_a_network_that_enlarges_its_maps(way, goal):
    """Bilinear up-sampling must know its size when it is compiled; the gradient is that of the model itself."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((64, 64, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(keras.layers.Rescaling(1 / 255)(inputs))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="last")(keras.layers.UpSampling2D(2, interpolation=way)(x))
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(x)))
    classifier = xh.Classifier(keras.Sequential([model, keras.layers.Softmax()]))
    image = np.random.default_rng(0).uniform(0, 255, (64, 64, 3)).astype(np.float32)
    dream = xh.deep_dream(classifier, image, octaves=1, steps=1, roll=False, blur=0, **goal)
    part = keras.Model(model.input, [model.get_layer("last").output, model.output])
    with tf.GradientTape() as tape:
        pixels = tf.constant(image[None])
        tape.watch(pixels)
        maps, logits = part(pixels)
        score = tf.reduce_mean(maps) if "layers" in goal else logits[0, 1]
    slope = tape.gradient(score, pixels).numpy()[0]
    expected = np.clip(image + 2 * slope / np.abs(slope).mean(), 0, 255)
    np.testing.assert_allclose(dream.image, np.rint(expected), atol=1)
    assert dream.activation[0] == pytest.approx(float(score), rel=1e-4)
    larger = np.pad(image, ((0, 30), (0, 9), (0, 0)))
    assert xh.deep_dream(classifier, larger, octaves=2, steps=1, **goal).image.shape == (94, 73, 3)


def test_a_blur_goes_both_ways_and_mixes_no_colours():
    slope = np.zeros((31, 31, 3))
    slope[15, 15, 1] = 1
    found = blurred(slope, 2.0)
    assert not found[..., [0, 2]].any() and found.sum() == pytest.approx(3, abs=1e-3)
    np.testing.assert_allclose(found[..., 1], found[..., 1].T, atol=1e-12)
    np.testing.assert_allclose(found[..., 1], found[::-1, ::-1, 1], atol=1e-12)
    # In the middle the peaks of three Gaussians, of half, once and twice the width; of the narrow one the pixel counts.
    assert found[15, 15, 1] == pytest.approx(sum(1 / (2 * np.pi * sigma**2) for sigma in (1, 2, 4)), rel=0.02)
    np.testing.assert_array_equal(blurred(slope, 0), slope)


@pytest.mark.parametrize("layers", [{"wide": "much"}, {3: 1.0}, ["wide", 3], 3, {"wide": None}])
def test_what_names_no_layers_is_refused(layers):
    with pytest.raises(TypeError, match="layers is .*give the name of a layer, a list of names"):
        xh.deep_dream(network(), np.full((32, 32, 3), 100, np.uint8), layers=layers)


@pytest.mark.parametrize(("steady", "usual"), [("", "e"), ("e", "f"), ("ef", "d"), ("def", "c"), ("abcdef", "e")])
def test_the_usual_layer_has_a_mean_that_can_be_moved(steady, usual):
    known = SimpleNamespace(spatial_layers=lambda: list("abcdef"), places=lambda path: SimpleNamespace(steady=path in steady))
    assert _usual_layer(known) == usual
