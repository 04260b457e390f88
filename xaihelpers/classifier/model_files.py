"""Files of Keras models, of Keras 2 and 3, loaded without running any code that they might carry: `load_model`."""

import json
import re
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

from .._quiet import import_tensorflow
from .._types import PathLike
from .._validation import shown

_PARTS = {"config.json", "metadata.json", "model.weights.h5"}
_LARGEST_UNPACKED = 4_000_000_000
# Layers that run code, load other files, or call other frameworks.
_CODE = {"Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
_READERS = {"StringLookup", "IntegerLookup", "TextVectorization"}
_OWN = ("keras", "tf_keras", "builtins")
# Operations with which the graph of a SavedModel could read, write or run something.
_DANGEROUS = {"ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "PyFuncStateless", "MatchingFiles", "PrintV2", "LoadDataset"}
_SAVE = "save the model with model.save('name.keras')"
_OTHERS = {
    ".onnx": "is an ONNX file, which Keras can't read",
    ".tflite": "is a TensorFlow Lite file, which Keras can't read",
    ".pb": "is one part of a SavedModel: give the folder in which it lies",
    ".pt": "is a PyTorch file, which Keras can't read",
    ".pth": "is a PyTorch file, which Keras can't read",
    ".pkl": "is a pickle, which may run any code when it is opened, and is not opened",
    ".pickle": "is a pickle, which may run any code when it is opened, and is not opened",
    ".joblib": "is a pickle, which may run any code when it is opened, and is not opened",
    ".json": "holds the structure of a model, not its weights",
    ".yaml": "holds the structure of a model, not its weights",
    ".zip": "is an archive: unpack it, and give the model inside (keras_model.h5 from Teachable Machine)",
}


def load_model(
    path: PathLike,
    *,
    custom_objects: dict[str, Any] | None = None,
) -> Any:
    """Return the Keras 3 model in a file, in inference form (not compiled), loaded in Keras' safe mode.

    path: a .keras or .h5 file, of Keras 3 or Keras 2 (Teachable Machine's export too), or the folder of a SavedModel, of
        which only the answers can be asked for.
    custom_objects: {name: class} of layers that are not part of Keras; give only code that you trust.
    Raises FileNotFoundError or ValueError, in one sentence that says what to do, for what is none of these, is damaged, or
    carries code of its own.
    """
    path = _existing(path)
    custom = {} if custom_objects is None else _checked_custom(custom_objects)
    if path.is_dir():
        return _saved_model(path)
    kind = path.suffix.lower()
    if path.name.endswith(".weights.h5"):
        raise ValueError(f"{path.name} holds weights only: build the model in code, load_weights into it, and {_SAVE}.")
    if kind in _OTHERS:
        more = "" if ":" in _OTHERS[kind] else f": {_SAVE}, and give that file"
        raise ValueError(f"{path.name} {_OTHERS[kind]}{more}.")
    if kind not in (".keras", ".h5", ".hdf5"):
        raise ValueError(f"{path.name} is no .keras or .h5 file: {_SAVE}.")
    config = _config_of_zip(path) if kind == ".keras" else _config_of_hdf5(path)
    _refuse_code(path.name, config, custom)
    return _load(path, config, custom)


def _checked_custom(given):
    """Return {name: class} of layers that are not part of Keras, or raise TypeError where it is none."""
    if not isinstance(given, dict) or not all(isinstance(name, str) and callable(each) for name, each in given.items()):
        raise TypeError(f"custom_objects is {shown(given)}: give {{name: class}} of the layers, such as {{'Mine': Mine}}.")
    return dict(given)


def _existing(path):
    if not isinstance(path, (str, Path)):
        raise TypeError(f"load_model got {shown(path)}: give the path of a .keras or .h5 file.")
    try:
        path = Path(path).expanduser()
        there = path.exists()
    except (OSError, ValueError, RuntimeError):
        there = False
    if not there:
        raise FileNotFoundError(
            f"There is no file {shown(str(path))}: check the spelling; it is looked for from {Path.cwd().name}/."
        )
    return path


def _config_of_zip(path):
    """Return the configuration in a .keras file; nothing of it is run for that."""
    try:
        with zipfile.ZipFile(path) as archive:
            missing = _PARTS - set(archive.namelist())
            if missing:
                raise ValueError(f"{path.name} is no whole Keras model, it lacks {', '.join(sorted(missing))}: {_SAVE}.")
            if (size := sum(each.file_size for each in archive.infolist())) > _LARGEST_UNPACKED:
                raise ValueError(
                    f"{path.name} unpacks to {size / 1e9:.1f} GB, over the {_LARGEST_UNPACKED / 1e9:.0f} GB allowed."
                )
            return json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, OSError, UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError(f"{path.name} is damaged, or no .keras file at all: {_SAVE}.") from None


def _config_of_hdf5(path):
    """Return the configuration in an .h5 file."""
    import h5py

    try:
        with h5py.File(path) as file:
            config = file.attrs.get("model_config")
    except OSError:
        raise ValueError(f"{path.name} is damaged, or no HDF5 file at all: {_SAVE}.") from None
    if config is None:
        raise ValueError(f"{path.name} holds weights only: build the model in code, load_weights into it, and {_SAVE}.")
    try:
        return json.loads(config)
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError(f"{path.name} is damaged, its configuration can't be read: {_SAVE}.") from None


def _refuse_code(name, config, custom):
    """Raise ValueError for a configuration that would run code of whoever made the file."""
    for module, kind, registered in _classes(config):
        if kind in custom:
            continue
        if kind in _CODE:
            raise ValueError(
                f"{name} has a layer of the class {kind.strip('_').capitalize() if kind == '__lambda__' else kind}, which is "
                "code of whoever made the file, and would run here: it is not loaded. Use a layer of Keras, such as "
                "Rescaling, and save the model again."
            )
        if kind in _READERS:
            raise ValueError(f"{name} has a layer of the class {kind}, which may read files: it is not loaded here.")
        if module is not None and module.split(".")[0] not in _OWN and not _is_registered(registered):
            raise _unknown_class(name, kind, f" from {module}" if module else "")


def _is_registered(name):
    """Return whether code that runs here has registered a class with Keras under that name: then it is trusted already."""
    import_tensorflow()
    import keras

    return isinstance(name, str) and ">" in name and keras.saving.get_registered_object(name) is not None


def _unknown_class(name, kind, where=""):
    return ValueError(
        f"{name} needs the class {kind}{where}, which is not part of Keras: if you trust it, give it, "
        f"load_model(path, custom_objects={{{kind!r}: {kind}}})."
    )


def _classes(config):
    """Yield (module, class, registered name) of everything that a model's configuration would have made."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            module = config.get("module")
            registered = config.get("registered_name")
            if module is None and isinstance(registered, str):  # registered by somebody, or never
                module = registered.split(">")[0] if ">" in registered else ""
            yield (module if isinstance(module, str) else None), config["class_name"], registered
        for each in config.values():
            yield from _classes(each)
    elif isinstance(config, list):
        for each in config:
            yield from _classes(each)


def _load(path, config, custom):
    """Return the model: as Keras loads it, or built anew from a Keras 2 configuration, with the file's weights."""
    import_tensorflow()
    import keras

    # Keras 3 fails on most Keras 2 files, and might misread others: those are built anew first.
    ways = [_as_keras_loads_it, _built_anew]
    reasons = []
    for way in reversed(ways) if _is_keras_2(path) else ways:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Keras speaks of shapes and optimizers that play no part here
                model = way(path, config, custom)
            if isinstance(model, keras.Model):
                return model
            reasons.append(f"{type(model).__name__} is no model")
        except Exception as error:
            reasons.append(f"{type(error).__name__}: {error}")
    for reason in reasons:
        if unknown := re.search(r"(?:Could not locate (?:class|function)|Unknown layer:) '(?:\w+>)?(\w+)'", reason):
            raise _unknown_class(path.name, unknown[1])
    line = reasons[0].strip().split("\n")[0][:150].rstrip(".:")
    raise ValueError(
        f"Keras {keras.__version__} can't load {path.name} ({line}): build the model in code with this version, load_weights "
        "from the file, and give the model itself to Classifier."
    )


def _is_keras_2(path):
    """Return whether a file was written by Keras 2."""
    import h5py

    if path.suffix.lower() == ".keras":
        with zipfile.ZipFile(path) as archive:
            version = json.loads(archive.read("metadata.json")).get("keras_version", "")
    else:
        with h5py.File(path) as file:
            version = file.attrs.get("keras_version", "2")
    return (version.decode() if isinstance(version, bytes) else str(version)).startswith("2")


def _as_keras_loads_it(path, config, custom):  # noqa: ARG001
    import keras

    return keras.saving.load_model(path, custom_objects=custom, compile=False, safe_mode=True)


def _built_anew(path, config, custom):
    import keras

    from .keras2 import in_keras_3

    model = keras.saving.deserialize_keras_object(in_keras_3(config), custom_objects=custom, safe_mode=True)
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(model, keras.Model):
            model.load_weights(_weights_file(path, Path(folder)))
    return model


def _weights_file(path, folder):
    """Return the file that `load_weights` takes."""
    if path.suffix.lower() != ".keras":
        whole = folder / "model.h5"
        whole.write_bytes(path.read_bytes())
        return whole
    weights = folder / "model.weights.h5"
    with zipfile.ZipFile(path) as archive:
        weights.write_bytes(archive.read("model.weights.h5"))
    return weights


def _saved_model(folder):
    """Return a model around the serving function of a SavedModel: its answers, from its graph."""
    if not (folder / "saved_model.pb").is_file():
        raise ValueError(
            f"{folder} is a folder without a saved_model.pb: give a .keras or .h5 file, or the folder of a SavedModel."
        )
    import_tensorflow()
    import keras
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    try:
        content = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
        graphs = [each.graph_def for each in content.meta_graphs]
        bad = {
            node.op for graph in graphs for part in (graph.node, *(f.node_def for f in graph.library.function)) for node in part
        }
        signature = content.meta_graphs[0].signature_def["serving_default"]
    except (DecodeError, IndexError):
        raise ValueError(f"{folder} is a damaged SavedModel: {_SAVE}.") from None
    if bad & _DANGEROUS:
        raise ValueError(f"{folder} runs {', '.join(sorted(bad & _DANGEROUS))}, which may read or write files: it is not loaded.")
    shapes = [
        tuple(each.dim[i].size for i in range(len(each.dim))) for each in (i.tensor_shape for i in signature.inputs.values())
    ]
    if len(shapes) != 1 or len(shapes[0]) != 4 or len(signature.outputs) != 1:
        raise ValueError(
            f"{folder} has {len(shapes)} inputs and {len(signature.outputs)} outputs to serve: expected one batch of images, and "
            f"one answer; {_SAVE}."
        )
    inputs = keras.Input([edge if edge > 0 else None for edge in shapes[0][1:]])
    answers = keras.layers.TFSMLayer(str(folder), call_endpoint="serving_default")(inputs)
    return keras.Model(inputs, next(iter(answers.values())), name=re.sub(r"\W+", "_", folder.name) or None)
