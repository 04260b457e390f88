"""What an editor sees: static readers complete `xh.` and know every argument, and a type checker agrees with the package."""

import ast
import inspect
import runpy
import subprocess
import sys
from pathlib import Path

import jedi
import pytest

import xaihelpers as xh

# A program as learners write them, and one with a mistake in each line.
GOOD = """
import numpy as np
import xaihelpers as xh

photo = xh.load_image("photo.jpg", size=224)
classifier = xh.load_classifier("rashnet")
for target in (None, 3, "measles"):
    found = xh.grad_cam(classifier, photo, target, layer="relu4")
    area: float = xh.metrics.deletion(classifier, found, steps=20, baseline=(10, 20, 30)).area
    print(found.heatmap.mean(), found.class_name.upper(), area, found.cost.seconds)
xh.lime(classifier, photo, segments=np.zeros((4, 4)), fill="black", n_features=None)
print(xh.deep_dream(classifier, photo, layers={"relu3": 1.0}).frames, xh.rashes.load_test_split().images.shape)
"""
BAD = {
    'xh.occlusion(classifier, photo, patch="wide")': "arg-type",
    "xh.rise(classifier, photo, masks=100)": "call-arg",
    'xh.load_image("photo.jpg", size="large")': "arg-type",
    "xh.grad_cam(photo)": "call-arg",
    "xh.grad_cam(classifier, photo).heat": "attr-defined",
    "xh.gradcam(classifier, photo)": "attr-defined",
    'xh.metrics.deletion(classifier, photo, steps="many")': "arg-type",
}


def test_the_stub_is_what_the_tables_of_the_package_make(repository, monkeypatch):
    monkeypatch.syspath_prepend(repository)
    tool = runpy.run_path(str(repository / "tools" / "make_stubs.py"))
    assert (repository / "xaihelpers" / "__init__.pyi").read_text(encoding="utf-8") == tool["stub"](), "run `make generated`"


def completions(text, repository):
    """Return the names that a static reader offers at the end of a text."""
    project = jedi.Project(repository, environment_path=sys.executable)
    return {each.name for each in jedi.Script(text, project=project).complete()}


def test_a_static_reader_completes_the_public_names(repository):
    offered = {name for name in completions("import xaihelpers as xh\nxh.", repository) if not name.startswith("_")}
    public = {name for name in dir(xh) if not name.startswith("_")}
    modules = {path.stem for path in (repository / "xaihelpers").iterdir()}
    assert public <= offered and offered <= public | modules


@pytest.mark.parametrize(("start", "names"), [("metrics", {"deletion", "stability"}), ("rashes", {"make_rashes"})])
def test_and_what_stands_in_the_public_modules(repository, start, names):
    assert names <= completions(f"import xaihelpers as xh\nxh.{start}.", repository)


@pytest.mark.parametrize("name", xh.METHODS)
def test_a_static_reader_knows_the_arguments_of_a_technique(repository, name):
    text = f"import xaihelpers as xh\nxh.{name}("
    (signature,) = jedi.Script(text, project=jedi.Project(repository)).get_signatures()
    assert [each.name for each in signature.params if each.name] == list(inspect.signature(getattr(xh, name)).parameters)


def test_a_static_reader_knows_what_a_technique_gives_back(repository):
    text = "import xaihelpers as xh\nfound = xh.grad_cam(classifier, image)\nfound."
    assert {"heatmap", "class_name", "parameters", "diagnostics"} <= completions(text, repository)


def public_functions():
    """Return {dotted name: function} of what the package and its public modules of measures and images offer."""
    named = {name: getattr(xh, name) for name in dir(xh) if not name.startswith("_")}
    named |= {f"metrics.{name}": getattr(xh.metrics, name) for name in xh.metrics.__all__}
    return {name: each for name, each in named.items() if inspect.isfunction(each)}


@pytest.mark.parametrize("name", public_functions())
def test_public_functions_say_what_they_take_and_give(name):
    signature = inspect.signature(public_functions()[name])
    untyped = [each.name for each in signature.parameters.values() if each.annotation is each.empty]
    assert not untyped and signature.return_annotation is not signature.empty


def test_public_functions_have_one_parameter_a_line(repository):
    for name, function in public_functions().items():
        function = inspect.unwrap(function)
        tree = ast.parse(Path(inspect.getsourcefile(function)).read_text(encoding="utf-8"))
        (node,) = (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name == function.__name__)
        arguments = [*node.args.args, *node.args.kwonlyargs]
        assert len(arguments) < 2 or len({each.lineno for each in arguments}) == len(arguments), name


def check(path, repository):
    """Return [(line, kind of mistake)] that mypy finds in one file; what it imports is read, not judged."""
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", "--ignore-missing-imports", "--no-error-summary"]
    command += ["--show-error-codes", f"--cache-dir={path.parent / 'cache'}", str(path)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return [
        (int(line.split(":")[1]), line.rsplit("[", 1)[-1].rstrip("]")) for line in done.stdout.splitlines() if ": error" in line
    ]


def test_a_type_checker_accepts_what_is_right_and_finds_what_is_wrong(repository, tmp_path):
    pytest.importorskip("mypy")
    lines = GOOD.splitlines()
    (tmp_path / "program.py").write_text("\n".join([*lines, *BAD]), encoding="utf-8")
    found = check(tmp_path / "program.py", repository)
    assert {(len(lines) + i, kind) for i, kind in enumerate(BAD.values(), 1)} <= set(found)
    assert min(line for line, _ in found) > len(lines), found


def test_a_type_checker_accepts_the_stub(repository, tmp_path):
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", "--ignore-missing-imports", f"--cache-dir={tmp_path}"]
    done = subprocess.run([*command, "xaihelpers/__init__.pyi"], cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
