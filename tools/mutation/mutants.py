"""Small changes of a piece of code, one at a time: what a person gets wrong, or writes another way."""

import ast
import copy

_BINARY = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Div],
    ast.Pow: [ast.Mult],
    ast.Mod: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
}
_COMPARED = {
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
_CALLED = {
    "mean": ["sum", "max"],
    "sum": ["mean"],
    "max": ["min", "mean"],
    "min": ["max"],
    "maximum": ["minimum"],
    "minimum": ["maximum"],
    "argmax": ["argmin"],
    "argmin": ["argmax"],
    "argsort": ["sort"],
    "any": ["all"],
    "all": ["any"],
    "zeros": ["ones"],
    "ones": ["zeros"],
    "zeros_like": ["ones_like"],
    "ones_like": ["zeros_like"],
    "floor": ["ceil"],
    "ceil": ["floor"],
    "round": ["abs"],
    "abs": ["negative"],
    "sqrt": ["square"],
    "exp": ["log"],
    "log": ["exp"],
    "std": ["var"],
    "cumsum": ["cumprod"],
    "median": ["mean"],
}
STEPS = (ast.Module, ast.FunctionDef, ast.For, ast.While, ast.If)
_RANDOM = {"default_rng", "RandomState", "seed"}  # another seed is another draw, no mistake


def mutants(tree):
    """Yield (what was changed, code) for each small change of a parsed piece of code; each code once."""
    seen = {ast.unparse(tree)}
    for place, node, change, edit in changes(tree, EDITS, {id(inner) for call in random_calls(tree) for inner in ast.walk(call)}):
        code = changed(tree, place, edit)
        if code not in seen:
            seen.add(code)
            yield f"line {getattr(node, 'lineno', '?')}, {change}", code


def changes(tree, edits, left_alone=()):
    """Yield (place of a node in ast.walk, the node, what is changed, the function that changes that node of a copy).

    edits: as in EDITS. left_alone: the ids of nodes that are not changed.
    """
    nodes = list(ast.walk(tree))
    arguments = _arguments(nodes)
    for place, node in enumerate(nodes):
        if id(node) in left_alone:
            continue
        for change, edit in _edits(node, edits, arguments.get(id(node), [])):
            yield place, node, change, edit


def changed(tree, place, edit):
    """Return the code in which one node is changed."""
    mutant = copy.deepcopy(tree)
    edit(list(ast.walk(mutant))[place])  # a copy is walked in the same order
    return ast.unparse(ast.fix_missing_locations(mutant))


def _arguments(nodes):
    """Return {id of a node: the arguments of the functions that it stands in, a list for each}."""
    found = {}
    for function in nodes:
        if isinstance(function, ast.FunctionDef):
            names = [each.arg for each in function.args.args]
            for inner in ast.walk(function):
                found.setdefault(id(inner), []).append(names)
    return found


def random_calls(tree):
    """Return the calls that only say which draw it is."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) in _RANDOM]


def _name(function):
    return getattr(function, "attr", getattr(function, "id", ""))


def _edits(node, edits, arguments):
    """Yield (change, function that makes it at the same node of a copy)."""
    for kind, edit in edits.items():
        if isinstance(node, kind):
            yield from edit(node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from _names(node, arguments)


def _operators(node):
    for other in _BINARY.get(type(node.op), []):
        yield f"{type(node.op).__name__} becomes {other.__name__}", lambda n, other=other: setattr(n, "op", other())
    if type(node.op) in (ast.Sub, ast.Div, ast.Pow, ast.MatMult):

        def swap(n):
            n.left, n.right = n.right, n.left

        yield f"the sides of {type(node.op).__name__} swapped", swap


def _comparisons(node):
    for other in _COMPARED.get(type(node.ops[0]), []):
        yield f"{type(node.ops[0]).__name__} becomes {other.__name__}", lambda n, other=other: n.ops.__setitem__(0, other())


def _signs(node):
    # Twice is as good as dropped.
    yield f"{type(node.op).__name__} dropped", lambda n: setattr(n, "operand", ast.UnaryOp(n.op, n.operand))


def _and_or(node):
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield f"becomes {other.__name__}", lambda n: setattr(n, "op", other())


def _constants(node):
    value = node.value
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, (int, float)):
        others = [value + 1, value - 1, -value, 2 * value, *([value * 1.1, value / 2] if isinstance(value, float) else [])]
    elif isinstance(value, str) and len(value) == 1 and value.isalpha():
        others = [letter for letter in "abcde" if letter != value.lower()]
    else:
        others = []
    for other in others:
        if other != value:
            yield f"{value!r} becomes {other!r}", lambda n, other=other: setattr(n, "value", other)


def _calls(node):
    attribute = "attr" if isinstance(node.func, ast.Attribute) else "id"
    for other in _CALLED.get(_name(node.func), []):
        if attribute == "attr" or other in ("max", "min", "sum", "abs", "any", "all"):
            yield f"{_name(node.func)} becomes {other}", lambda n, other=other: setattr(n.func, attribute, other)
    for i, keyword in enumerate(node.keywords):
        yield f"{keyword.arg}= left out", lambda n, i=i: n.keywords.pop(i)
    for i in range(len(node.args) - 1):

        def swap(n, i=i):
            n.args[i], n.args[i + 1] = n.args[i + 1], n.args[i]

        yield f"arguments {i + 1} and {i + 2} of {_name(node.func)} swapped", swap


def _names(node, functions):
    """One variable of a function in place of another: an argument that is used, or ignored."""
    for arguments in functions:
        if node.id in arguments:
            for other in arguments:
                if other != node.id:
                    yield f"{node.id} becomes {other}", lambda n, other=other: setattr(n, "id", other)


def _steps(node):
    """Two steps in the other order, or one left out."""
    for i in range(len(node.body)):
        if isinstance(node.body[i], (ast.Import, ast.ImportFrom, ast.FunctionDef)):
            continue
        if len(node.body) > 1:
            yield f"step {i + 1} left out", lambda n, i=i: n.body.pop(i)
        if i + 1 < len(node.body):

            def swap(n, i=i):
                n.body[i], n.body[i + 1] = n.body[i + 1], n.body[i]

            yield f"steps {i + 1} and {i + 2} swapped", swap


def _elements(node):
    """Two elements of a list or tuple in the other order."""
    if isinstance(node.ctx, ast.Load):
        for i in range(len(node.elts) - 1):

            def swap(n, i=i):
                n.elts[i], n.elts[i + 1] = n.elts[i + 1], n.elts[i]

            yield f"elements {i + 1} and {i + 2} swapped", swap


EDITS = {
    ast.BinOp: _operators,
    ast.Compare: _comparisons,
    ast.UnaryOp: _signs,
    ast.BoolOp: _and_or,
    ast.Constant: _constants,
    ast.Call: _calls,
    STEPS: _steps,
    (ast.List, ast.Tuple): _elements,
}
