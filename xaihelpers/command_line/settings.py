"""`--set technique.setting=value`: read against the techniques' own signatures, before TensorFlow is loaded."""

import ast
import importlib.util
import inspect
import sys
from pathlib import Path

from ..methods import METHODS, module_of

_HEAD = ("classifier", "image", "target", "batch_size", "progress")  # what --set has no business with


class Written(str):
    """A default as it stands in the source, where it is more than a plain value."""

    __slots__ = ()
    __repr__ = str.__str__


def settings(given, names, refuse):
    """Return {technique: {setting: value}} for "rise.n_masks=500" and "seed=1"; `refuse(line)` ends what fits nowhere."""
    chosen = {name: {} for name in names}
    known = {name: defaults(name) for name in names}
    written = {}
    for text in given:
        key, equals, value = (part.strip() for part in text.partition("="))
        name, dot, setting = key.rpartition(".")
        if not equals or not setting:
            refuse(f"--set got {text!r}: write technique.setting=value, as in rise.n_masks=500")
        if written.setdefault(key, value) != value:
            refuse(f"--set got {key} twice, as {written[key]} and as {value}: give it once")
        name = name.replace("-", "_").lower()
        if dot and name not in METHODS:
            refuse(f"--set got {text!r}, and there is no technique {name!r}: choose from {', '.join(METHODS)}")
        if dot and name not in names:
            refuse(f"--set got {text!r}, but {name} is not among the techniques asked for: add --method {name}")
        takers = [each for each in ([name] if dot else names) if setting in known[each]]
        if not takers:
            there = "; ".join(f"{each} has {', '.join(known[each])}" for each in ([name] if dot else names))
            refuse(f"--set got {text!r}, and there is no setting {setting!r}: {there}")
        for each in takers:
            chosen[each][setting] = _value(key, value, known[each][setting], refuse)
    return chosen


def defaults(name):
    """Return {setting: default} of a technique."""
    module = module_of(name)
    if module in sys.modules:
        parameters = inspect.signature(METHODS[name].function).parameters
        found = {key: each.default for key, each in parameters.items() if each.kind is not each.VAR_KEYWORD}
    else:
        found = {each.arg: _literal(default) for each, default in _written(name)}
    return {key: value for key, value in found.items() if key not in _HEAD}


def first_line(name):
    """Return the first line of a technique's docstring, from its source."""
    return (ast.get_docstring(_function(name)) or "").partition("\n")[0]


def _written(name):
    """Return [(argument, default)] of a technique, read from its text: to import it would load TensorFlow."""
    arguments = _function(name).args
    plain = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    return [*zip(plain, arguments.defaults), *zip(arguments.kwonlyargs, arguments.kw_defaults)]


def _function(name):
    source = importlib.util.find_spec(module_of(name)).origin
    tree = ast.parse(Path(source).read_text(encoding="utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)


def _literal(node):
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return Written(ast.unparse(node))


def _value(key, text, default, refuse):
    """Return what a text stands for: yes or no where the default is one, a number where it is one, else a name."""
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if isinstance(default, bool):
        if text.lower() not in words:
            refuse(f"--set got {key}={text}: expected true or false")
        return words[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text  # a name; the technique says what it may be
    # 1000.0 and 1e3 are whole numbers to those who type them.
    return int(value) if isinstance(default, int) and isinstance(value, float) and value.is_integer() else value
