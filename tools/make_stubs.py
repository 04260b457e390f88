"""`python -m tools.make_stubs` writes xaihelpers/__init__.pyi: what `xh.` offers, for editors, which run no code.

The package imports each public name when it is first used. A static reader can't see that, so the stub says the same from the
same table. A technique stands in it with its arguments, as they are written in its module, and with what it gives back.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import xaihelpers
from xaihelpers.methods import METHODS

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "xaihelpers" / "__init__.pyi"
HEAD = '''\
"""Helpers for explaining convolutional neural networks in Keras 3. Written by `make generated`; change the package, not this."""
'''
# What annotations may name, by a name that is not offered as one of the package's own.
TYPES = {
    "Any": "from typing import Any as _Any",
    "Fill": "from ._types import Fill as _Fill",
    "ImageLike": "from ._types import ImageLike as _ImageLike",
    "Layers": "from ._types import Layers as _Layers",
    "Segments": "from ._types import Segments as _Segments",
    "Target": "from ._types import Target as _Target",
}


def stub():
    """Return the text of the stub, in the house's format."""
    techniques = [technique(name) for name in METHODS]
    used = [name for name in TYPES if any(re.search(rf"\b_{name}\b", text) for text in techniques)]
    # "as" the same name is how a stub offers what it imports; mypy would take __all__ for it, jedi does not.
    imports, renamed = [f"from .{module} import {name} as {name}" for name, module in xaihelpers._HOME.items()], []
    for name, module in xaihelpers._MODULES.items():
        parent, _, last = module.rpartition(".")
        imports.append(f"from .{parent} import {last} as {name if name == last else f'_{last}'}")
        renamed += [] if name == last else [f"{name} = _{last}"]
    offered = f"__all__ = {sorted(set(dir(xaihelpers)) - {'__version__'})!r}"
    text = "\n".join([HEAD, *(TYPES[name] for name in used), *imports, offered, "__version__: str", *renamed, *techniques])
    return tidy(tidy(text, "check", "--fix-only", "--select=I,RUF022", "--quiet"), "format")


def tidy(text, *how):
    """Return a text as ruff leaves it."""
    command = [sys.executable, "-m", "ruff", *how, f"--stdin-filename={STUB}", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=True).stdout


def technique(name):
    """Return the head of a technique, one argument a line, as its module has it but for what it gives back."""
    module = sys.modules[METHODS[name].function.__module__]
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    (head,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    arguments = head.args
    first = len(arguments.args) - len(arguments.defaults)
    lines = [argument(each, arguments.defaults[i - first] if i >= first else None) for i, each in enumerate(arguments.args)]
    lines += ["*", *map(argument, arguments.kwonlyargs, arguments.kw_defaults)]
    result = "Visualization" if METHODS[name].family == "feature visualization" else "Attribution"
    first_line = ast.get_docstring(head).partition("\n")[0]
    body = "".join(f"    {line},\n" for line in lines)
    return f'def {name}(\n{body}) -> {result}:\n    """{first_line}"""\n'


def argument(argument, default):
    """Return "name: type = default"."""
    words = re.sub(r"\b[A-Z]\w+\b", own_name, ast.unparse(argument.annotation)) if argument.annotation else "_Any"
    return f"{argument.arg}: {words}" + ("" if default is None else f" = {ast.unparse(default)}")


def own_name(found):
    """Return the name that the stub has for a type."""
    return f"_{found[0]}" if TYPES.get(found[0]) else found[0]


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
