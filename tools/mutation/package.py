"""Mutants of the package's modules: which there are, a drawn sample over all modules, and those that have a name."""

import ast
import difflib
import hashlib
import random
import tomllib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from . import mutants

# Not what only words depend on: error texts, f-strings, type hints, what a module offers to `import *`.
_WORDS = (ast.Raise, ast.JoinedStr, ast.AnnAssign, ast.Import, ast.ImportFrom)
_NEEDED = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Pass, ast.Raise)
_STRINGS = {"bilinear": "nearest", "nearest": "bilinear", "bicubic": "nearest", "same": "valid", "reflect": "constant"}


class Mutant(NamedTuple):
    """One change of one module. module: its path below the package; code: the whole mutated module; diff: what is changed."""

    module: str
    line: int
    change: str
    code: str
    diff: str

    @property
    def name(self):
        mark = hashlib.sha256(self.code.encode()).hexdigest()[:8]
        return f"{self.module}:{self.line} {self.change} [{mark}]"


def sample(package, modules, most, seed):
    """Return at most `most` mutants of the modules, each module with its share by size, in an order drawn from the seed."""
    trees = {name: ast.parse((package / name).read_text(encoding="utf-8")) for name in modules}
    points = {name: _spread(_points(tree), random.Random(f"{seed} {name}")) for name, tree in trees.items()}
    chosen = []
    for name, number in _shares({name: len(each) for name, each in points.items()}, most).items():
        chosen += _first(name, trees[name], points[name], number)
    random.Random(seed).shuffle(chosen)
    return chosen


def named(package, path):
    """Return the mutants that a TOML file names: [[mutant]] with name, module, before and after, each the text of some lines."""
    found = []
    for each in tomllib.loads(Path(path).read_text(encoding="utf-8")).get("mutant", []):
        source = (package / each["module"]).read_text(encoding="utf-8")
        if source.count(each["before"]) != 1:
            raise ValueError(
                f"{path}: the text of '{each['name']}' stands {source.count(each['before'])} times in {each['module']}"
            )
        code = source.replace(each["before"], each["after"])
        ast.parse(code)
        line = source[: source.index(each["before"])].count("\n") + 1
        found.append(Mutant(each["module"], line, each["name"], code, _diff(source, code)))
    return found


def _shares(sizes, most):
    """Return {module: how many mutants}: two each as far as there are so many, the rest by size."""
    total = sum(sizes.values())
    shares = {name: min(size, max(2, round(most * size / total))) for name, size in sizes.items()}
    while sum(shares.values()) > most:
        shares[max(shares, key=shares.get)] -= 1
    return shares


def _first(name, tree, points, number):
    """Return the first mutants of a module that differ from it and from each other."""
    source, found = ast.unparse(tree), {}
    for place, node, change, edit in points:
        if len(found) == number:
            break
        code = mutants.changed(tree, place, edit)
        if code != source:
            found.setdefault(
                code, Mutant(name, getattr(node, "lineno", 0) or node.iter.lineno, change, code, _diff(source, code))
            )
    return list(found.values())


def _spread(points, rng):
    """Return points in random order: one of each place first, and of these one of each kind of node first, and so on."""
    rng.shuffle(points)
    places, kinds, order = Counter(), Counter(), []
    for point in points:
        turn, kind = places[point[0]], type(point[1])
        order.append((turn, kinds[turn, kind], rng.random()))
        places[point[0]] += 1
        kinds[turn, kind] += 1
    return [point for _, point in sorted(zip(order, points), key=lambda each: each[0])]


def _points(tree):
    words = [node for node in ast.walk(tree) if isinstance(node, _WORDS)]
    words += [
        hint for node in ast.walk(tree) for hint in (getattr(node, "annotation", None), getattr(node, "returns", None)) if hint
    ]
    alone = {id(inner) for node in words for inner in ast.walk(node)}
    alone |= {id(inner) for call in mutants.random_calls(tree) for inner in ast.walk(call) if inner is not call}
    return list(mutants.changes(tree, _EDITS, alone))


def _diff(before, after):
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return "\n".join(list(lines)[2:])


# -- changes that only whole modules have ------------------------------------------------------------------------------


def _steps(node):
    """One step left out, where the rest can still run: neither a text, nor the result, nor what first gives a name its value."""
    known = {each.arg for each in node.args.args + node.args.kwonlyargs} if isinstance(node, ast.FunctionDef) else set()
    for i, step in enumerate(node.body):
        names = [each for each in ast.walk(step) if isinstance(each, ast.Name)]
        given = {each.id for each in names if isinstance(each.ctx, ast.Store)}
        known |= {each.id for each in names if isinstance(each.ctx, ast.Load)}  # x = x - 1: there is one before
        again = given <= known or isinstance(step, ast.AugAssign) or (isinstance(node, ast.If) and not node.orelse)
        text = isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant)
        result = isinstance(step, ast.Return) and isinstance(node, ast.FunctionDef) and i + 1 == len(node.body)
        if again and not (text or result or isinstance(step, _NEEDED)):
            yield f"step {i + 1} left out", lambda n, i=i: n.body.__setitem__(i, ast.Pass())
        known |= given


def _conditions(node):
    if not isinstance(node.test, ast.Compare):  # a comparison turns round by itself
        yield "condition negated", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))


def _filters(node):
    for i in range(len(node.ifs)):
        yield "filter left out", lambda n, i=i: n.ifs.pop(i)


def _restores(node):
    if node.finalbody:
        yield "finally left out", lambda n: setattr(n, "finalbody", [ast.Pass()])


def _contexts(node):
    nothing = ast.withitem(_parsed("__import__('contextlib').nullcontext()"))
    if all(each.optional_vars is None for each in node.items):
        yield "with left out", lambda n: setattr(n, "items", [nothing])


def _constants(node):
    if other := _STRINGS.get(node.value if isinstance(node.value, str) else None):
        yield f"{node.value!r} becomes {other!r}", lambda n: setattr(n, "value", other)
    yield from mutants.EDITS[ast.Constant](node)


def _calls(node):
    if node in mutants.random_calls(node):
        yield "seed ignored", lambda n: setattr(n, "args", [ast.Constant(0)])
        return
    for i, each in enumerate(node.args):
        if isinstance(each, ast.Name) and each.id == "seed":
            yield "seed ignored", lambda n, i=i: n.args.__setitem__(i, ast.Constant(0))
    # `isinstance` the other way round is an error at once: that says nothing about the tests.
    plain = getattr(node.func, "id", "") in ("isinstance", "next", "getattr", "setattr")
    yield from [] if plain else mutants.EDITS[ast.Call](node)


def _parsed(text):
    return ast.parse(text, mode="eval").body


_EDITS = {kind: edit for kind, edit in mutants.EDITS.items() if kind is not mutants.STEPS} | {
    (ast.FunctionDef, ast.For, ast.While, ast.If, ast.With, ast.Try): _steps,
    (ast.If, ast.IfExp, ast.While): _conditions,
    ast.comprehension: _filters,
    ast.Try: _restores,
    ast.With: _contexts,
    ast.Constant: _constants,
    ast.Call: _calls,
}
