"""The relatives of Grad-CAM: answers worked out by hand, the same written plainly with a tape, and an independent library."""

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import xaihelpers as xh

IMAGE = networks.image()


@pytest.fixture(scope="module")
def flat():
    """Two convolutions and a head that is not linear, so that gradients differ from place to place; settled weights."""
    keras.utils.set_random_seed(3)
    i = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu")(keras.layers.Rescaling(1 / 255)(i))
    x = keras.layers.Conv2D(10, 3, strides=2, padding="same", activation="relu", name="maps")(x)
    x = keras.layers.Conv2D(7, 3, activation="relu")(x)
    x = keras.layers.Dense(3, activation="softmax", name="scores")(keras.layers.Flatten()(x))
    return keras.Model(i, x)


@pytest.fixture(scope="module")
def parts(flat):
    """(values, gradients) of the layer "maps" for each class, by a tape; the logits from the layers themselves."""
    x = tf.constant(networks.image(16)[None], tf.float32)
    values = keras.Model(flat.inputs, flat.get_layer("maps").output)(x)
    behind, gradients = flat.layers[flat.layers.index(flat.get_layer("maps")) + 1 :], []
    head = behind[-1]
    for target in range(3):
        with tf.GradientTape() as tape:
            tape.watch(values)
            y = values
            for layer in behind[:-1]:
                y = layer(y)
            logit = (y @ head.kernel + head.bias)[0, target]
        gradients.append(tape.gradient(logit, values).numpy()[0].astype(float))
    return values.numpy()[0].astype(float), gradients


def plus_plus(a, g):
    """As the paper writes it: second and third derivative of exp(logit), up to the factor exp(logit)."""
    weights = np.zeros(a.shape[-1])
    for k in range(a.shape[-1]):
        for i, j in np.ndindex(*a.shape[:2]):
            slope = g[i, j, k]
            if slope != 0:
                alpha = slope**2 / (2 * slope**2 + a[..., k].sum() * slope**3)
                weights[k] += alpha * max(slope, 0)
    return a @ weights


def x_grad(a, g):
    return sum(a[..., k] * (a[..., k] / max(a[..., k].sum(), 1e-12) * g[..., k]).sum() for k in range(a.shape[-1]))


def layer_wise(a, g):
    return sum(a[..., k] * np.where(g[..., k] > 0, g[..., k], 0) for k in range(a.shape[-1]))


