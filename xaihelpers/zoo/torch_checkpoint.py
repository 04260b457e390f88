"""Reads the weights in a PyTorch checkpoint of the old format, without PyTorch.

The file is five pickles (a magic number, the format's version, facts about the machine, the state dict, the keys of the
storages), then the raw numbers of each storage. A pickle may call any function by name, so only the five names that a
plain state dict needs are allowed, and none of them is PyTorch's own code.
"""

import pickle
from collections import OrderedDict

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def _describe_tensor(storage, offset, shape, strides, *_):
    # The numbers come after the pickle: only say here where they will lie.
    return storage, offset, shape, strides


class _StateDictUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _describe_tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, reference):
        kind, dtype, key, *_ = reference
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError(f"it refers to a {kind}")
        return key, dtype


def read_state_dict(path):
    """Return the tensors of the checkpoint at `path`, as a dict from their names to numpy arrays.

    Raises ValueError for a file that holds anything but plain tensors, or that is cut short.
    """
    with open(path, "rb") as file:
        try:
            if _StateDictUnpickler(file).load() != _MAGIC:
                raise pickle.UnpicklingError("it doesn't begin as one")
            _version, _machine, tensors, keys = (_StateDictUnpickler(file).load() for _ in range(4))
            dtypes = {storage[0]: storage[1] for storage, *_ in tensors.values()}
            numbers = {key: _read_storage(file, dtypes[key]) for key in keys}
            return {name: _tensor(numbers, *where) for name, where in tensors.items()}
        except Exception as error:  # a broken pickle may raise nearly anything
            raise ValueError(
                f"{path} is not a PyTorch checkpoint of plain tensors ({error}): nothing in it was run; "
                "install the package it comes from again."
            ) from error


def _read_storage(file, dtype):
    count = int(np.frombuffer(file.read(8), "<i8")[0])
    return np.frombuffer(file.read(count * dtype.itemsize), dtype, count)


def _tensor(numbers, storage, offset, shape, strides):
    values = numbers[storage[0]]
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides))
    if min(shape, default=1) < 1 or min((offset, *strides)) < 0 or last >= len(values):
        raise pickle.UnpicklingError("a tensor lies outside its storage")
    steps = [step * values.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(values[offset:], shape, steps).copy()
