"""A learner's own network: a `.keras` file, of which nothing is run that could do anything but compute."""

import io
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from ..._quiet import import_tensorflow
from ...classifier import Classifier

RANGES = {"0 to 255": None, "0 to 1": lambda x: x / 255, "-1 to 1": lambda x: x / 127.5 - 1}  # what a model was trained on
FIND_OUT = "find out"
# A layer that multiplies by less, or subtracts more, was made for 0..255.
_SCALES_DOWN, _MEAN_OF_PIXELS = 0.1, 2.0
_LARGEST_UNPACKED = 4_000_000_000
_PARTS = {"config.json", "metadata.json", "model.weights.h5"}


def own_classifier(path_or_bytes, name="", class_names=None, values=FIND_OUT):
    """Return (Classifier, sentence) for a `.keras` file, loaded in Keras' safe mode; the sentence says what was found out.

    path_or_bytes: a path, or the content of a file called `name`. class_names: a list, or None.
    values: the range of pixel values that the model was trained on, one of RANGES; FIND_OUT where the file may tell.
    Raises FileNotFoundError or ValueError in one sentence for what is no such file, for one that carries code, and where
    the range can't be found out.
    """
    name, data = _read(path_or_bytes, name)
    _check_content(name, data)
    model = _load(name, data)
    scaling = _own_scaling(model)
    classifier = Classifier(model, class_names=class_names or None, preprocess=RANGES.get(values))
    if values == FIND_OUT and scaling is None:
        raise ValueError(
            f"{name} does not say on what values it was trained, and a wrong guess gives confident nonsense: choose "
            f"{', '.join(RANGES)} yourself, as in your training code."
        )
    if values == FIND_OUT:
        return classifier, f"It is given 0 to 255, and its layer {scaling!r} brings that to its own range."
    twice = f" Its layer {scaling!r} scales 0 to 255 itself, so choose that or '{FIND_OUT}' unless you know better."
    return classifier, f"It is given values from {values}." + (twice if scaling and RANGES[values] else "")


def _read(given, name):
    """Return (name, file or path) of what came."""
    if isinstance(given, (bytes, bytearray, memoryview)):
        name, source = name or "The file", io.BytesIO(given)
    else:
        source = Path(given).expanduser()
        name = source.name
        if not source.is_file():
            raise FileNotFoundError(f"There is no file {given}: check the spelling; it is looked for from {Path.cwd().name}/.")
    if not name.endswith(".keras") and name != "The file":
        old = " The older formats may carry code that can't be kept from running." if name.endswith((".h5", ".hdf5")) else ""
        raise ValueError(f"{name} is no .keras file: save the model with model.save('name.keras').{old}")
    return name, source


def _check_content(name, source):
    """Raise ValueError for a file that is no Keras model, or carries code; nothing of it is run for that."""
    try:
        with zipfile.ZipFile(source) as archive:
            missing = _PARTS - set(archive.namelist())
            if missing:
                raise ValueError(
                    f"{name} is no whole Keras model, it lacks {', '.join(sorted(missing))}: save it again with "
                    "model.save('name.keras')."
                )
            if (size := sum(each.file_size for each in archive.infolist())) > _LARGEST_UNPACKED:
                raise ValueError(f"{name} unpacks to {size / 1e9:.1f} GB, over the {_LARGEST_UNPACKED / 1e9:.0f} GB allowed.")
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, OSError, UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError(f"{name} is damaged, or no .keras file at all: save it again with model.save('name.keras').") from None
    for module, kind in _classes(config):
        if kind in ("Lambda", "__lambda__"):
            raise ValueError(
                f"{name} has a Lambda layer, which is code of whoever made the file, and would run here: it is not "
                "loaded. Use a layer of Keras, such as Rescaling, and save the model again."
            )
        if module is not None and module.split(".")[0] not in ("keras", "builtins"):
            raise ValueError(
                f"{name} needs {kind} from {module}, which is not part of Keras: load such a model in code that you "
                "trust, and give it as playground(classifiers={'mine': Classifier(model)})."
            )


def _classes(config):
    """Yield (module, class) of everything that a model's configuration would have made."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            module = config.get("module")
            registered = config.get("registered_name")
            if module is None and isinstance(registered, str) and ">" in registered:
                module = registered.split(">")[0]  # a class that somebody registered under a package of their own
            yield (module if isinstance(module, str) else None), config["class_name"]
        for each in config.values():
            yield from _classes(each)
    elif isinstance(config, list):
        for each in config:
            yield from _classes(each)


def _load(name, source):
    """Return the Keras model, loaded in safe mode and not compiled."""
    import_tensorflow()
    import keras

    try:
        if isinstance(source, Path):
            return keras.saving.load_model(source, compile=False, safe_mode=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            path.write_bytes(source.getbuffer())
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        first = str(error).strip().split("\n")[0][:120]
        raise ValueError(
            f"Keras {keras.__version__} can't load {name} ({type(error).__name__}: {first}): save it again with this version."
        ) from None


def _own_scaling(model):
    """Return the name of the layer with which a model brings 0..255 to its own range, or None where there is none."""
    for layer in _flat(model):
        if type(layer).__name__ == "Rescaling":
            return layer.name if np.max(np.abs(layer.scale)) < _SCALES_DOWN else None
        if type(layer).__name__ == "Normalization":
            return layer.name if np.max(layer.mean) > _MEAN_OF_PIXELS else None
        if layer.weights:
            return None
    return None


def _flat(model):
    """Yield the layers of a model, those of inner models in their place."""
    for layer in model.layers:
        if getattr(layer, "layers", None):
            yield from _flat(layer)
        else:
            yield layer
