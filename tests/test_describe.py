"""`classifier.describe()`: what was found out, at one glance, and which techniques work."""

import re

import keras
import networks
import numpy as np
import pytest
from keras import layers as L

import xaihelpers as xh
from xaihelpers.classifier.describe import Description


def test_an_ordinary_network():
    about = xh.Classifier(networks.gap_network(), class_names=["cat", "dog", "lynx"]).describe()
    text = str(about)
    for words in (
        "(8, 8, 3), 0 to 255",
        "0 to 1 at the first weights ('maps')",
        "softmax",
        "cat, dog, lynx",
        "maps, 8 x 8 places",
    ):
        assert words in text, words
    assert set(about.techniques) == set(xh.METHODS)
    assert about.techniques["saliency"] is None and "not saliency" not in text
    page = about._repr_html_()
    assert page.startswith("<table>") and "cat, dog, lynx" in page and "<script" not in page


def test_what_works_and_what_does_not_as_text_and_as_a_table():
    about = Description({"model": "one"}, {"saliency": None, "rise": None, "lime": "no <image>"}, "logit", ("beware",))
    assert [line.split(maxsplit=1) for line in str(about).splitlines()] == [
        ["model", "one"],
        ["techniques", "saliency, rise"],
        ["not", "lime: no <image>"],
        ["note", "beware"],
    ]
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", about._repr_html_())
    expected = ["model", "one", "techniques", "saliency, rise", "not lime", "no &lt;image&gt;", "note", "beware"]
    assert cells == expected and repr(about) == str(about)


def test_inputs_that_are_held_are_told_and_no_others():
    image, age = keras.Input((8, 8, 3)), keras.Input((1,), name="age")
    logits = L.Dense(3)(L.Concatenate()([L.GlobalAveragePooling2D()(image), age]))
    about = xh.Classifier(keras.Model([image, age], logits), inputs={"age": 40}, outputs="logits").describe()
    assert about.facts["held inputs"] == "age = [40.]"
    assert "held inputs" not in xh.Classifier(networks.gap_network()).describe().facts


def test_names_are_no_html():
    about = xh.Classifier(networks.gap_network(), class_names=["<b>", "&", "c"]).describe()
    assert "<b>" not in about._repr_html_() and "&lt;b&gt;" in about._repr_html_()


def test_a_plain_function_says_what_it_can():
    about = xh.Classifier(lambda x: np.full((len(x), 2), 0.5), class_names=["a", "b"]).describe()
    assert about.techniques["occlusion"] is None and "needs gradients" in about.techniques["saliency"]


def test_what_it_says_is_what_happens():
    i = keras.Input((16, 16, 3))
    x = L.Conv2D(4, 3, activation="swish")(i)
    swish = keras.Model(i, L.Dense(3)(L.GlobalAveragePooling2D()(x)))
    flat = keras.Sequential([keras.Input((16, 16, 3)), L.Flatten(), L.Dense(8, activation="relu"), L.Dense(3)])
    for model in (swish, flat):
        classifier = xh.Classifier(model, preprocess=lambda x: x / 127.5 - 1)
        for name, why in classifier.describe().techniques.items():
            method = xh.METHODS[name]
            given = (networks.image(16), None) if method.takes_image else (1,)
            options = {"steps": 1, "frames": 0} if not method.needs_gradients or "max" in name or "dream" in name else {}
            options |= {"segments": "grid"}
            options = {k: v for k, v in options.items() if k in method.function.__signature__.parameters}
            if name == "deep_dream":
                given, options = (networks.image(40), None), {"octaves": 1, "steps": 1}
            if why:
                with pytest.raises(ValueError, match=re.escape(why)):
                    method.function(classifier, *given, **options)
            else:
                method.function(classifier, *given, **options)
    assert "patches" not in str(classifier.describe()) and "none: no layer" in str(classifier.describe())


def test_diagnostics_stay():
    with pytest.warns(xh.DiagnosticWarning):
        classifier = xh.Classifier(networks.gap_network(classes=1, activation=None))
    assert classifier.describe().diagnostics and "note" in str(classifier.describe())
