"""Models from files: Keras 3, Keras 2, SavedModel folders; what is none of these, or carries code, is one sentence."""

import json
import pathlib
import re
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from networks import gap_network, image

import xaihelpers as xh
from xaihelpers.classifier.keeping import Affine

KERAS2 = pathlib.Path(__file__).parent / "data" / "keras2"
ANSWERS = json.loads((KERAS2 / "answers.json").read_text())


def questions():
    """The images that the stored answers belong to: noise, black, half white."""
    images = np.random.default_rng(0).uniform(0, 255, (3, 16, 16, 3)).astype(np.float32)
    images[1], images[2, :8] = 0, 255
    return images


@pytest.mark.parametrize("file", sorted(path.name for path in KERAS2.glob("*.*") if path.suffix in (".h5", ".keras")))
def test_a_keras_2_file_gives_the_answers_that_keras_2_gave(file):
    """Nested backbones, called once and twice; augmentation; DepthwiseConv2D with groups; old and older configurations."""
    expected = np.array(ANSWERS[pathlib.Path(file).stem])
    assert np.ptp(expected, axis=0).max() > 0.01, "the answers differ, or nothing is tested"
    model = xh.load_model(KERAS2 / file)
    np.testing.assert_allclose(model(questions(), training=False), expected, atol=1e-6)
    classifier = xh.load_classifier(KERAS2 / file)
    p = classifier.probabilities(questions())
    np.testing.assert_allclose(p[:, -1], expected[:, -1], atol=1e-5)
    assert classifier.gradients(questions()[:1]).gradients.any()


def normalised(mean):
    layer = keras.layers.Normalization(mean=mean, variance=[50.0, 40.0, 30.0])
    return keras.Sequential([keras.Input((8, 8, 3)), layer, keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")])


def nested():
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()], name="inner")
    outer = [keras.Input((8, 8, 3)), inner, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, activation="softmax")]
    return keras.Sequential(outer)


MODELS = {"functional": gap_network, "nested": nested, "normalised": lambda: normalised([120.0, 110.0, 100.0])}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("ending", [".keras", ".h5", "/"])
def test_keras_3_files_give_the_models_own_answers(kind, ending, tmp_path):
    model = MODELS[kind]()
    path = tmp_path / f"model{ending}"
    model.export(path, verbose=False) if ending == "/" else model.save(path)
    loaded = xh.load_model(path)
    np.testing.assert_allclose(loaded(image()[None]), model(image()[None]), atol=1e-6)
    answers = xh.load_classifier(path, class_names=[f"n{i}" for i in range(model.output_shape[-1])]).predict(image())
    assert answers[0][0] == f"n{int(np.argmax(model(image()[None])))}"


# -- a classifier in a file -------------------------------------------------------------------------------------------------

SWAP = np.array([[0, 0, 1.0], [0, 1, 0], [1, 0, 0]], np.float32)
PREPROCESS = {
    "none": None,
    "numpy": lambda x: np.asarray(x, np.float32) / 255,
    "0 to 1": lambda x: x / 255,
    "-1 to 1": lambda x: x / 127.5 - 1,
    "each channel": lambda x: (x - [103.9, 116.8, 123.7]) / [58.4, 57.1, 57.4],
    "BGR": lambda x: x[..., ::-1] - [103.939, 116.779, 123.68],
    "a matrix": lambda x: keras.ops.matmul(x, SWAP * 0.5 + 0.1) + 0.3,
    "imagenet": keras.applications.resnet50.preprocess_input,
}


@pytest.mark.parametrize("kind", PREPROCESS)
def test_a_classifier_is_kept_with_its_names_and_its_range(kind, tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")])
    model.layers[-1].kernel.assign(np.random.default_rng(0).normal(size=(192, 3)) * 0.02)
    classifier = xh.Classifier(model, class_names={"cat": 1, "dog": 0, "eel": 2}, preprocess=PREPROCESS[kind])
    assert classifier.save(tmp_path / "mine.keras") == tmp_path / "mine.keras"
    loaded = xh.load_classifier(tmp_path / "mine.keras")
    assert loaded.class_names == ["dog", "cat", "eel"] and loaded.input_shape == classifier.input_shape
    np.testing.assert_allclose(loaded.probabilities(image()), classifier.probabilities(image()), atol=1e-5)
    np.testing.assert_allclose(xh.load_model(tmp_path / "mine.keras")(image()[None]), model(image()[None]), atol=1e-6)
    again = loaded.save(tmp_path / "again.keras")
    np.testing.assert_allclose(xh.load_classifier(again).probabilities(image()), loaded.probabilities(image()), atol=1e-6)
    assert keras.saving.load_model(again).count_params() == model.count_params(), "any Keras program reads it"
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".keras"]


def test_a_trained_classifier_is_kept_with_one_call_and_loaded_with_one(tmp_path):
    random = np.random.default_rng(0)
    backbone = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(4, 3)])
    data = random.integers(0, 256, (12, 16, 16, 3)).astype(np.uint8), ["good", "bad"] * 6
    trained = xh.train_classifier(data, backbone=backbone, epochs=2, on_chance="warn", progress=False)  # noise teaches nothing
    trained.save(tmp_path / "mine.keras")
    loaded = xh.load_classifier(str(tmp_path / "mine.keras"))
    assert loaded.class_names == ["bad", "good"]
    np.testing.assert_allclose(loaded.probabilities(data[0]), trained.probabilities(data[0]), atol=1e-6)


