"""One version in one place, what the package says of itself, and known holes in what it is installed with."""

import re
import runpy
import subprocess
import tomllib

import pytest
import yaml

import xaihelpers as xh


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_version_is_the_same_everywhere(repository, project):
    """It stands in xaihelpers/__init__.py; what must repeat it agrees."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", xh.__version__)
    assert "version" not in project and project["dynamic"] == ["version"]
    assert yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))["version"] == xh.__version__
    changes = re.findall(r"^## (\S+)", (repository / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)
    assert changes[0] == xh.__version__ and changes == sorted(
        changes, key=lambda each: [*map(int, each.split("."))], reverse=True
    )


def test_what_the_package_says_of_itself(repository, project):
    assert project["license"] == "Apache-2.0 AND CC-BY-4.0"
    assert all((repository / name).is_file() for name in project["license-files"])
    versions = [each.rpartition(" ")[2] for each in project["classifiers"] if re.search(r"Python :: 3\.\d+", each)]
    assert versions == ["3.11", "3.12", "3.13"] and project["requires-python"] == ">=3.11"
    assert (repository / "xaihelpers" / "py.typed").is_file() and "Typing :: Typed" in project["classifiers"]
    citation = yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))
    assert set(citation["license"]) == set(project["license"].split(" AND "))


ROOT = {
    ".ci", ".github", ".gitignore", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "CREDITS.md", "LICENSE", "LICENSE-docs",
    "Makefile", "README.md", "TEACHING.md", "benchmarks", "classroom", "data", "docs", "environment.yml", "notebooks",
    "pyproject.toml", "requirements-site.txt", "requirements-test.txt", "requirements.txt", "tests", "tools", "xaihelpers",
}  # fmt: skip


def test_nothing_lies_in_the_root_that_does_not_belong_there(repository):
    """What a call left in the current folder is easily committed with the rest."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    assert {name.partition("/")[0] for name in done.stdout.split("\0") if name} == ROOT


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_no_pin_has_a_known_hole_that_is_not_accepted_with_a_reason(repository, name):
    tool = runpy.run_path(str(repository / "tools" / "advisories.py"))
    found = tool["holes"]((repository / name).read_text(encoding="utf-8"), tool["advisories"]()[1])
    assert not [str(hole) for hole in found if not hole.accepted]


def test_the_list_of_holes_finds_what_it_knows(repository):
    tool = runpy.run_path(str(repository / "tools" / "advisories.py"))
    listed = tool["advisories"]()[1]
    old = "pillow==10.4.0\nkeras==3.11.2 ; python_version < '3.12'\nkeras==3.15.1 ; python_version >= '3.12'\n# numpy==1.0\n"
    found = {(hole.package, hole.version, hole.identifier) for hole in tool["holes"](old, listed)}
    assert ("pillow", "10.4.0", "CVE-2026-25990") in found and ("keras", "3.11.2", "CVE-2025-49655") in found
    assert not [each for each in found if each[:2] == ("keras", "3.15.1")]
    assert len({each["id"] for each in listed}) == len(listed)


def test_what_pip_audit_skips_does_not_count_as_clean(repository):
    judged = runpy.run_path(str(repository / "tools" / "advisories.py"))["judged"]
    skipped = {"name": "keras", "skip_reason": "Dependency not found"}
    clean, bad = ({"name": "numpy", "version": "2.4", "vulns": vulns} for vulns in ([], [{"id": "CVE-1"}]))
    assert judged([skipped, skipped]) == (
        [],
        "pip-audit could not reach its database: only the list beside this file was checked.",
    )
    assert judged([skipped, clean]) == ([], "pip-audit looked 1 of 2 packages up and found 0 holes.")
    assert judged([clean, bad]) == (["numpy 2.4: CVE-1"], "pip-audit looked 2 of 2 packages up and found 1 holes.")


def test_workflows_call_what_the_readme_says(repository):
    """Every command of a workflow is a make target, or a line that the README shows for Windows."""
    readme = (repository / "README.md").read_text(encoding="utf-8")
    workflow = yaml.safe_load((repository / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    for name, job in workflow["jobs"].items():
        for command in [step["run"] for step in job["steps"] if "run" in step]:
            if name == "windows":
                shown = command.replace("${{ matrix.python }}", "3.13").replace("\\", "/").replace(".venv/Scripts", ".venv/bin")
                shown = shown.split(" -n 2")[0]
                assert shown in readme.replace("\\", "/").replace(".venv/Scripts", ".venv/bin"), command
            else:
                assert re.fullmatch(r"make (unit|test) PYTHON=python", command), command
