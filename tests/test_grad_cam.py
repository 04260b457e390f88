"""Grad-CAM and HiResCAM: answers worked out by hand, identities, and agreement with an independent library."""

import keras
import networks
import numpy as np
import pytest

import xaihelpers as xh

IMAGE = networks.image()


def test_on_a_gap_head_grad_cam_is_cam_over_the_number_of_positions():
    model = networks.gap_network()
    classifier = xh.Classifier(model)
    maps = keras.Model(model.inputs, model.get_layer("maps").output).predict(IMAGE[None].astype(np.float32), verbose=0)[0]
    kernel = model.get_layer("scores").kernel.numpy()
    for target in range(3):
        cam = maps @ kernel[:, target]
        found = xh.grad_cam(classifier, IMAGE, target, layer="maps", relu=False).details["coarse"]
        np.testing.assert_allclose(found, cam / (8 * 8), rtol=1e-4, atol=1e-6)


def test_hires_cam_adds_up_to_the_logit_minus_the_bias():
    for model in (networks.gap_network(), networks.nested_network()):
        classifier = xh.Classifier(model)
        bias = model.layers[-1].bias.numpy()
        for target in range(3):
            coarse = xh.hires_cam(classifier, IMAGE, target).details["coarse"]
            assert coarse.sum() + bias[target] == pytest.approx(classifier.logits(IMAGE)[0, target], rel=1e-4)