@pytest.mark.parametrize(
    "preprocess",
    [
        lambda x: keras.ops.abs(x - 100.0),
        lambda x: keras.ops.image.resize(x, (8, 8)),
        lambda x: x / keras.ops.max(x),
        lambda x: x**2,
    ],
)
def test_other_preprocessing_can_not_be_kept_and_says_so(preprocess, tmp_path):
    if preprocess(np.full((1, 16, 16, 3), 9, np.float32)).shape[1] == 8:
        classifier = xh.Classifier(gap_network(), preprocess=preprocess, input_shape=(16, 16, 3))
    else:
        classifier = xh.Classifier(gap_network(), preprocess=preprocess)
    with pytest.raises(TypeError, match="can't be kept in a file, .* put it into the model as layers"):
        classifier.save(tmp_path / "mine.keras")
    assert not list(tmp_path.iterdir())


def test_what_can_not_be_kept_is_one_sentence(tmp_path):
    with pytest.raises(TypeError, match="plain function"):
        xh.Classifier(lambda images: np.full((len(images), 2), 0.5)).save(tmp_path / "a.keras")
    for name in ("a.h5", "a", "nowhere/a.keras"):
        with pytest.raises(ValueError, match=r"give a name that ends in .keras"):
            xh.Classifier(gap_network()).save(tmp_path / name)
    with pytest.raises(TypeError, match="has its own class names and range"):
        xh.load_classifier("rashnet", class_names=["a"])
    gap_network().save(tmp_path / "a.keras")
    with pytest.raises(ValueError, match="values is '0-1': choose from '0 to 255', '0 to 1', '-1 to 1'"):
        xh.load_classifier(tmp_path / "a.keras", values="0-1")


def test_teachable_machines_names_are_read_beside_its_model(tmp_path):
    (tmp_path / "keras_model.h5").write_bytes((KERAS2 / "teachable.h5").read_bytes())
    (tmp_path / "labels.txt").write_text("0 my cat\n1 dog\n2 Class 3\n")
    classifier = xh.load_classifier(tmp_path / "keras_model.h5", values="-1 to 1")
    assert classifier.class_names == ["my cat", "dog", "Class 3"]
    expected = xh.load_model(tmp_path / "keras_model.h5")(questions() / 127.5 - 1)
    np.testing.assert_allclose(classifier.probabilities(questions()), expected, atol=1e-5)


@pytest.mark.parametrize(("values", "scale", "offset"), [("0 to 1", 1 / 255, 0), ("-1 to 1", 1 / 127.5, -1), ("0 to 255", 1, 0)])
def test_the_range_of_a_plain_file(values, scale, offset, tmp_path):
    model = normalised([0.4, 0.5, 0.6])
    model.save(tmp_path / "m.keras")
    classifier = xh.load_classifier(tmp_path / "m.keras", values=values)
    np.testing.assert_allclose(classifier.probabilities(image()), model(image()[None] * scale + offset), atol=1e-5)


def test_affine_mixes_channels_as_written():
    pixels = np.random.default_rng(0).uniform(size=(2, 3, 4, 3)).astype(np.float32)
    mixed = Affine(SWAP, [1, 2, 3])
    np.testing.assert_allclose(mixed(pixels), pixels[..., ::-1] + [1, 2, 3], atol=1e-6)
    np.testing.assert_allclose(mixed(tf.constant(pixels)), pixels[..., ::-1] + [1, 2, 3], atol=1e-6)
    to_grey = Affine([[0.5], [0.25], [0.25]], [0])
    np.testing.assert_allclose(to_grey(pixels)[..., 0], pixels @ [0.5, 0.25, 0.25], atol=1e-6)


# -- what is refused --------------------------------------------------------------------------------------------------------


