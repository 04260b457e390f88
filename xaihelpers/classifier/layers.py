"""The layers of a Keras model, by path: which there are, which have places, and which of them the CAM techniques look at."""

import difflib

import keras
import numpy as np
import tensorflow as tf

from .._validation import shown
from .capture import Calls
from .places import places_of, strips


class Layers:
    """The part of a classifier that knows the model's layers."""

    @property
    def layers(self):
        """{path: layer} of every layer in the order of computation; "outer/inner/name" inside other layers."""
        return {path: layer for path, layer in self._heard.layers.items() if path}

    def layer_path(self, layer):
        """Return the full path of a layer given by path or by name; the outermost of that name, as seen from outside."""
        layers = self.layers
        if isinstance(layer, keras.layers.Layer):
            layer = next((path for path, known in layers.items() if known is layer), layer.name)
        if not isinstance(layer, str):
            raise TypeError(f"layer is {shown(layer)}: give the name of a layer.")
        name, _, call = layer.partition("#")
        named = [path for path in layers if path == name] or [path for path in layers if path.endswith("/" + name)]
        if not named:
            near = difflib.get_close_matches(name, [path.split("/")[-1] for path in layers], 4, 0.4)
            listed = near or [path.split("/")[-1] for path in layers][-4:]
            raise ValueError(
                f"There is no layer {shown(layer)}: did you mean {', '.join(listed)}? list(classifier.layers) has all."
            )
        path = min(named, key=lambda path: path.count("/"))
        times = sum(each.path == path for each in self._heard.calls)
        if call and call not in map(str, range(1, times + 1)):
            raise ValueError(f"Layer {path!r} is called {times} times, not {call!r}: give a number from 1 to {times}.")
        return f"{path}#{call}" if call else path

    def outputs_of(self, path, heard):
        """Return the outputs, a list of tensors, that one layer gave in the Calls heard; one for each time it was called."""
        name, _, call = path.partition("#")
        outputs = [each.output for each in heard.calls if each.path == name and call in ("", str(each.position))]
        usable = [each for each in outputs if _is_tensor(each) and each.graph is tf.compat.v1.get_default_graph()]
        if not outputs or len(usable) < len(outputs):
            raise ValueError(f"Layer {path!r} gives no single tensor that can be looked at: choose another one.")
        alike = {tuple(each.shape[:-1]) for each in usable}
        # Outputs of several sizes can't stand side by side: the last call is the one nearest to the logits.
        return usable if len(alike) == 1 else usable[-1:]

    # -- places -------------------------------------------------------------------------------------------------------

    def places(self, layer):
        """Return the Places of a layer, None where its output has no more than one place in the image."""
        return self._all_places().get(self.layer_path(layer).partition("#")[0])

    def spatial_layers(self):
        """Return the paths of the layers whose output has places in the image, first to last."""
        places = self._all_places()
        return [path for path in self.layers if path in places]

    def spatial_layer(self, layer=None):
        """Return the path of a layer whose output has places in the image, None is the last one; raise ValueError for another."""
        self._preprocessing.require_way_back("" if layer is None else layer)
        if layer is None:
            if self.last_layer()[0] is None:
                raise ValueError(
                    "This model has no layer whose output has places in the image, (h, w, channels), so there is no map to draw: "
                    "use saliency, integrated_gradients, or a technique that only asks questions, such as occlusion."
                )
            return self.last_layer()[0]
        path = self.layer_path(layer)
        if self.places(path) is None:
            spatial = self.spatial_layers()
            instead = f"choose one such as {spatial[-1]!r}" if spatial else "no layer of this model has"
            raise ValueError(f"Layer {path!r} has no spatial output, (h, w, channels) with places in the image: {instead}.")
        return path

    def maps(self, layer, values):
        """Return a layer's values as maps, (N, h, w, k) array."""
        return self.places(layer).arrange(values)

    def n_channels(self, layer):
        """Return the number of channels of a layer with places."""
        return self.places(layer).channels

    def _all_places(self):
        return self.compiled("places", self._look_for_places)

    def _look_for_places(self):
        """Run the model on five pictures, layer by layer, and see which outputs move with the image."""
        found = {}

        def seen(path, layer, call):  # noqa: ARG001  # as `Calls` calls it
            output, name = call(), "/".join(path)
            if name and name not in found and _is_tensor(output) and output.dtype.is_floating:
                grids = list(dict.fromkeys(place.grid for place in reversed(found.values())))
                places = places_of(np.asarray(output.numpy(), np.float32), grids)
                if places:
                    found[name] = places
            return output

        with tf.init_scope():  # numbers are looked at, so not as a part of the graph that somebody is building just now
            # What is heard first is taken for the model: a preprocessing that is itself a layer has run before.
            inputs = self.inside(self.outside(strips(self._proof.picture)))
            with Calls(seen, keep=False).listening():
                self._call(inputs)
        return found

    def last_layer(self):
        """Return (path, sentence): the last layer with places, and what its map leaves out, if anything.

        Where the logits depend on the image by another way too, around that layer, the sentence says so.
        """
        return self.compiled("last layer", self._find_last_layer)

    def _find_last_layer(self):
        heard, spatial = self._heard, set(self.spatial_layers())
        after, cut, paths = between(heard.inputs, heard.logits.op), set(), []
        own_output = heard.calls[-1].output  # the model itself ends last; of one that segments it has places, too
        for each in reversed(heard.calls):
            if each.path not in spatial or each.output.op not in after or each.output is own_output:
                continue
            around = between(heard.inputs, heard.logits.op, cut)
            if not around:
                break
            if each.output.op in around:
                cut |= {call.output.op for call in heard.calls if call.path == each.path}
                paths.append(_innermost(heard.calls, each.output, spatial))
        if not paths:
            return None, None
        return paths[0], _left_out(paths, between(heard.inputs, heard.logits.op, cut)) or self._mixed(paths[0], after)

    def _mixed(self, path, after):
        """Return a sentence where tokens without a place of their own come behind the last layer with places."""
        spatial, behind = set(self.spatial_layers()), False
        for each in self._heard.calls:
            behind = behind or each.path == path
            shape = tuple(each.output.shape) if _is_tensor(each.output) else ()
            if behind and len(shape) == 3 and (shape[1] or 2) > 1 and each.path not in spatial and each.output.op in after:
                return (
                    f"Behind {path!r} the network goes on with {shape[1]} tokens ({each.path!r}), which mix what they see all "
                    "over the image, so that a map of that layer is hardly more than one of the pixels: look at saliency or "
                    "integrated_gradients as well."
                )
        return None


