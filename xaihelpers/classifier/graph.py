"""Walk a Keras model layer by layer, nested models included, without changing it.

`Model(outer.inputs, inner_layer.output)` is the usual way to look inside a network, and Keras 3 refuses it for layers
of a nested model ("not connected"). Here the network is replayed instead: every layer is called in order on real
tensors, and whoever asks may watch, keep or replace what a layer gives.
"""

import keras


def is_network(layer):
    """Return whether `layer` is a model whose layers can be replayed one by one (functional or Sequential)."""
    if isinstance(layer, keras.Sequential):
        return True
    functional = keras.src.models.functional.Functional
    # A subclass with a call of its own does more than its graph says: it is one opaque layer.
    return isinstance(layer, functional) and type(layer).call is functional.call


def replay(model, inputs, around=None, path=()):
    """Return `model(inputs)` in inference mode, calling every layer through `around`.

    around: a function `around(path, layer, call)` that returns the layer's output; `call(layer=layer)` calls the layer
        (or a stand-in) on its inputs. None calls each layer as it is.
    path: the names of the models around this one, from the outside in.
    """
    around = around or (lambda path, layer, call: call())
    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            inputs = _visit(layer, (inputs,), {}, around, path)
        return inputs
    tensors = {id(symbol): value for symbol, value in zip(model.inputs, keras.tree.flatten(inputs))}
    for node in _nodes_in_order(model):
        args, kwargs = node.arguments.fill_in(tensors)
        outputs = _visit(node.operation, args, kwargs, around, path)
        for symbol, value in zip(node.outputs, keras.tree.flatten(outputs)):
            tensors[id(symbol)] = value
    outputs = [tensors[id(symbol)] for symbol in model.outputs]
    return outputs[0] if len(outputs) == 1 else outputs


def _visit(layer, args, kwargs, around, path):
    """Call one layer through `around`; a nested model is itself replayed."""
    path = (*path, layer.name)

    def call(stand_in=layer, inputs=None):
        given = args if inputs is None else (inputs, *args[1:])
        if is_network(stand_in):
            return replay(stand_in, given[0], around, path)
        if getattr(stand_in, "_call_has_training_arg", False):
            return stand_in(*given, **{**kwargs, "training": False})
        return stand_in(*given, **kwargs)

    call.inputs = args[0] if args else None
    return around(path, layer, call)


def _nodes_in_order(model):
    """Yield the nodes of a functional model so that each comes after those it needs."""
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if node.operation and not node.is_input:
                yield node


def layers_by_path(model, path=()):
    """Return {"outer/inner/name": layer} for every layer, in the order of computation, nested models opened."""
    found = {}
    layers = model.layers if isinstance(model, keras.Sequential) else [n.operation for n in _nodes_in_order(model)]
    for layer in layers:
        here = (*path, layer.name)
        found["/".join(here)] = layer
        if is_network(layer):
            found.update(layers_by_path(layer, here))
    return found


def last_layer(model, path=()):
    """Return (path, layer) of the layer that gives the model's output, looking into nested models."""
    layer = model.layers[-1] if isinstance(model, keras.Sequential) else model.outputs[0]._keras_history.operation
    path = (*path, layer.name)
    return last_layer(layer, path) if is_network(layer) else (path, layer)


def with_activation(layer, activation):
    """Return a stand-in for `layer` that shares its weights and has another activation; `layer` is not changed."""
    # copy.copy would go through Keras' pickling and copy the weights.
    stand_in = object.__new__(type(layer))
    stand_in.__dict__.update(layer.__dict__)
    stand_in.__dict__["activation"] = activation
    return stand_in