class Own(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2


@keras.saving.register_keras_serializable("mine")
class Registered(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2


def with_layer(layer):
    layers = [keras.Input((8, 8, 3)), layer, keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    return keras.Sequential(layers)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_class_of_ones_own_is_named_and_the_advice_works(ending, tmp_path):
    model = with_layer(Own())
    model.save(tmp_path / f"m{ending}")
    with pytest.raises(ValueError, match="needs the class Own") as refused:
        xh.load_model(tmp_path / f"m{ending}")
    advice = re.search(r"(load_model\(path, custom_objects=.*\))\.$", str(refused.value))[1]
    loaded = eval(advice, {"load_model": xh.load_model, "path": tmp_path / f"m{ending}", "Own": Own})
    np.testing.assert_allclose(loaded(image()[None]), model(image()[None]), atol=1e-6)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_class_that_was_registered_here_is_trusted(ending, tmp_path):
    model = with_layer(Registered())
    model.save(tmp_path / f"m{ending}")
    np.testing.assert_allclose(xh.load_model(tmp_path / f"m{ending}")(image()[None]), model(image()[None]), atol=1e-6)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_no_code_in_a_file_is_run(ending, tmp_path, monkeypatch):
    with_layer(keras.layers.Lambda(lambda x: x * 2)).save(tmp_path / f"m{ending}")
    monkeypatch.setattr(keras.saving, "load_model", lambda *args, **named: pytest.fail("Keras was asked to load it"))
    monkeypatch.setattr(keras.saving, "deserialize_keras_object", lambda *args, **named: pytest.fail("Keras was asked"))
    with pytest.raises(ValueError, match="has a layer of the class Lambda, which is code of whoever made the file"):
        xh.load_model(tmp_path / f"m{ending}")


def test_a_saved_model_that_touches_files_is_refused(tmp_path):
    class Thief(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 3))])
        def __call__(self, images):
            tf.io.write_file(str(tmp_path / "stolen"), tf.constant("x"))
            return tf.reduce_mean(images, axis=(1, 2))

    thief = Thief()
    tf.saved_model.save(thief, str(tmp_path / "saved"), signatures=thief.__call__)
    with pytest.raises(ValueError, match="runs WriteFile, which may read or write files"):
        xh.load_model(tmp_path / "saved")
    assert not (tmp_path / "stolen").exists()


def files(folder):
    """Return {file: words of the sentence} of things that are no model here."""
    model = gap_network()
    model.save_weights(folder / "only.weights.h5")
    model.save_weights(folder / "w.weights.h5")
    (folder / "w.weights.h5").rename(folder / "renamed.h5")
    model.save(folder / "good.keras")
    (folder / "half.keras").write_bytes((folder / "good.keras").read_bytes()[:900])
    for name in (
        "a.onnx",
        "a.tflite",
        "a.pt",
        "a.pth",
        "a.pkl",
        "a.joblib",
        "a.json",
        "a.zip",
        "a.pb",
        "a.txt",
        "text.keras",
        "text.h5",
    ):
        (folder / name).write_text("{}")
    (folder / "empty").mkdir()
    with zipfile.ZipFile(folder / "part.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    return {
        "only.weights.h5": "holds weights only",
        "renamed.h5": "holds weights only",
        "half.keras": "damaged",
        "text.keras": "damaged",
        "text.h5": "damaged",
        "part.keras": "lacks metadata.json, model.weights.h5",
        "a.onnx": "ONNX",
        "a.tflite": "TensorFlow Lite",
        "a.pt": "PyTorch",
        "a.pth": "PyTorch",
        "a.pkl": "pickle, which may run any code",
        "a.joblib": "pickle, which may run any code",
        "a.json": "structure of a model, not its weights",
        "a.zip": "unpack it",
        "a.pb": "give the folder in which it lies",
        "a.txt": "no .keras or .h5 file",
        "empty": "folder without a saved_model.pb",
        "nowhere.keras": "There is no file",
    }


def test_everything_else_is_one_sentence(tmp_path):
    for name, words in files(tmp_path).items():
        with pytest.raises((ValueError, FileNotFoundError), match=words) as refused:
            xh.load_model(tmp_path / name)
        text = str(refused.value)
        assert "\n" not in text and text.endswith(".") and text.count(". ") == 0, text
    with pytest.raises(TypeError, match="give the path"):
        xh.load_model(3)


def test_the_ways_out_of_what_is_no_model_work(tmp_path):
    model, picture = gap_network(), image().astype(np.float32)
    expected = model.predict(picture[None], verbose=0)

    def refused(name, words):
        with pytest.raises(ValueError, match=words):
            xh.load_model(tmp_path / name)

    def works(loaded):
        np.testing.assert_allclose(xh.Classifier(loaded, input_shape=(8, 8, 3)).probabilities(picture), expected, atol=1e-6)

    model.save_weights(tmp_path / "only.weights.h5")
    refused(
        "only.weights.h5", r"build the model in code, load_weights into it, and save the model with model.save\('name.keras'\)"
    )
    again = gap_network(seed=1)
    again.load_weights(tmp_path / "only.weights.h5")
    again.save(tmp_path / "name.keras")
    works(xh.load_model(tmp_path / "name.keras"))

    model.save(tmp_path / "keras_model.h5")
    with zipfile.ZipFile(tmp_path / "converted.zip", "w") as archive:
        archive.write(tmp_path / "keras_model.h5", "keras_model.h5")
    refused("converted.zip", r"unpack it, and give the model inside \(keras_model.h5")
    with zipfile.ZipFile(tmp_path / "converted.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    works(xh.load_model(tmp_path / "unpacked" / "keras_model.h5"))

    model.export(tmp_path / "saved", verbose=False)
    refused("saved/saved_model.pb", "give the folder in which it lies")
    works(xh.load_model(tmp_path / "saved"))
    (tmp_path / "empty").mkdir()
    refused("empty", "give a .keras or .h5 file, or the folder of a SavedModel")
    (tmp_path / "model.json").write_text(model.to_json())
    refused("model.json", r"not its weights: save the model with model.save\('name.keras'\), and give that file")
