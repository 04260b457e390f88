"""Who may import whom, what `import xaihelpers` costs, and what the repository's text never says."""

import ast
import re
import subprocess
import sys

import pytest

# An import points to a lower floor, or stays on its own. `techniques` and `shared` are the two sorts of modules in methods/.
FLOORS = {
    "_on_disk": 1,
    "_progress": 1,
    "_quiet": 1,
    "_types": 1,
    "_validation": 1,
    "decoding": 1,
    "folder_tree": 1,
    "folders": 1,
    "images": 1,
    "results": 1,
    "copies": 1,
    "classifier": 2,
    "evidence": 2,
    "rashes": 2,
    "training": 2,
    "zoo": 2,
    "methods": 3,
    "auditing": 4,
    "metrics": 4,
    "plots": 4,
    "saving": 4,
    "__main__": 5,
    "command_line": 5,
    "comparison": 5,
    "course": 5,
    "widgets": 5,
}
LATE = ["tensorflow", "keras", "lime", "alibi", "matplotlib.pyplot", "skimage", "sklearn", "pandas", "ipywidgets", "scipy"]


@pytest.fixture(scope="module")
def imports(repository):
    """{module: the modules of xaihelpers that it imports}, those inside functions too; names without 'xaihelpers.'."""
    package = repository / "xaihelpers"
    paths = {module_name(package, path): path for path in package.rglob("*.py")}
    return {name: imported(name, path, set(paths)) for name, path in paths.items() if name}


def module_name(package, path):
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(name, path, modules):
    """Return the modules that one file imports, read from its text."""
    here = ["xaihelpers", *name.split(".")]
    package = here if path.name == "__init__.py" else here[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            # `from . import cache` imports a module, `from .cache import folder` a name out of one
            found.update(
                f"{base}.{each.name}" if f"{base}.{each.name}".removeprefix("xaihelpers.") in modules else base
                for each in node.names
            )
    ours = {each.removeprefix("xaihelpers").removeprefix(".") for each in found if each.split(".")[0] == "xaihelpers"}
    return ours - {name}


def floor(module):
    return FLOORS[module.split(".")[0]]


def test_every_module_has_a_floor(imports):
    unknown = {name.split(".")[0] for name in imports} - FLOORS.keys()
    assert not unknown, "give these a floor in this test, and say why they are on it"


def test_imports_point_to_a_lower_floor(imports):
    upward = [f"{name} -> {each}" for name, those in imports.items() for each in those if each and floor(each) > floor(name)]
    assert not upward


def test_nothing_imports_the_whole_package(imports):
    assert not [name for name, those in imports.items() if "" in those], "import the module that is needed, not xaihelpers"


def test_no_technique_imports_another(imports):
    from xaihelpers.methods import METHODS

    techniques = {method.function.__module__.removeprefix("xaihelpers.") for method in METHODS.values()}
    assert "methods.grad_cam" in techniques
    assert not [f"{name} -> {each}" for name in techniques for each in imports[name] & techniques]


def test_importing_the_package_loads_nothing_heavy(tmp_path):
    code = f"import sys, xaihelpers; print([name for name in {LATE} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


# Written in pieces, so that this file does not find itself.
PRIVATE = re.compile(
    "|".join(
        [
            r"(?<![\w.])/(work|root|home)" + "/",
            r"(?<![\w.])/tmp" + r"/\w",  # folders of the machine it was written on
            r"files\.python" + "hosted",
            r"pypi\.org/" + "simple",
            r"registry\.npm" + "js",
            r"index-" + "url",
        ]
    )
)


def test_no_text_names_a_folder_or_a_registry_of_the_machine_it_was_written_on(repository, repository_files):
    found = []
    for path in repository_files:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture or weights
        found += [f"{path.relative_to(repository)}:{n}: {line[:150]}" for n, line in enumerate(lines, 1) if PRIVATE.search(line)]
    assert not found
    assert not (repository / "uv.lock").exists(), "a lock file records download addresses"
