"""What README.md, TEACHING.md and CONTRIBUTING.md tell people to type exists, and the notebooks lead to one another."""

import importlib.util
import re
import runpy
import shlex

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

import xaihelpers as xh

DOCUMENTS = ["README.md", "TEACHING.md", "CONTRIBUTING.md"]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
NAME = re.compile(r"\bxh((?:\.[A-Za-z_]\w*)+)")
# What is written for a reader to fill in, or made by a command that the text shows.
PLACEHOLDERS = {
    "xaihelpers/methods/bands.py",
    "tests/test_bands.py",
    "notebooks/NN_name.ipynb",
    "xaihelpers/course/checks/name.py",
}
FOLDERS = ("xaihelpers", "notebooks", "tests", "benchmarks", "classroom", "data")


@pytest.fixture(scope="module", params=DOCUMENTS)
def document(request, repository):
    return (repository / request.param).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def version():
    return xh.__version__


@pytest.fixture(scope="module")
def lessons(repository):
    """{file name: notebook}, in the order of the course."""
    paths = sorted((repository / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return {path.name: nbformat.read(path, as_version=4) for path in paths}


def code_in(text):
    """Return everything that a text shows as code: blocks, indented lines, and what stands between backticks."""
    fenced = re.findall(r"^ *```\w*\n(.*?)^ *```", text, flags=re.S | re.M)
    rest = re.sub(r"^ *```\w*\n.*?^ *```", "", text, flags=re.S | re.M)
    indented = re.findall(r"^ {4}(.*)$", rest, flags=re.M)
    spans = re.findall(r"`([^`\n]+)`", rest)
    return [line for block in fenced for line in block.splitlines()] + indented + spans


def anchors_of(text):
    """Return the addresses of a text's headings, as GitHub and Jupyter make them."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# -- the documents ---------------------------------------------------------------------------------------------------------


def test_every_make_target_exists(document, repository):
    targets = set(re.findall(r"^([a-z]+):", (repository / "Makefile").read_text(), flags=re.M))
    used = {word for line in code_in(document) for word in re.findall(r"(?:^|&& |; )make ([a-z]+)", line)}
    assert used <= targets


def test_the_makefile_lists_its_own_targets(repository):
    text = (repository / "Makefile").read_text()
    phony = set(re.search(r"^\.PHONY: (.*)$", text, flags=re.M)[1].split())
    told = set(re.findall(r"'make ([a-z]+)", text[: text.index("\nlab:")]))
    assert told == phony - {"help"}


def test_every_module_and_script_that_is_run_exists(document, repository):
    lines = code_in(document)
    for module in {found for line in lines for found in re.findall(r"python\S* -m ([\w.]+)", line)}:
        assert importlib.util.find_spec(module.split(".")[0]) is not None or (repository / module.split(".")[0]).is_dir(), module
        if module.split(".")[0] in FOLDERS:
            path = repository / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module
    for script in {found for line in lines for found in re.findall(r"python\S* ((?!-)\S+\.py)\b", line)}:
        assert (repository / script).is_file(), script


def test_every_file_that_is_named_exists(document, repository):
    words = {word.strip("\"'(),;:") for line in code_in(document) for word in line.split()}
    paths = {word for word in words if re.fullmatch(rf"(?:{'|'.join(FOLDERS)})/[\w./-]+", word)}
    assert not {path for path in paths - PLACEHOLDERS if not (repository / path).exists()}


def test_links_resolve(document, repository):
    for first, second in LINK.findall(document):
        target, _, anchor = (first or second).partition("#")
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        assert not target or (repository / target).exists(), target
        if anchor and (not target or target.endswith(".md")):
            text = (repository / target).read_text(encoding="utf-8") if target else document
            assert anchor in anchors_of(text), f"{target}#{anchor}"


def test_public_names_exist(document):
    names = {name for line in code_in(document) for name in NAME.findall(line)}
    own = re.findall(r"^def (\w+)\(", document, flags=re.M)  # what the text itself adds to the package
    for name in names:
        first, *rest = name.strip(".").split(".")
        assert first in dir(xh) or first in own, name
        if first in ("check", "metrics", "rashes", "comparison"):
            thing = getattr(xh, first)
            for part in rest:
                thing = getattr(thing, part)


def test_python_in_the_documents_is_python(document):
    for block in re.findall(r"^```python\n(.*?)^```", document, flags=re.S | re.M):
        compile(block, "<document>", "exec")


def test_the_right_answer_that_teachers_are_shown_is_right(repository):
    text = (repository / "TEACHING.md").read_text(encoding="utf-8")
    (block,) = (each for each in re.findall(r"^```python\n(.*?)^```", text, flags=re.S | re.M) if ".require()" in each)
    exec(block, {"xh": xh})


def test_the_command_line_understands_what_is_shown(document):
    from xaihelpers.command_line.arguments import _read, new_parser

    own = dict.fromkeys(re.findall(r"^def (\w+)\(", document, flags=re.M), "grad_cam")  # what the text itself adds
    for line in code_in(document):
        if found := re.match(r"(?:\S*python\S*|py \S+) -m xaihelpers( .*)?$", line):
            words = shlex.split(found[1] or "--list", comments=True)
            _read(new_parser(), [own.get(word, word) for word in words])


def test_named_wheels_have_the_version_of_the_package(document, version):
    for wheel in re.findall(r"xaihelpers-[\w.-]+\.whl", document):
        assert wheel == f"xaihelpers-{version}-py3-none-any.whl"


def test_environment_variables_are_those_that_the_package_reads(document, repository):
    source = "".join(path.read_text(encoding="utf-8") for path in (repository / "xaihelpers").rglob("*.py"))
    for name in set(re.findall(r"\bXAIHELPERS_\w+", document)):
        assert name in source, name


def test_the_readme_has_a_row_for_every_lesson(repository, lessons):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d\d) \| \[[^\]]+\]\(notebooks/([^)]+)\) \|", readme, flags=re.M))
    planned = re.findall(r"^\| (\d\d) \| [^\[|]+ \| \*planned:\*", readme, flags=re.M)
    assert list(rows.values()) == list(lessons) and not {name[:2] for name in lessons} & set(planned)
    assert all(name.startswith(number) for number, name in rows.items())


def test_teaching_has_a_part_for_every_lesson(repository, lessons):
    text = (repository / "TEACHING.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (\d\d) · ", text, flags=re.M)
    assert {name[:2] for name in lessons} <= set(headings) and headings == sorted(set(headings))


# -- the notebooks ---------------------------------------------------------------------------------------------------------


def test_every_lesson_has_the_set_up_cell_that_the_address_of_the_release_makes(lessons, repository, version):
    release = runpy.run_path(str(repository / "tools" / "release.py"))
    source = release["setup_source"]()
    assert len(source.splitlines()) == 2 and source.endswith(f"xaihelpers-{version}-py3-none-any.whl")
    for name, notebook in lessons.items():
        first = next(cell for cell in notebook.cells if cell.cell_type == "code")
        assert (first.id, first.source) == ("setup", source), f"{name}: run `python tools/release.py`"
        assert "import xaihelpers as xh" in "\n".join(cell.source for cell in notebook.cells).splitlines(), name


@pytest.mark.parametrize("installed", [True, False])
def test_the_set_up_cell_installs_only_where_the_course_is_missing(lessons, monkeypatch, installed):
    shell, asked = InteractiveShell(), []
    monkeypatch.setattr(shell, "run_line_magic", lambda *arguments, **others: asked.append(arguments[:2]))
    if not installed:
        monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    done = shell.run_cell(lessons["01_grad_cam.ipynb"].cells[1].source)
    assert done.success and done.result is None
    assert bool(asked) is not installed and all(name == "pip" and words.endswith(".whl") for name, words in asked)


def test_every_notebook_leads_to_the_lessons_beside_it(lessons):
    names = list(lessons)
    for place, (name, notebook) in enumerate(lessons.items()):
        beside = {names[i] for i in (place - 1, place + 1) if 0 <= i < len(names)}
        lines = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
        text = "\n".join(line for line in lines if "←" in line or "→" in line)
        links = re.findall(r"\((\d\d_\w+\.ipynb)\)", text)
        assert set(links) == beside, name
        for other in beside:
            assert links.count(other) >= 2, f"{name}: {other} stands at its head or its foot only"


def test_the_figures_in_the_readme_are_those_that_were_measured(repository):
    """They were copied by hand, and once stayed behind while what they measure had changed."""
    table = (repository / "README.md").read_text(encoding="utf-8").split("## Measured")[1].split("\n## ")[0]
    results = (repository / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    measured = set(re.findall(r"(?<=: )\d+\.\d+", results))
    rows = [line for line in table.splitlines() if line.startswith("|") and "RISE_DESIGNS" not in line]
    figures = re.findall(r"\d+\.\d+", " ".join(rows))
    assert len(figures) >= 8 and not [each for each in figures if f"{float(each):.2f}" not in measured]


def test_links_in_notebooks_resolve(lessons, repository):
    for name, notebook in lessons.items():
        for cell in notebook.cells:
            for found in LINK.findall(cell.source) if cell.cell_type == "markdown" else []:
                target = (found[0] or found[1]).partition("#")[0]
                if target and not target.startswith(("http:", "https:")):
                    assert (repository / "notebooks" / target).exists(), f"{name}: {target}"
