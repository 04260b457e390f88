"""A Keras model as bytes, so that a classifier can be copied and can travel to another process."""

import tempfile
from pathlib import Path

from .._quiet import import_tensorflow


class Packed:
    """The content of a `.keras` file, and the classes of its layers that Keras does not know by itself."""

    def __init__(self, model):
        import keras

        layers = [model, *model._flatten_layers()]
        self.classes = {type(each).__name__: type(each) for each in layers if type(each).__module__.split(".")[0] != "keras"}
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.keras"
                keras.saving.save_model(model, path)
                self.data = path.read_bytes()
        except Exception as error:
            first = str(error).strip().split("\n")[0][:150].rstrip(".")
            raise TypeError(
                f"The model {model.name!r} can't be copied or sent to another process, because Keras can't save it ({first}): "
                "give its class get_config(), as Keras asks of layers and models that are saved."
            ) from error

    def unpack(self):
        """Return the model, built and with its weights; not compiled for training."""
        import_tensorflow()
        import keras

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            path.write_bytes(self.data)
            # Whoever unpickles trusts what comes: a pickle may run any code before this line is reached.
            return keras.saving.load_model(path, custom_objects=self.classes, compile=False, safe_mode=False)


def rebuilt(kind, model, options):
    """Return the classifier that `Classifier.__reduce__` took apart."""
    return kind(model.unpack() if isinstance(model, Packed) else model, **options)
