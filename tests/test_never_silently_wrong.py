"""Whatever network is given: the answer is the model's own, or it is refused in a sentence. Nothing in between."""

import re
import warnings

import generated_networks as generated
import numpy as np
import pytest
import tensorflow as tf

import xaihelpers as xh

RELATIVE = {"float32": 1e-4, "float64": 1e-4, "mixed_bfloat16": 2e-2, "mixed_float16": 2e-2}
ALL = generated.combinations(96)
CASES = [pytest.param(*each, marks=[] if i % 6 == 0 else pytest.mark.slow, id=" / ".join(each)) for i, each in enumerate(ALL)]


def images(channels, n=2):
    """Smooth pictures of integers, as every number type has them."""
    rng = np.random.default_rng(3)
    return rng.integers(0, 256, (n, generated.SIZE, generated.SIZE, channels)).astype(np.float32)


def expected_probabilities(head, y):
    """Return what the classifier should say for the model's own output y."""
    y = np.asarray(y, np.float64)
    if head in ("linear",):
        return np.asarray(tf.nn.softmax(y))
    if head == "one logit":
        y = 1 / (1 + np.exp(-y))
    if "log_softmax" in head:
        y = np.exp(y)
    return np.concatenate([1 - y, y], axis=1) if head in ("one logit", "one sigmoid") else y


@pytest.mark.parametrize(("head", "wrapper", "layout", "dtype"), CASES)
def test_a_generated_network(head, wrapper, layout, dtype):
    network, batch = generated.generate(head, wrapper, layout, dtype), images(generated.LAYOUTS[layout][0])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        classifier = xh.Classifier(network.model, **network.options)
    x = tf.constant(batch if network.options.get("preprocess") is None else network.options["preprocess"](batch))
    own = generated.own_output(network, x)
    np.testing.assert_allclose(classifier.probabilities(batch), expected_probabilities(head, own), atol=1e-5)
    assert any("twice" in str(each.message) for each in said) == (head == "double softmax" and wrapper not in generated.CLOSED)

    target = 0 if classifier.n_classes == 1 else 1
    found = classifier.gradients(batch, target)
    score = []

    @tf.function(autograph=False)  # compiled, as above
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            values, name = generated.true_score(network, head, wrapper, x)
            values = values[:, -1 if classifier.n_classes == 2 else target]
        score.append(name)
        return tf.cast(tape.gradient(values, x), tf.float32)

    reference = gradient(x).numpy()
    if layout == "channels first":
        reference = reference.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(found.gradients, reference, atol=RELATIVE[dtype] * np.abs(reference).max())
    assert found.gradients.dtype == found.values.dtype == np.float32 and classifier.describe().score == score[0]
    check_maps(classifier, batch[0])


def check_maps(classifier, image):
    """No map is constant, NaN or of another size without a word; a refusal is one sentence of ours."""
    for method, options in {
        "saliency": {},
        "grad_cam": {},
        "guided_backprop": {},
        "deep_shap": {},
        "occlusion": {"patch": 6},
    }.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if why := xh.METHODS[method].why_not(classifier):
                assert len(why) < 500 and why.endswith("."), method
                with pytest.raises(ValueError, match=re.escape(why)):
                    xh.METHODS[method].function(classifier, image, 0, **options)
                continue
            found = xh.METHODS[method].function(classifier, image, 0, **options)
        assert found.heatmap.shape == image.shape[:2] and np.isfinite(found.heatmap).all(), method
        assert found.diagnostics or np.ptp(found.heatmap) > 0, method
