"""What tells one comparison from another: the network, the images, the settings, and the code of every function."""

import functools
import hashlib
import json
import os
import sys
import sysconfig
import types

import numpy as np

from ..classifier import Classifier

_PLAIN = (bool, int, float, complex, str, bytes, np.generic, type(None), type(...), range, slice)
_BY_NAME = (types.ModuleType, types.BuiltinFunctionType, np.ufunc)
_INSTALLED = tuple({os.path.realpath(sysconfig.get_paths()[key]) for key in ("stdlib", "platstdlib", "purelib", "platlib")})


def fingerprint(classifier, plan):
    """Return 16 hexadecimal digits: others for another network, preprocessing, image, mask, target, technique or metric."""
    jobs = [[job.name, job.target, job.image, job.mask] for job in plan.jobs]
    return Digest().of([classifier, jobs, plan.methods, plan.metrics]).hex()[:16]


class Digest:
    """Digests of values: the same for equal values in every process, others for different ones.

    Functions are told apart by what they do: bytecode, constants, defaults, closures, and the values of the names that
    they take from their module. What is installed, as opposed to written by the user, is told apart by its name.
    """

    def __init__(self):
        self._seen = {}  # id: (value, digest), or None while it is being worked out; the value is held, so that its id is its own

    def of(self, value):
        """Return 32 bytes for any value."""
        if isinstance(value, _PLAIN):
            return _joined([type(value).__name__, repr(value)])
        if isinstance(value, (list, tuple)):
            return _joined([type(value).__name__, *map(self.of, value)])
        if isinstance(value, (dict, types.MappingProxyType)):
            return _joined(["dict", *(self.of(each) for pair in value.items() for each in pair)])
        if isinstance(value, (set, frozenset)):
            return _joined(["set", *sorted(map(self.of, value))])
        if isinstance(value, np.ndarray):
            content = self.of(value.tolist()) if value.dtype == object else np.ascontiguousarray(value).tobytes()
            return _joined(["array", repr(value.shape), str(value.dtype), content])
        if isinstance(value, types.CodeType):
            names = repr((value.co_names, value.co_varnames, value.co_freevars))
            return _joined(["code", value.co_code, names, self.of(value.co_consts)])
        return self._of_object(value)

    def _of_object(self, value):
        """Return the digest of what may hold itself: worked out once, and told by its name where it comes again within."""
        if id(value) in self._seen:
            known = self._seen[id(value)]
            return _joined(["again", _name(value)]) if known is None else known[1]
        self._seen[id(value)] = None
        found = _joined(self._parts(value))
        self._seen[id(value)] = (value, found)
        return found

    def _parts(self, value):
        if isinstance(value, functools.partial):
            return ["partial", *map(self.of, (value.func, value.args, dict(sorted(value.keywords.items()))))]
        if isinstance(value, types.MethodType):
            return ["method", self.of(value.__self__), self.of(value.__func__)]
        if isinstance(value, _BY_NAME) or (isinstance(value, (type, types.FunctionType)) and _is_installed(value)):
            return ["named", _name(value)]
        if isinstance(value, types.FunctionType):
            return ["function", *map(self.of, self._reach(value))]
        if isinstance(value, type):
            own = {
                name: each for name, each in vars(value).items() if isinstance(each, (types.FunctionType, *_PLAIN, list, tuple))
            }
            own = {name: each for name, each in own.items() if name not in ("__module__", "__doc__", "__firstlineno__")}
            return ["class", value.__qualname__, self.of(own), *map(self.of, value.__bases__)]
        if callable(getattr(value, "get_config", None)) and hasattr(value, "weights"):
            return self._of_layer(value)
        if hasattr(value, "__array__"):
            return ["array", self.of(np.asarray(value))]
        if isinstance(value, Classifier):  # a technique of one's own may hold one, compiled functions and all
            return ["classifier", *map(self.of, (type(value).__name__, value.model, value.input_shape, value.options))]
        own_state = getattr(type(value), "__getstate__", None) is not getattr(object, "__getstate__", None)
        state = value.__getstate__() if own_state else getattr(value, "__dict__", {})
        return ["object", self.of(type(value)), self.of(dict(sorted(state.items())) if isinstance(state, dict) else state)]

    def _reach(self, function):
        """Return every value that decides what a function does, besides its arguments."""
        names, stack = set(), [function.__code__]
        while stack:
            code = stack.pop()
            names |= set(code.co_names)
            stack += [each for each in code.co_consts if isinstance(each, types.CodeType)]
        used = {name: function.__globals__[name] for name in sorted(names) if name in function.__globals__}
        closure = [_content(cell) for cell in function.__closure__ or ()]
        return function.__code__, function.__defaults__, function.__kwdefaults__, closure, used

    def _of_layer(self, layer):
        """Return the parts of a Keras layer or model: its configuration, its weights, the code of classes of one's own."""
        try:
            structure = json.dumps(layer.get_config(), default=lambda each: self.of(each).hex(), sort_keys=True)
        except Exception:  # a subclassed model may have no configuration
            structure = repr([tuple(weight.shape) for weight in layer.weights])
        layers = list(dict.fromkeys([layer, *layer._flatten_layers()]))
        for number, each in enumerate(layers):  # Keras counts names up: the same network built again has others
            structure = structure.replace(json.dumps(each.name), f"layer {number}")
        kinds = {type(each) for each in layers}
        weights = [np.ascontiguousarray(weight).tobytes() for weight in layer.weights]
        return ["layer", structure, *sorted(map(self.of, kinds)), *weights]


def _joined(parts):
    digest = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()


def _name(value):
    return (
        f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', getattr(value, '__name__', type(value).__name__))}"
    )


def _is_installed(value):
    """Return whether a function or class belongs to Python, to an installed package, or to this one."""
    root = (getattr(value, "__module__", None) or "").split(".")[0]
    if root == "__main__":
        return False  # a notebook's cells; its file is that of the installed program that runs them
    if root in ("builtins", "xaihelpers") or root in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(root), "__file__", None)
    return file is not None and os.path.realpath(file).startswith(_INSTALLED)


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # a name that is not bound yet
        return None