def test_a_convolution_worked_out_by_hand():
    """Two 1 x 1 filters on a 2 x 2 image, then Flatten and Dense.

    The filters take red and green as they are, so the maps are A1 = [[1, 2], [3, 4]] and A2 = [[1, 0], [0, 1]]. The
    Dense weights of class 0 are 1, 0, 0, 1 on A1 and 2, 2, 2, 2 on A2, in the order of the positions.
    Grad-CAM: the mean weights are 2/4 = 0.5 and 2, so the map is 0.5 A1 + 2 A2 = [[2.5, 1], [1.5, 4]].
    HiResCAM: weight times activation, [[1*1 + 2*1, 0*2 + 2*0], [0*3 + 2*0, 1*4 + 2*1]] = [[3, 0], [0, 6]].
    """
    image = np.zeros((2, 2, 3))
    image[..., 0], image[..., 1] = [[1, 2], [3, 4]], [[1, 0], [0, 1]]
    model = keras.Sequential(
        [keras.Input((2, 2, 3)), keras.layers.Conv2D(2, 1, name="maps"), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    filters = np.zeros((1, 1, 3, 2))
    filters[0, 0, 0, 0] = filters[0, 0, 1, 1] = 1
    dense = np.zeros((2, 2, 2, 2))  # row, column, map, class
    dense[:, :, 0, 0], dense[:, :, 1, 0] = [[1, 0], [0, 1]], 2
    model.set_weights([filters, np.zeros(2), dense.reshape(8, 2), np.zeros(2)])
    classifier = xh.Classifier(model)
    np.testing.assert_allclose(xh.grad_cam(classifier, image, 0, layer="maps").heatmap, [[2.5, 1], [1.5, 4]], rtol=1e-6)
    np.testing.assert_allclose(xh.hires_cam(classifier, image, 0, layer="maps").heatmap, [[3, 0], [0, 6]], rtol=1e-6)


def test_the_heatmap_is_the_coarse_map_enlarged_between_its_places_with_its_sign():
    """A 1 x 1 filter of stride 2 takes red at four places, [[1, -2], [-3, 4]]; then Flatten and Dense.

    From 2 to 4 pixels, bilinear: the first and last are the places themselves, between them 3/4 and 1/4 of each.
    """
    image = np.zeros((4, 4, 3))
    image[::2, ::2, 0] = [[1, 2], [3, 4]]
    model = keras.Sequential(
        [keras.Input((4, 4, 3)), keras.layers.Conv2D(1, 1, strides=2, name="maps"), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    dense = np.array([[1, 0], [-1, 0], [-1, 0], [1, 0]])
    model.set_weights([np.array([1.0, 0, 0]).reshape(1, 1, 3, 1), np.zeros(1), dense, np.zeros(2)])
    between = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    signed, kept = np.array([[1, -2], [-3, 4]]), np.array([[1, 0], [0, 4]])
    classifier = xh.Classifier(model)
    for options, coarse in (({}, signed), ({"relu": False}, signed), ({"relu": True}, kept)):
        found = xh.hires_cam(classifier, image, 0, layer="maps", **options)
        np.testing.assert_allclose(found.heatmap, between @ coarse @ between.T, atol=1e-6)
        np.testing.assert_allclose(found.details["coarse"], signed, atol=1e-6)
        assert found.diagnostics == ()
    # Grad-CAM: the mean weight is 0 for class 0; for one that adds all places up, it is 1, and minus 1 for its opposite.
    model.layers[-1].set_weights([np.array([[1.0, -1]] * 4), np.zeros(2)])
    coarse = np.array([[1, 2], [3, 4]])
    for target, options, expected in ((0, {}, coarse), (1, {"relu": False}, -coarse)):
        found = xh.grad_cam(xh.Classifier(model), image, target, layer="maps", **options)
        np.testing.assert_allclose(found.heatmap, between @ expected @ between.T, atol=1e-6)
        assert found.diagnostics == ()  # all negative is no doubt where the sign is kept


def test_a_softmax_model_and_its_logits_twin_give_the_same_map():
    softmax, twin = networks.gap_network(), networks.gap_network(activation=None)
    for name in ("grad_cam", "hires_cam"):
        a = getattr(xh, name)(xh.Classifier(softmax), IMAGE, 1).heatmap
        b = getattr(xh, name)(xh.Classifier(twin), IMAGE, 1).heatmap
        assert a.any()
        np.testing.assert_array_equal(a, b)


def test_nested_two_deep_is_the_same_as_flat():
    """The same weights written without nesting give the same maps at the same layer."""
    nested = networks.nested_network()
    image = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.ReLU()(keras.layers.Conv2D(4, 3, padding="same")(x))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="deep")(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x))
    flat = keras.Model(image, keras.layers.Dense(3, activation="softmax")(x))
    flat.set_weights(nested.get_weights())
    a = xh.grad_cam(xh.Classifier(nested), IMAGE, 2, layer="deep", relu=False)
    b = xh.grad_cam(xh.Classifier(flat), IMAGE, 2, layer="deep", relu=False)
    assert a.parameters["layer"] == "deep" and a.details["layer"] == "middle/deepest/deep"
    np.testing.assert_allclose(a.heatmap, b.heatmap, atol=1e-6)


def test_one_pass_each_and_the_parameters_give_the_map_again():
    classifier = xh.Classifier(networks.gap_network(), class_names=["a", "b", "c"])
    first = xh.grad_cam(classifier, IMAGE, relu=False)
    assert (first.forward_passes, first.backward_passes) == (1, 1)
    assert first.class_name == classifier.predict(IMAGE)[0][0]
    again = xh.METHODS[first.method].function(classifier, first.image, first.target, **first.parameters)
    np.testing.assert_array_equal(np.asarray(first), again.heatmap)


def test_an_empty_map_says_why():
    model = networks.gap_network()
    model.get_layer("scores").kernel.assign(-np.ones((4, 3)))
    with pytest.warns(xh.DiagnosticWarning, match="relu=False"):
        empty = xh.grad_cam(xh.Classifier(model), IMAGE, 0)
    assert not empty.heatmap.any() and empty.diagnostics
    model.get_layer("scores").kernel.assign(np.zeros((4, 3)))
    with pytest.warns(xh.DiagnosticWarning, match="zero everywhere"):
        xh.grad_cam(xh.Classifier(model), IMAGE, 0)


def test_a_preprocessed_image_is_noticed():
    with pytest.warns(xh.DiagnosticWarning, match="preprocessed already"):
        xh.grad_cam(xh.Classifier(networks.gap_network()), IMAGE / 255.0, 0)


def test_bad_layers_are_refused_in_one_sentence():
    classifier = xh.Classifier(networks.gap_network())
    with pytest.raises(ValueError, match="no layer 'map'.*maps"):
        xh.grad_cam(classifier, IMAGE, layer="map")
    with pytest.raises(ValueError, match="no spatial output"):
        xh.grad_cam(classifier, IMAGE, layer="pool")
    dense = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="no layer whose output has places"):
        xh.grad_cam(xh.Classifier(dense), IMAGE)
    with pytest.raises(TypeError, match="wrap the model"):
        xh.grad_cam(networks.gap_network(), IMAGE)
    with pytest.raises(TypeError, match="laier"):
        xh.grad_cam(classifier, IMAGE, laier="maps")


@pytest.mark.parametrize("layer", ["block5c_add", "top_activation"])
def test_agrees_with_tf_keras_vis_on_a_real_network(layer):
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    classifier = xh.load_classifier("efficientnet-lite0")
    peer = Gradcam(classifier.model, model_modifier=ReplaceToLinear(), clone=True)
    for name in ("chelsea", "coffee", "camera", "rocket", "astronaut"):
        photo = xh.sample_photo(name, 224)
        ours = xh.grad_cam(classifier, photo, layer=layer)
        theirs = peer(
            CategoricalScore(ours.target),
            np.asarray(classifier.preprocess(photo.astype(np.float32)))[None],
            penultimate_layer=layer,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )[0]
        correlation = np.corrcoef(np.maximum(ours.details["coarse"], 0).ravel(), np.asarray(theirs).ravel())[0, 1]
        assert correlation > 0.999, (name, correlation)
