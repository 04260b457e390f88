"""Tiny Keras 2 files as people have them, with the answers that Keras 2 gave: tests/data/keras2, read by test_model_files.

Needs the package tf_keras, which is not part of the course:

    pip install --no-deps --target somewhere tf_keras && PYTHONPATH=somewhere python tools/make_keras2_files.py tests/data/keras2
"""

import json
import os
import shutil
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import h5py
import numpy as np
import tf_keras as keras

L = keras.layers


def questions():
    """Noise, black, half white: as in the test."""
    images = np.random.default_rng(0).uniform(0, 255, (3, 16, 16, 3)).astype(np.float32)
    images[1], images[2, :8] = 0, 255
    return images


def backbone():
    """A MobileNet in small, 16 x 16 pixels to 8 x 8 maps."""
    inputs = keras.Input((16, 16, 3))
    x = L.Conv2D(4, 3, 2, use_bias=False)(L.ZeroPadding2D()(inputs))
    x = L.ReLU(6.0)(L.BatchNormalization()(x))
    x = L.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = L.ReLU(6.0)(L.BatchNormalization()(x))
    model = keras.Model(inputs, L.Add()([x, L.Conv2D(4, 1)(x)]), name="backbone")
    random = np.random.default_rng(0)
    shapes = [weight.shape for weight in model.get_weights()]
    model.set_weights([random.normal(size=s) * 0.5 if len(s) > 1 else random.uniform(0.2, 0.6, s) for s in shapes])
    return model


def guide():
    """As in Keras' guide to transfer learning: augmentation, preprocess_input, a frozen backbone, one sigmoid."""
    inputs = keras.Input((16, 16, 3))
    x = keras.Sequential([L.RandomFlip(), L.RandomRotation(0.1)], name="augment")(inputs)
    x = backbone()(keras.applications.mobilenet_v2.preprocess_input(x), training=False)
    return keras.Model(inputs, L.Dense(1, activation="sigmoid")(L.Dropout(0.2)(L.GlobalAveragePooling2D()(x))))


def teachable():
    """As Teachable Machine exports: a Sequential of two Sequentials."""
    inner = backbone()
    body = keras.Sequential([keras.Model(inner.input, L.GlobalAveragePooling2D()(inner.output))])
    head = [L.InputLayer((4,)), L.Dense(5, activation="relu"), L.Dense(3, use_bias=False, activation="softmax")]
    return keras.Sequential([body, keras.Sequential(head)])


def twice():
    """One backbone, called twice."""
    inner, inputs = backbone(), keras.Input((16, 16, 3))
    x = L.Concatenate()([inner(L.Rescaling(1 / 255)(inputs)), inner(L.Rescaling(-1 / 255, 1.0)(inputs))])
    return keras.Model(inputs, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x)))


def backbone_inside():
    """A functional backbone inside a Sequential."""
    layers = [L.InputLayer((16, 16, 3)), L.Rescaling(1 / 255), backbone(), L.GlobalAveragePooling2D()]
    return keras.Sequential([*layers, L.Dense(3, activation="softmax")])


def older(config):
    """Return a configuration as TensorFlow before 2.12 wrote it: without modules."""
    if isinstance(config, list):
        return [older(each) for each in config]
    if not isinstance(config, dict):
        return config
    new = ("module", "registered_name", "build_config", "rng_type", "compile_config")
    return {key: older(value) for key, value in config.items() if key not in new}


def write(folder):
    """Write the files and answers.json."""
    os.makedirs(folder, exist_ok=True)
    answers = {}
    for make in (guide, teachable, twice, backbone_inside):
        keras.utils.set_random_seed(0)
        model, name = make(), make.__name__
        answers[name] = answers[f"{name}-old"] = model.predict(questions(), verbose=0).tolist()
        model.save(f"{folder}/{name}.h5")
        shutil.copy(f"{folder}/{name}.h5", f"{folder}/{name}-old.h5")
        with h5py.File(f"{folder}/{name}-old.h5", "a") as file:
            file.attrs["model_config"] = json.dumps(older(json.loads(file.attrs["model_config"])))
            file.attrs["keras_version"] = "2.4.0"
        if make is guide:
            model.save(f"{folder}/{name}.keras")
    with open(f"{folder}/answers.json", "w", encoding="utf-8") as file:
        json.dump(answers, file)


if __name__ == "__main__":
    write(sys.argv[1])
