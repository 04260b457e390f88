"""Who may import whom, what `import xaihelpers` costs, and what the repository's text never says."""

import ast
import re
import subprocess
import sys
import textwrap
from typing import NamedTuple

import pytest

# An import points to a lower floor, or stays on its own. `techniques` and `shared` are the two sorts of modules in methods/.
FLOORS = {
    "_on_disk": 1,
    "_progress": 1,
    "_late": 1,
    "_quiet": 1,
    "_types": 1,
    "_validation": 1,
    "decoding": 1,
    "folder_tree": 1,
    "folders": 1,
    "images": 1,
    "results": 1,
    "seeing": 1,
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
    "reporting": 5,
    "widgets": 5,
}
# Everybody uses these; in the drawing their arrows would hide the others.
SMALL = {"_progress", "_quiet", "_types", "_validation"}
LATE = ["tensorflow", "keras", "lime", "alibi", "matplotlib.pyplot", "skimage", "sklearn", "pandas", "ipywidgets", "scipy"]


# What the modules of a floor know, for the drawing in CONTRIBUTING.md.
KNOW = {
    5: "everything below",
    4: "what is done with a result",
    3: "one module for each technique, none imports another; what they share is in `shared/`",
    2: "what is explained",
    1: "plain data, checks and messages; no TensorFlow",
}


class Import(NamedTuple):
    """One import of the package's own. module: where it points, without "xaihelpers."; name: what is taken out of it, or None."""

    module: str
    name: str | None


@pytest.fixture(scope="module")
def imports(repository):
    """{module: the modules of xaihelpers that it imports}, those inside functions too; names without 'xaihelpers.'."""
    return {name: {each.module for each in those} - {name} for name, those in all_imports(repository).items() if name}


def all_imports(repository):
    """Return {module: its Imports of the package's own}, read from the files' text; "" is the package itself."""
    paths = module_paths(repository)
    return {name: imported(name, path, set(paths)) for name, path in paths.items()}


def module_paths(repository):
    """Return {module: its file}."""
    package = repository / "xaihelpers"
    return {module_name(package, path): path for path in package.rglob("*.py")}


def module_name(package, path):
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(name, path, modules):
    """Return the Imports of one file that point into the package, or that climb out of it."""
    here = ["xaihelpers", *filter(None, name.split("."))]
    package = here if path.name == "__init__.py" else here[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(Import(each.name, None) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Level 1 is the package itself, each further dot one folder up: more dots than folders is a mistake.
            assert node.level <= len(package), f"{path}:{node.lineno}: {'.' * node.level} leads out of the package"
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            for each in node.names:  # `from . import cache` imports a module, `from .cache import folder` a name out of one
                whole = f"{base}.{each.name}"
                found.add(Import(whole, None) if whole.removeprefix("xaihelpers.") in modules else Import(base, each.name))
    ours = [each for each in found if each.module.split(".")[0] == "xaihelpers"]
    return {Import(each.module.removeprefix("xaihelpers").removeprefix("."), each.name) for each in ours}


def names_in(path):
    """Return the names that a module has when it was imported, read from its text."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((each.asname or each.name).split(".")[0] for each in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def floor(module):
    return FLOORS[module.split(".")[0]]


def drawing(repository):
    """Return the floors as text: every top-level module, and the arrows to those that it imports, which never point up."""
    arrows = {}
    for name, those in all_imports(repository).items():
        top = name.split(".")[0]
        arrows.setdefault(top, set()).update(each.module.split(".")[0] for each in those)
    folders = {path.name for path in (repository / "xaihelpers").iterdir() if path.is_dir()}
    shown = {name: name + "/" * (name in folders) for name in FLOORS}
    lines = []
    for number in sorted(set(FLOORS.values()), reverse=True):
        lines += [f"floor {number}   {KNOW[number]}", ""]
        for name in (each for each, its in FLOORS.items() if its == number):
            below = [shown[each] for each in FLOORS if each in arrows.get(name, ()) - {name} and each not in SMALL]
            line = f"  {shown[name]:15} --> {', '.join(below)}" if below else f"  {shown[name]}"
            lines += textwrap.wrap(line, 120, subsequent_indent=" " * 22)
        lines.append("")
    return "\n".join(lines).rstrip()


def test_the_drawing_in_contributing_is_that_of_the_table(repository):
    text = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"```text\n{drawing(repository)}\n```\n" in text, "run `make generated`"


def test_every_import_leads_to_something_that_exists(repository):
    paths = module_paths(repository)
    names = {name: names_in(path) for name, path in paths.items()}
    wrong = []
    for module, those in all_imports(repository).items():
        for each in those:
            if each.module not in paths:
                wrong.append(f"{module}: there is no module {each.module}")
            elif each.name is not None and each.name != "*" and each.name not in names[each.module]:
                wrong.append(f"{module}: {each.module or 'xaihelpers'} has no {each.name}")
    assert not wrong


def test_an_import_that_leads_nowhere_is_noticed(tmp_path):
    """One dot too few, one too many, a name that is not there."""
    package = tmp_path / "xaihelpers" / "methods"
    package.mkdir(parents=True)
    for path, text in {
        package.parent / "__init__.py": "",
        package.parent / "images.py": "def load(): ...",
        package / "__init__.py": "",
        package / "good.py": "from ..images import load\nfrom . import good",
        package / "few.py": "from .images import load",
        package / "name.py": "from ..images import lode",
    }.items():
        path.write_text(text)
    with pytest.raises(AssertionError) as caught:
        test_every_import_leads_to_something_that_exists(tmp_path)
    assert "few: there is no module methods.images" in str(caught.value) and "images has no lode" in str(caught.value)
    assert "good" not in str(caught.value).replace("methods.good", "")
    (package / "many.py").write_text("from ...images import load")
    with pytest.raises(AssertionError, match="leads out of the package"):
        all_imports(tmp_path)


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


def test_the_menus_of_the_playground_need_no_tensorflow(tmp_path):
    """They name every technique, and are seen while TensorFlow is loaded; what else takes long is not waited for either."""
    slow = ["tensorflow", "keras", "lime", "alibi", "matplotlib.pyplot", "skimage", "sklearn", "pandas", "scipy.stats"]
    code = (
        "import sys, xaihelpers as xh; from xaihelpers.widgets.playground import worker; "
        "worker.Worker.do = lambda self, job: None; "
        "play = xh.playground(); assert all(xh.METHODS[name].title in str(play.slots[0].choice.options) for name in xh.METHODS); "
        f"print([name for name in {slow} if name in sys.modules])"
    )
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