def _innermost(calls, output, paths):
    """Return the path of the innermost layer that gave an output, which the layers around it only pass on."""
    return max((call.path for call in calls if call.output is output and call.path in paths), key=lambda path: path.count("/"))


def _left_out(paths, more):
    if len(paths) == 1 and not more:
        return None
    others = ", ".join(repr(path) for path in paths[1:4]) or "no layer with places"
    return (
        f"The image reaches the logits by more than one way, and {paths[0]!r} is the last layer of one of them: the map leaves "
        f"out what comes through {others}. Look at these layers too, with layer=."
    )


def between(start, end, blocked=()):
    """Return the operations on any way from a tensor to an operation that leads around the blocked ones."""
    after = _reached(start.consumers(), lambda op: [each for tensor in op.outputs for each in tensor.consumers()], blocked)
    before = _reached([end], lambda op: [tensor.op for tensor in op.inputs], blocked)
    return after & before


def _reached(starts, step, blocked):
    found, stack = set(), list(starts)
    while stack:
        op = stack.pop()
        # What only asks for a shape does not see the image.
        if op not in found and op not in blocked and op.type != "Shape":
            found.add(op)
            stack += step(op)
    return found


def joined(tensors):
    """Return tensors side by side along their last axis; a single one as it is."""
    return tensors[0] if len(tensors) == 1 else tf.concat(tensors, axis=-1)


def _is_tensor(output):
    return isinstance(output, tf.Tensor)
