"""pyproject.toml, the files of pins and environment.yml say the same, and say it for everybody."""

import os
import re
import shutil
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PINNED = ["requirements.txt", "requirements-test.txt", "requirements-site.txt"]
# Those on which the course is meant to run: marker environments, not all of which a test can be run on.
MACHINES = [
    {"python_version": python, "python_full_version": f"{python}.9", "implementation_name": "cpython", **system}
    for python in ("3.11", "3.12", "3.13")
    for system in (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "aarch64"},
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    )
]


def named(machine):
    return f"{machine['sys_platform']}-{machine['platform_machine']}-{machine['python_version']}"


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def pins(repository):
    """{file name: its requirements}"""
    return {name: requirements_in((repository / name).read_text()) for name in PINNED}


def requirements_in(text):
    return [Requirement(line) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def versions(requirements, machine):
    """Return {package: version} of the pins that apply to a machine."""
    chosen = [each for each in requirements if each.marker is None or each.marker.evaluate(machine)]
    names = [canonicalize_name(each.name) for each in chosen]
    assert len(set(names)) == len(names), "a package is pinned twice for one machine"
    return {name: str(each.specifier).removeprefix("==") for name, each in zip(names, chosen, strict=True)}


def wanted(project, name):
    """Return what pyproject.toml asks for and a file of pins must have."""
    if name == "requirements-test.txt":
        return [Requirement(each) for each in project["dependency-groups"]["test"]]
    if name == "requirements-site.txt":
        return [Requirement(each) for each in project["dependency-groups"]["site"]]
    extras = project["project"]["optional-dependencies"]
    return [Requirement(each) for each in [*project["project"]["dependencies"], *extras["alibi"], *extras["lab"]]]


@pytest.mark.parametrize("machine", MACHINES, ids=named)
@pytest.mark.parametrize("name", PINNED)
def test_every_dependency_is_pinned_within_its_range(project, pins, name, machine):
    pinned = versions(pins[name], machine)
    for requirement in wanted(project, name):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize("name", PINNED)
def test_every_line_is_one_exact_pin(pins, name):
    for requirement in pins[name]:
        assert re.fullmatch(r"==[0-9][0-9a-z.+]*", str(requirement.specifier)), requirement
        assert requirement.url is None, requirement


@pytest.mark.parametrize("machine", MACHINES, ids=named)
def test_the_traps_stay_closed(pins, machine):
    course, tests, site = (versions(pins[name], machine) for name in PINNED)
    assert course["numpy"].startswith("2."), "alibi's metadata, which its code does not need, holds it back no longer"
    assert course["alibi"], "the second engine for anchors, and the oracle of the tests"
    assert course["ipywidgets"] != "8.1.9", "8.1.9 stays blank in VS Code"
    assert course["click"], "alibi imports click without naming it"
    assert course["setuptools"], "the editable install builds with it, without a network"
    assert "tensorflow-io-gcs-filesystem" not in course, "its newer releases have no wheels for Windows: pin 0.31.0 there"
    for package in course.keys() & tests.keys():
        assert course[package] == tests[package], f"{package}: the tests would move what the course pins"
    for package in (course | tests).keys() & site.keys():
        assert (course | tests)[package] == site[package], f"{package}: the site would move what is pinned"


@pytest.mark.parametrize("name", [*PINNED, "environment.yml", "pyproject.toml"])
def test_no_addresses(repository, name):
    lines = (repository / name).read_text().splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-") or "--hash" in line]


@pytest.mark.parametrize("name", PINNED)
def test_the_header_names_the_command(repository, name):
    text = (repository / name).read_text()
    assert "#    make requirements\n" in text.split("\n\n")[0][:200]
    assert not re.search(r"(^|\s)/\w", text), "a path"


def test_conda_gives_a_python_that_the_pins_are_for(repository, project):
    text = (repository / "environment.yml").read_text()
    python, pip = yaml.safe_load(text)["dependencies"]
    assert f"{python.removeprefix('python=')}.0" in Requirement("python" + project["project"]["requires-python"]).specifier
    assert pip == "pip"
    readme = (repository / "README.md").read_text(encoding="utf-8")
    for line in re.findall(r"^#   (.+)$", text, flags=re.M):
        assert f"    {line}\n" in readme, "the commands differ from those of the README"


def test_what_is_installed_without_resolving_is_complete(repository):
    """The pins are installed with --no-deps everywhere: the Makefile, the README, the workflows."""
    for path in [repository / "Makefile", *repository.glob("*.md"), *(repository / ".github" / "workflows").glob("*.yml")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if "pip install" in line and "-r requirements" in line:
                assert "--no-deps" in line, f"{path.name}: {line}"


@pytest.fixture(scope="module")
def compiled(repository, tmp_path_factory, run_online):
    """{arguments of `make requirements`: a future of the files that it writes}, each run on a copy.

    At the same time, since nearly all of it is waiting for the registry and for the database of known holes.
    """
    if shutil.which("make") is None:
        pytest.skip("make is not installed")

    def run(arguments):
        folder = tmp_path_factory.mktemp("compiled")
        (folder / ".venv").mkdir()
        for name in ["Makefile", "pyproject.toml", *PINNED]:
            shutil.copy(repository / name, folder)
        shutil.copytree(repository / "tools", folder / "tools")
        for stamp in ("course", "tests"):  # as if installed: the copy borrows this environment
            (folder / ".venv" / stamp).touch()
        # What an outer make was called with (`make check VENV=...`) would reach this one through the environment.
        environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS")}
        run_online(["make", "requirements", f"PY={sys.executable}", *arguments], cwd=folder, env=environment)
        return {name: (folder / name).read_text() for name in PINNED}

    with ThreadPoolExecutor() as pool:
        yield {arguments: pool.submit(run, arguments) for arguments in (("UPGRADE=",), ())}


def test_compiling_again_changes_nothing(repository, compiled):
    for name, text in compiled["UPGRADE=",].result().items():
        assert text == (repository / name).read_text(), f"{name} is out of step with pyproject.toml: run make requirements"


def test_an_upgrade_keeps_numpy_2_and_alibi(compiled):
    upgraded = requirements_in(compiled[()].result()["requirements.txt"])
    for machine in MACHINES:
        chosen = versions(upgraded, machine)
        assert int(chosen["numpy"].split(".")[0]) >= 2
        assert chosen["alibi"] >= "0.9.6"
