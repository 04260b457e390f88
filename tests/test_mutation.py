"""The script that mutates the package: the one gap of a tiny package is reported, and a second call goes on."""

import ast
import json
import os
from collections import Counter

import pytest

from tools.mutation import __main__ as tool
from tools.mutation import forking, package, testing


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The options for a repository of one function, of which a test checks one value: 2 * 2, which is also 2 + 2."""
    if not hasattr(os, "fork"):
        pytest.skip("runs are forked, which Windows does not have")
    monkeypatch.setattr(forking, "LIBRARIES", [])  # its tests need none of the large ones
    repository = tmp_path / "repository"
    for name in ("xaihelpers", "tests", "build"):
        (repository / name).mkdir(parents=True)
    (repository / "xaihelpers" / "images.py").write_text("def double(x):\n    return x * 2\n")
    (repository / "tests" / "test_images.py").write_text(
        "from xaihelpers.images import double\ndef test_it():\n    assert double(2) == 4\ndef test_broken():\n    assert False\n"
    )
    (repository / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["slow", "browser"]\n')
    return tool.options_of(["--repository", str(repository), "--file", str(repository / "build" / "found.json")])


def test_the_known_gap_is_the_only_survivor_a_second_call_runs_nothing_and_a_better_test_kills_it(tiny, capsys, monkeypatch):
    tool.main(["--repository", str(tiny.repository), "--file", str(tiny.file)])
    printed = capsys.readouterr().out
    assert "1 fail unchanged" in printed  # it must not kill anything
    stored = json.loads(tiny.file.read_text())["mutants"].values()
    assert {each["change"]: each["killed_by"] for each in stored} == {
        "Mult becomes Add": "",
        **dict.fromkeys(["Mult becomes Div", *(f"2 becomes {n}" for n in (1, 3, -2, 4))], "tests/test_images.py::test_it"),
    }
    assert printed.count("SURVIVED images.py:2 Mult becomes Add") == 1 and "-    return x * 2\n    +    return x + 2" in printed
    assert printed.splitlines()[-1].split() == ["all", "5", "of", "6", "killed", "83.3%"]
    with monkeypatch.context() as nothing_runs:
        nothing_runs.setattr(testing.Copy, "run", None)
        tool.main(["--repository", str(tiny.repository), "--file", str(tiny.file)])
    assert capsys.readouterr().out.splitlines()[-1].split() == ["all", "5", "of", "6", "killed", "83.3%"]
    test = tiny.repository / "tests" / "test_images.py"
    test.write_text(test.read_text() + "def test_more():\n    assert double(3) == 6\n")
    tool.main(["--repository", str(tiny.repository), "--file", str(tiny.file), "--again"])
    printed = capsys.readouterr().out
    assert printed.count("killed   ") == 1 and "SURVIVED" not in printed
    assert printed.splitlines()[-1].split() == ["all", "6", "of", "6", "killed", "100.0%"]


def test_a_mutant_that_never_ends_is_killed_and_the_module_is_given_back(tiny, tmp_path):
    (tmp_path / "copy").mkdir()
    copy = testing.Copy(tiny.repository, tmp_path / "copy")
    with copy.changed("images.py", "def double(x):\n    while True: pass\n"):
        code, seconds, _ = copy.run(["tests/test_images.py"], 5)
    assert code is None and 5 <= seconds < 15
    code, _, failed = copy.run(["tests/test_images.py"], 60, stop_at_first=False)
    copy.close()
    assert code == 1 and failed == ["tests/test_images.py::test_broken"]


CODE = '''
def f(image: "x" * 2, seed=0):
    """A text."""
    rng = default_rng((seed, 3))
    if image is None:
        raise ValueError(f"{1 + 1}")
    with quiet():
        found = [resize(each, seed, order="bilinear") for each in image if each]
    try:
        image = image - 1
    finally:
        restore()
    return found
'''


def test_what_is_changed_in_a_module_and_what_is_not():
    found = Counter(change for _, _, change, _ in package._points(ast.parse(CODE)))
    assert found["seed ignored"] == 2 and found["finally left out"] == found["with left out"] == found["filter left out"] == 1
    assert found["'bilinear' becomes 'nearest'"] == found["Sub becomes Add"] == found["Is becomes IsNot"] == 1
    assert not found["Mult becomes Div"] and not found["Add becomes Sub"] and not found["3 becomes 4"]  # hints, texts, draws
    assert found["step 1 left out"] == 1 and not found["step 2 left out"]  # only `image = image - 1` has a value before


def test_the_sample_is_the_same_every_time_and_over_all_modules(repository):
    modules = [name for name in testing.modules(repository / "xaihelpers") if name.startswith("metrics/")]
    chosen = package.sample(repository / "xaihelpers", modules, 60, 0)
    assert chosen == package.sample(repository / "xaihelpers", modules, 60, 0) and len(chosen) == 60
    assert min(Counter(each.module for each in chosen).values()) >= 2 and {each.module for each in chosen} == set(modules)
    assert len({each.name for each in chosen}) == 60
    assert (
        len({each.name for each in chosen} & {each.name for each in package.sample(repository / "xaihelpers", modules, 60, 1)})
        < 30
    )


def test_every_module_has_tests_and_every_named_fault_still_has_its_place(repository):
    for module in testing.modules(repository / "xaihelpers"):
        assert testing.tests_of(module, repository)
    for folder_or_module, names in testing.TESTS.items():
        assert (repository / "xaihelpers" / folder_or_module).exists()
        assert all((repository / "tests" / f"test_{name}.py").exists() for name in names.split())
    package.named(repository / "xaihelpers", repository / "tools" / "mutation" / "named.toml")