@pytest.mark.parametrize("target", [0, 1, 2])
@pytest.mark.parametrize(("name", "plain"), [("grad_cam_plus_plus", plus_plus), ("xgrad_cam", x_grad), ("layer_cam", layer_wise)])
def test_those_with_gradients_are_what_a_tape_and_the_papers_sum_give(name, plain, target, flat, parts):
    values, gradients = parts
    expected = plain(values, gradients[target])
    for relu in (False, True):
        found = getattr(xh, name)(xh.Classifier(flat), networks.image(16), target, layer="maps", relu=relu)
        np.testing.assert_allclose(found.details["coarse"], expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
        kept = np.maximum(expected, 0) if relu else expected
        np.testing.assert_allclose(found.heatmap, enlarged(kept, 16), rtol=1e-3, atol=1e-4 * np.abs(kept).max())
        assert (found.forward_passes, found.backward_passes) == (1, 1)


def enlarged(coarse, edge):
    return np.asarray(Image.fromarray(np.float32(coarse)).resize((edge, edge), Image.Resampling.BILINEAR))


@pytest.mark.parametrize("of", ["probability", "logit"])
def test_score_cam_asks_the_network_through_every_map(of, flat, parts):
    values, picture, ask = parts[0], networks.image(16).astype(np.float32), lambda x: flat(x).numpy()[0, 1]
    if of == "logit":
        behind = keras.Model(flat.inputs, flat.layers[-1].input)
        ask = lambda x: (behind(x).numpy() @ flat.layers[-1].kernel.numpy() + flat.layers[-1].bias.numpy())[0, 1]  # noqa: E731
    nothing, expected = ask(np.zeros((1, 16, 16, 3))), np.zeros(values.shape[:2])
    for k in range(values.shape[-1]):
        mask = enlarged(values[..., k], 16)
        if mask.max() > mask.min():
            mask = (mask - mask.min()) / (mask.max() - mask.min())
            expected += (ask((picture * mask[..., None])[None]) - nothing) * values[..., k]
    for batch_size in (3, 32):
        options = {"layer": "maps", "channels": 10, "of": of, "batch_size": batch_size}
        found = xh.score_cam(xh.Classifier(flat), networks.image(16), 1, relu=False, **options)
        np.testing.assert_allclose(found.details["coarse"], expected, atol=2e-5 * np.abs(expected).max())
        assert (found.forward_passes, found.backward_passes) == (12, 0)


def test_ablation_cam_asks_the_network_without_every_map(flat, parts):
    values, k = parts[0], parts[0].shape[-1]
    maps = flat.get_layer("maps")
    kernel, bias = (each.numpy() for each in (maps.kernel, maps.bias))
    model = keras.Model(flat.inputs, flat.layers[-1].input)

    def logit():
        return (model(networks.image(16)[None].astype(np.float32)) @ flat.layers[-1].kernel + flat.layers[-1].bias).numpy()[0, 2]

    whole, expected = logit(), np.zeros(values.shape[:2])
    for channel in range(k):  # a channel whose filter and bias are zero is gone
        maps.set_weights([kernel * (np.arange(k) != channel), bias * (np.arange(k) != channel)])
        expected += (whole - logit()) * values[..., channel]
    maps.set_weights([kernel, bias])
    for batch_size in (4, 32):
        options = {"layer": "maps", "channels": 10, "relu": False, "batch_size": batch_size}
        found = xh.ablation_cam(xh.Classifier(flat), networks.image(16), 2, **options)
        np.testing.assert_allclose(found.details["coarse"], expected, atol=2e-5 * np.abs(expected).max())
        assert (found.forward_passes, found.backward_passes) == (11, 0)


@pytest.mark.parametrize("centred", [False, True])
def test_eigen_cam_is_the_direction_that_repeated_multiplication_finds(centred, flat, parts):
    """The power iteration on the channels' products, which knows no singular values; its sign follows the activations."""
    flattened = parts[0].reshape(-1, parts[0].shape[-1])
    flattened = flattened - flattened.mean(axis=0) * centred
    direction = np.ones(flattened.shape[1])
    for _ in range(2000):
        direction = flattened.T @ (flattened @ direction)
        direction /= np.linalg.norm(direction)
    expected = flattened @ direction
    expected = expected * np.sign(expected @ flattened.sum(axis=1))
    with xh.without_warnings():
        maps = [xh.eigen_cam(xh.Classifier(flat), networks.image(16), c, layer="maps", centred=centred) for c in range(3)]
    np.testing.assert_allclose(maps[0].details["coarse"].ravel(), expected, atol=1e-4 * np.abs(expected).max())
    assert maps[0].details["share"] == pytest.approx((expected**2).sum() / (flattened**2).sum(), rel=1e-4)
    assert all(np.array_equal(each.heatmap, maps[0].heatmap) for each in maps)
    assert sum("knows no class" in " ".join(each.diagnostics) for each in maps) == 2  # one of the three is predicted
    assert maps[0].note == "the same for every class" and (maps[0].forward_passes, maps[0].backward_passes) == (1, 0)
    assert centred or maps[0].heatmap.min() >= 0  # behind a ReLU all maps have the same sign, and so has what they share


def by_hand():
    """Two 1 x 1 filters that take red and green as they are, then Flatten and Dense; see `test_grad_cam`.

    The maps are A1 = [[1, 2], [3, 4]] and A2 = [[1, 0], [0, 1]]; the gradients of class 0 are [[1, -1], [0, 1]] on the first and
    2 everywhere on the second.
    """
    image = np.zeros((2, 2, 3))
    image[..., 0], image[..., 1] = [[1, 2], [3, 4]], [[1, 0], [0, 1]]
    model = keras.Sequential(
        [keras.Input((2, 2, 3)), keras.layers.Conv2D(2, 1, name="maps"), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    filters, dense = np.zeros((1, 1, 3, 2)), np.zeros((2, 2, 2, 2))  # row, column, map, class
    filters[0, 0, 0, 0] = filters[0, 0, 1, 1] = 1
    dense[:, :, 0, 0], dense[:, :, 1, 0] = [[1, -1], [0, 1]], 2
    model.set_weights([filters, np.zeros(2), dense.reshape(8, 2), np.zeros(2)])
    return xh.Classifier(model), image


def test_four_places_worked_out_by_hand():
    """XGrad-CAM: (1 - 2 + 0 + 4) / 10 = 0.3 and (2 + 2) / 2 = 2. Layer-CAM: [[1 + 2, 0], [0, 4 + 2]].

    Grad-CAM++: the sums of the maps are 10 and 2, so alpha is 1 / (2 + 10) where the first gradient is 1, and 1 / (2 + 2 x 2)
    everywhere for the second; weights 2 / 12 and 4 x 2 / 6. Ablation-CAM: the logit is 1 - 2 + 4 + 4 = 7, without the first
    map 4, without the second 3: weights 3 and 4.
    Eigen-CAM: sums of products [[30, 5], [5, 2]], whose larger eigenvalue is 16 + sqrt(221).
    """
    network, image = by_hand()
    first, second = image[..., 0], image[..., 1]
    for name, expected in {
        "xgrad_cam": 0.3 * first + 2 * second,
        "layer_cam": [[3, 0], [0, 6]],
        "grad_cam_plus_plus": first / 6 + 4 / 3 * second,
        "ablation_cam": 3 * first + 4 * second,
    }.items():
        found = getattr(xh, name)(network, image, 0, layer="maps")
        np.testing.assert_allclose(found.heatmap, expected, rtol=1e-5, err_msg=name)
    largest = 16 + np.sqrt(221)
    direction = np.array([5, largest - 30])
    expected = image[..., :2] @ (direction / np.linalg.norm(direction))
    np.testing.assert_allclose(xh.eigen_cam(network, image, 0, layer="maps").heatmap, expected, rtol=1e-5)


def test_score_cam_worked_out_by_hand():
    """Scaled from 0 to 1 the maps are [[0, 1/3], [2/3, 1]] and [[1, 0], [0, 1]].

    Seen through the first, red is [[0, 2/3], [2, 4]] and green [[0, 0], [0, 1]]: the logit -2/3 + 4 + 2 = 16/3; through the
    second red is [[1, 0], [0, 4]] and green as it is: 1 + 4 + 2 x 2 = 9. Of black it is 0.
    """
    network, image = by_hand()
    found = xh.score_cam(network, image, 0, layer="maps", of="logit")
    np.testing.assert_allclose(found.details["weights"], [16 / 3, 9], rtol=1e-5)
    np.testing.assert_allclose(found.heatmap, 16 / 3 * image[..., 0] + 9 * image[..., 1], rtol=1e-5)


def test_xgrad_cam_adds_up_to_the_logit_minus_the_bias():
    for model in (networks.gap_network(), networks.nested_network()):
        classifier, bias = xh.Classifier(model), model.layers[-1].bias.numpy()
        for target in range(3):
            coarse = xh.xgrad_cam(classifier, IMAGE, target, relu=False).details["coarse"]
            assert coarse.sum() + bias[target] == pytest.approx(classifier.logits(IMAGE)[0, target], rel=1e-4)


def test_values_that_cancel_out_are_said():
    network, image = by_hand()
    image[..., 0] = [[60, 1], [2, 3]]
    network.model.layers[0].set_weights([np.float32([[[[1, 0], [-1, 1], [0, 0]]]]), np.zeros(2)])
    image[..., 1] = [[0, 22], [22, 22]]  # the first map is red minus green and adds up to 0
    with pytest.warns(xh.DiagnosticWarning, match="In 1 of 2 channels positive and negative values cancel out"):
        found = xh.xgrad_cam(network, image, 0, layer="maps")
    assert found.details["weights"][0] == 0 and np.isfinite(found.heatmap).all()


def test_few_channels_are_the_strongest_and_it_is_said(flat, parts):
    order = np.argsort(-parts[0].std(axis=(0, 1)))
    for name in ("score_cam", "ablation_cam"):
        options = {"layer": "maps", "relu": False}
        whole = getattr(xh, name)(xh.Classifier(flat), networks.image(16), 1, **options)
        with pytest.warns(xh.DiagnosticWarning, match="Only the 3 strongest of 10 channels"):
            few = getattr(xh, name)(xh.Classifier(flat), networks.image(16), 1, channels=3, **options)
        assert list(few.details["channels"]) == list(order[:3]) and few.note == "3 of 10 channels" and not whole.note
        np.testing.assert_allclose(few.details["weights"][order[:3]], whole.details["weights"][order[:3]], atol=1e-5)
        assert not few.details["weights"][order[3:]].any() and few.forward_passes == whole.forward_passes - 7


def test_a_layer_that_is_called_twice_is_silenced_call_by_call():
    i = keras.Input((8, 8, 3))
    layer = keras.layers.Conv2D(2, 3, padding="same", activation="relu", name="twice")
    x = keras.layers.Rescaling(1 / 255)(i)
    ways = [keras.layers.GlobalAveragePooling2D()(layer(each)) for each in (x, keras.layers.AveragePooling2D(1)(1 - x))]
    model = networks.fixed(keras.Model(i, keras.layers.Dense(3)(keras.layers.Concatenate()(ways))), 4)
    found = xh.ablation_cam(xh.Classifier(model), IMAGE, 1, layer="twice", relu=False)
    # The head is linear: what a channel of a call is worth is its mean times its weight.
    light = np.float32(IMAGE[None] / 255)
    bright, dark = (layer(each).numpy().mean(axis=(0, 1, 2)) for each in (light, 1 - light))
    kernel = model.layers[-1].kernel.numpy()[:, 1]
    worth = np.concatenate([dark * kernel[2:], bright * kernel[:2]])  # Keras takes the longer way first
    np.testing.assert_allclose(found.details["weights"], worth, atol=1e-5)
    second = xh.ablation_cam(xh.Classifier(model), IMAGE, 1, layer="twice#2", relu=False)
    np.testing.assert_allclose(second.details["weights"], worth[2:], atol=1e-5)


def test_a_plain_function_has_no_layers():
    network = xh.Classifier(lambda x: np.full((len(x), 2), 0.5), class_names=["a", "b"], input_shape=(8, 8, 3))
    for name in ("score_cam", "ablation_cam", "eigen_cam"):
        assert not xh.METHODS[name].takes(network) and "needs layers" in xh.METHODS[name].why_not(network)
        with pytest.raises(TypeError, match="needs layers, and a plain function has none"):
            getattr(xh, name)(network, IMAGE)
    assert xh.METHODS["grad_cam"].takes(xh.Classifier(networks.gap_network())) and xh.METHODS["rise"].takes(network)


def test_agrees_with_tf_keras_vis(flat):
    """Its Grad-CAM++ scales each channel's alphas to add up to 1, as the authors' program does and their paper does not; its
    Score-CAM does not subtract what black scores. Both are worked out of what ours keeps."""
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.layercam import Layercam
    from tf_keras_vis.scorecam import Scorecam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    picture, network = networks.image(16), xh.Classifier(flat)
    options = dict(penultimate_layer="maps", seek_penultimate_conv_layer=False, expand_cam=False, normalize_cam=False)
    for target in range(3):
        given = CategoricalScore(target), picture[None].astype(np.float32)
        theirs = {
            kind: np.asarray(kind(flat, model_modifier=ReplaceToLinear(), clone=True)(*given, **options))[0]
            for kind in (GradcamPlusPlus, Layercam, Scorecam)
        }
        pair = xh.layer_cam(network, picture, target, layer="maps"), theirs[Layercam]
        assert np.corrcoef(pair[0].details["coarse"].ravel(), pair[1].ravel())[0, 1] > 0.999
        values, gradients = xh.methods.shared.class_activation.gradients_at(network, picture, target, "maps")[2:4]
        alphas = np.where(gradients == 0, 0, 1 / (2 + gradients * values.sum(axis=(0, 1))))
        found = xh.grad_cam_plus_plus(network, picture, target, layer="maps")
        scaled = found.details["weights"] / np.maximum(alphas.sum(axis=(0, 1)), 1e-9)
        assert np.corrcoef((values @ scaled).ravel(), theirs[GradcamPlusPlus].ravel())[0, 1] > 0.999
        weights = xh.score_cam(network, picture, target, layer="maps", relu=False).details
        ours = values @ (weights["weights"] + weights["baseline"])
        assert np.corrcoef(ours.ravel(), theirs[Scorecam].ravel())[0, 1] > 0.999
