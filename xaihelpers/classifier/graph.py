"""The graph of a functional or Sequential model: which layers it calls, in which order."""

import keras


def is_network(layer):
    """Return whether `layer` is a model whose layers are known one by one (functional or Sequential)."""
    if isinstance(layer, keras.Sequential):
        return True
    functional = keras.src.models.functional.Functional
    # A subclass with a call of its own does more than its graph says: it is one opaque layer.
    return isinstance(layer, functional) and type(layer).call is functional.call


def _nodes_in_order(model):
    """Yield the nodes of a functional model so that each comes after those it needs."""
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if node.operation and not node.is_input:
                yield node
