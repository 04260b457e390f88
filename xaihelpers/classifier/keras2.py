"""The configuration of a Keras 2 model in the words of Keras 3."""

# Arguments that Keras 3 no longer has, with the values for which leaving them out changes nothing.
_DROPPED = {
    "DepthwiseConv2D": {"groups": (1,)},
    "InputLayer": {"ragged": (False,), "sparse": (False,), "optional": (False,)},
    "BatchNormalization": {
        "renorm": (False,),
        "virtual_batch_size": (None,),
        "adjustment": (None,),
        "fused": (None, True, False),
    },
}
_MODELS = {"Functional": "keras.src.models.functional", "Sequential": "keras"}
_DROPPED_ANYWHERE = {"rng_type": None, "implementation": None, "time_major": (False,)}
# tf functions that Keras 2 wrote as layers, of a number: scale and offset of a Rescaling layer.
_OPERATORS = {
    "math.truediv": lambda number: (1 / number, 0.0),
    "math.divide": lambda number: (1 / number, 0.0),
    "math.multiply": lambda number: (number, 0.0),
    "math.subtract": lambda number: (1.0, -number),
    "math.add": lambda number: (1.0, number),
    "__operators__.add": lambda number: (1.0, number),
}


def in_keras_3(config):
    """Return a Keras 2 configuration (of a model, a layer or anything in it) that Keras 3 can build."""
    if isinstance(config, list):
        return [in_keras_3(each) for each in config]
    if not isinstance(config, dict):
        return config
    config = {key: in_keras_3(value) for key, value in config.items() if key != "compile_config"}
    if not isinstance(config.get("class_name"), str) or not isinstance(config.get("config"), dict):
        return config
    kind = {"Model": "Functional"}.get(config["class_name"], config["class_name"])
    module = config.get("module") or ""
    if kind in _MODELS:
        module = _MODELS[kind]
    elif module.startswith("tf_keras"):
        module = module.removeprefix("tf_")
    config = {**config, "class_name": kind, **({"module": module} if module else {})}
    if kind == "TFOpLambda":
        return _rescaling(config)
    inner = {key: value for key, value in config["config"].items() if not _is_dropped(kind, key, value)}
    if kind == "BatchNormalization" and isinstance(inner.get("axis"), list) and len(inner["axis"]) == 1:
        inner["axis"] = inner["axis"][0]
    return {**config, "config": _counted_from_0(inner) if kind == "Functional" else inner}


def _is_dropped(kind, key, value):
    if key in _DROPPED_ANYWHERE:
        return _DROPPED_ANYWHERE[key] is None or value in _DROPPED_ANYWHERE[key]
    return value in _DROPPED.get(kind, {}).get(key, ())


def _counted_from_0(functional):
    """Return a functional model's configuration in which the calls of inner models are counted from 0.

    Keras 2 counts the making of an inner model as its first call; Keras 3 does not, but where it reads the outputs.
    """
    inner = {layer["name"]: layer["class_name"] for layer in functional["layers"] if layer["class_name"] in _MODELS}
    ends = ("input_layers", "output_layers")
    calls = [each for layer in functional["layers"] for each in _references(layer["inbound_nodes"], inner)]
    calls += [each for end in ends for each in _references(functional[end], inner)]
    first = {name: min((number for called, number in calls if called == name), default=0) for name in inner}

    def renumbered(value, more):
        if _is_reference(value, inner):
            return [value[0], value[1] - first[value[0]] + more.get(inner[value[0]], 0), *value[2:]]
        return [renumbered(each, more) for each in value] if isinstance(value, list) else value

    layers = [{**layer, "inbound_nodes": renumbered(layer["inbound_nodes"], {})} for layer in functional["layers"]]
    outer = {end: renumbered(functional[end], {"Functional": 1}) for end in ends}
    # One input or output is itself, not a list of one: Keras 3 would give a list to the layer behind.
    return {**functional, "layers": layers, **{end: each[0] if len(each) == 1 else each for end, each in outer.items()}}


def _is_reference(value, names):
    """Return whether a value is [layer, number of its call, of its output, ...] of one of the layers named."""
    return isinstance(value, list) and len(value) > 2 and isinstance(value[0], str) and value[0] in names


def _references(value, names):
    """Yield (layer, number of its call) for every reference in nested lists."""
    if _is_reference(value, names):
        yield value[0], value[1]
    elif isinstance(value, list):
        for each in value:
            yield from _references(each, names)


def _rescaling(layer):
    """Return a Rescaling layer for arithmetic with one number, as `preprocess_input` inside a Keras 2 model writes it."""
    nodes, function = layer.get("inbound_nodes") or [], layer["config"].get("function")
    node = nodes[0] if len(nodes) == 1 else [None]  # [layer, number of its call, of its output, further arguments]
    number = node[-1].get("y") if isinstance(node[-1], dict) else None
    if function not in _OPERATORS or not isinstance(number, (int, float)) or isinstance(number, bool):
        return layer
    scale, offset = _OPERATORS[function](number)
    name, dtype = layer["config"]["name"], layer["config"].get("dtype", "float32")
    return {
        **layer,
        "class_name": "Rescaling",
        "module": "keras.layers",
        "registered_name": None,
        "config": {"name": name, "dtype": dtype, "scale": scale, "offset": offset},
        "inbound_nodes": [[[*node[:3], {}]]],
    }
