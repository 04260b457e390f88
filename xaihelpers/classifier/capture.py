"""Look inside a model while it runs, however it was written, without changing it.

`Model(outer.inputs, inner_layer.output)` is the usual way, and Keras 3 refuses it for layers of a nested model ("not
connected"); a subclassed model has no graph to build on at all. What all models have in common is that they call layers.
So the model itself runs, and every call of a layer is intercepted on its way: whoever asks may watch, keep or replace
what it gives.
"""

import re
import threading
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import keras
import tensorflow as tf

_listener = ContextVar("listener", default=None)
_lock = threading.Lock()
_users = 0
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # Keras prints the heart of a message in bold
_originals = {}


class LayerCall(NamedTuple):
    """One call of one layer: its path "outer/inner/name", the layer, what it gave, and whether an outer layer passed that on.

    position: 1 for the first call of that path, 2 for the second.
    """

    path: str
    layer: object
    output: object
    position: int


class Heard(NamedTuple):
    """What was heard when a model ran in a graph: its calls, its layers by path, where the image came in, and the logits."""

    calls: list
    layers: dict
    inputs: object
    logits: object


class Calls:
    """Listens to every layer that a model calls; to be used as `with Calls(around).listening(): model(inputs)`.

    around: called as `around(path, layer, call)` instead of every layer, the model itself included, whose path is ();
        returns the layer's output. `call()` calls the layer, `call.inputs` is its first argument.
    keep: whether the calls are kept with their outputs; a large network's, on several images, take hundreds of megabytes.
    calls: the LayerCalls, in the order in which they ended. order: the paths, in the order in which calls began.
    """

    def __init__(self, around=None, keep=True):
        self._around, self._keep = around or (lambda path, layer, call: call()), keep
        self._names, self._known, self._times = [], {}, Counter()
        self.calls, self.order = [], {}

    @contextmanager
    def listening(self):
        """Hear the calls that this thread makes in this block; other threads are not heard."""
        token, self._graph = _listener.set(self), tf.compat.v1.get_default_graph()
        _install()
        try:
            yield self
        finally:
            _uninstall()
            _listener.reset(token)

    def through(self, layer, original, args, kwargs):
        """Call one layer on behalf of its caller."""
        being_built = any(isinstance(value, keras.KerasTensor) for value in keras.tree.flatten((args, kwargs)))
        # Inside a tf.function of the model's own, tensors belong to another graph and can't be looked at from here.
        if being_built or tf.compat.v1.get_default_graph() is not self._graph:
            return original(layer, *args, **kwargs)
        path = () if not self.order else (*self._names, self._name(layer))
        name = "/".join(path)
        self.order.setdefault(name, layer)
        outer, self._names = self._names, list(path)

        def call():
            return original(layer, *args, **kwargs)

        call.inputs = args[0] if args else next(iter(kwargs.values()), None)
        try:
            output = self._around(path, layer, call)
        finally:
            self._names = outer
        self._times[name] += 1
        if self._keep:
            self.calls.append(LayerCall(name, layer, output, self._times[name]))
        return output

    def ended(self, inputs, logits):
        """Return what was heard, for the tensors between which the model ran."""
        return Heard(self.calls, self.order, inputs, logits)

    def _name(self, layer):
        """Return the layer's name; where two layers of one model share it, the second gets a number."""
        place, n = ("/".join(self._names), layer.name), 1
        while self._known.setdefault((*place, n), layer) is not layer:
            n += 1
        return layer.name if n == 1 else f"{layer.name}_{n}"


def first_line(error):
    """Return the first line of what was raised inside a model, without what Keras writes around it."""
    lines = (_COLOURS.sub("", line).strip() for line in str(error).splitlines())
    return next((line for line in lines if line and not line.startswith("Exception encountered")), "no more is known")


def _install():
    """Let calls pass through whoever listens; put there once, however many listen."""
    global _users
    with _lock:
        _users += 1
        if _users > 1:
            return
        call, fits = keras.Operation.__call__, keras.layers.Layer._assert_input_compatibility
        _originals.update(call=call, fits=fits)

        def __call__(self, *args, **kwargs):
            listener = _listener.get()
            return call(self, *args, **kwargs) if listener is None else listener.through(self, call, args, kwargs)

        def _assert_input_compatibility(self, first):
            # A fully convolutional network takes other sizes than the one it was declared with: deep dream needs them.
            if _listener.get() is None or not isinstance(self, keras.Model):
                fits(self, first)

        keras.Operation.__call__ = __call__
        keras.layers.Layer._assert_input_compatibility = _assert_input_compatibility


def _uninstall():
    global _users
    with _lock:
        _users -= 1
        if not _users:
            keras.Operation.__call__ = _originals["call"]
            keras.layers.Layer._assert_input_compatibility = _originals["fits"]
