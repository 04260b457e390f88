"""The static pages: what is gathered for them, built without a network, every link leads somewhere, nothing is fetched."""

import re
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from numpy.typing import ArrayLike

LARGEST_PAGE = 5_000_000  # bytes


@pytest.fixture(scope="module")
def tool(repository):
    sys.path.insert(0, str(repository / "tools"))
    import build_site

    yield build_site
    sys.path.remove(str(repository / "tools"))


@pytest.fixture(scope="module")
def pages(site):
    return sorted(site.rglob("*.html"))


class Parts(HTMLParser):
    """What a page links to, fetches, and can be linked to by."""

    def __init__(self, text):
        super().__init__()
        self.links, self.fetched, self.names = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.names.add(found.get("id") or found.get("name"))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if found.get("src"):
            self.fetched.append(found["src"])
        if tag == "link" and found.get("href") and "canonical" not in found.get("rel", ""):
            self.fetched.append(found["href"])


# -- what is gathered ------------------------------------------------------------------------------------------------------


def test_the_reference_has_every_public_name_with_its_first_sentence(tool):
    import xaihelpers as xh

    text = tool.reference()
    for name in dir(xh):
        thing = getattr(xh, name)
        if callable(thing):
            assert re.search(rf"\{{py:(function|class)\}} xaihelpers\.{name}\(", text), name
            assert thing.__doc__.split("\n")[0].split(":")[0][:40] in text.replace("**", "").replace("\\", ""), name


def test_arguments_become_lines_of_their_own(tool):
    text = tool.paragraphs(
        "Return a map.\n\nimage: (H, W, 3).\nfill: a colour;\n    or a word. size: pixels.\n\nRaises ValueError for none."
    )
    assert text == (
        "Return a map.\n\n**image:** (H, W, 3).\n\n**fill:** a colour;\nor a word. size: pixels.\n\nRaises ValueError for none."
    )


def test_an_argument_after_a_sentence_and_what_is_raised_begin_a_line(tool):
    text = (
        'fill: a colour. n, size: pixels. kind: "a". other: text\nin one line. Raises ValueError for none: a sentence. Source: B.'
    )
    assert tool.paragraphs(text, ["fill", "n", "size", "kind"]) == (
        '**fill:** a colour.\n\n**n, size:** pixels.\n\n**kind:** "a". other: text\nin one line.\n\n'
        "Raises ValueError for none: a sentence.\n\n**Source:** B."
    )
    assert tool.paragraphs("Return a map: (H, W).") == "Return a map: (H, W)."


def test_types_are_named_as_a_reader_would(tool):
    from collections.abc import Callable, Sequence
    from pathlib import Path

    def function(
        a: ArrayLike, b: str | ArrayLike = "x", *, c: "Sequence[str] | None" = None, d: Callable[[Path], int] | None = None
    ): ...

    said = "(a: ArrayLike, b: str | ArrayLike = 'x', *, c: Sequence[str] | None = None, d: Callable[[Path], int] | None = None)"
    assert tool.head_of(function) == said
    assert not re.search(r"numpy\._|typing\.|xaihelpers\.\w+\.\w+\.[A-Z]", tool.reference())


def test_a_place_that_a_lesson_links_to_is_one_for_sphinx_and_the_set_up_cell_stays_in_the_notebook(tool, tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("# Title\n\nSee the [end](#the-end)."),
        nbformat.v4.new_code_cell("%pip install it", id="setup"),
        nbformat.v4.new_markdown_cell('<a id="the-end"></a>\n\n## The end'),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "99_end.ipynb")
    made = nbformat.reads(tool.lesson(tmp_path / "99_end.ipynb"), 4).cells
    assert made[2].source == "(the-end)=\n\n## The end" and made[1].metadata.tags == ["remove-cell"]


def test_the_page_of_all_lessons_has_the_pictures_of_the_front_door(tool, tmp_path, repository):
    text = tool.at_a_glance(repository / "notebooks" / "index.ipynb", tmp_path)
    names = re.findall(r"!\[[^\]]+\]\((\d\d\.jpg)\)", text)
    assert len(names) == len(tool.lessons()) == len(set(names)) and "attachment:" not in text and "Run All" not in text
    assert all((tmp_path / name).read_bytes().startswith(b"\xff\xd8") for name in names)


def test_badges_name_the_published_repository_and_nothing_else(tool, monkeypatch, repository):
    path = repository / "notebooks" / "01_grad_cam.ipynb"
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.setitem(tool.badges.__globals__, "REPOSITORY", "")
    assert "colab" not in nbformat.reads(tool.lesson(path), 4).cells[0].source
    monkeypatch.setenv("GITHUB_REPOSITORY", "somebody/course")
    head = nbformat.reads(tool.lesson(path), 4).cells[0].source
    assert "https://colab.research.google.com/github/somebody/course/blob/main/notebooks/01_grad_cam.ipynb" in head
    assert (
        "https://kaggle.com/kernels/welcome?src=https://github.com/somebody/course/blob/main/notebooks/01_grad_cam.ipynb" in head
    )


def test_one_variable_moves_the_set_up_cell_and_the_badges_of_the_readme(tool, monkeypatch, tmp_path, repository):
    import release

    monkeypatch.setattr(release, "REPOSITORY", "somebody/course")
    for name in ("README.md", "notebooks/01_grad_cam.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((repository / name).read_text(encoding="utf-8"), encoding="utf-8")
    assert release.write_setup(tmp_path / "notebooks/01_grad_cam.ipynb")
    assert not release.write_setup(tmp_path / "notebooks/01_grad_cam.ipynb")  # once is enough
    cell = nbformat.read(tmp_path / "notebooks/01_grad_cam.ipynb", 4).cells[1]
    assert "%pip install --quiet https://github.com/somebody/course/releases/download/v" in cell.source
    release.write_readme(tmp_path / "README.md")
    assert (tmp_path / "README.md").read_text(encoding="utf-8").count("colab.research.google.com/github/somebody/course") == 15
    assert f"    %pip install {release.wheel()}\n" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert release.wheel().startswith("https://github.com/somebody/course/") and "somebody/course" in release.said()
    monkeypatch.setattr(release, "REPOSITORY", "https://github.com/somebody/course")
    with pytest.raises(ValueError, match="write owner/name"):
        release.said()
    monkeypatch.setattr(release, "REPOSITORY", "")
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert release.said().startswith("There is no release yet: REPOSITORY in tools/release.py is empty.")
    release.write_readme(tmp_path / "README.md")
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == (repository / "README.md").read_text(encoding="utf-8")


# -- what is built ---------------------------------------------------------------------------------------------------------


def test_every_lesson_and_page_is_there_and_not_too_heavy(pages, site, repository):
    names = {path.relative_to(site).as_posix() for path in pages}
    lessons = {f"notebooks/{path.stem}.html" for path in (repository / "notebooks").glob("[0-9]*.ipynb")}
    results = {f"benchmarks/{path.stem}.html" for path in (repository / "benchmarks").glob("*.md")}
    own = {
        "index.html",
        "notebooks/index.html",
        "TEACHING.html",
        "CONTRIBUTING.html",
        "docs/glossary.html",
        "docs/api.html",
        "search.html",
    }
    assert lessons | results | own <= names
    assert not {path.name: path.stat().st_size for path in pages if path.stat().st_size > LARGEST_PAGE}


def test_nothing_is_fetched_from_elsewhere(pages):
    for path in pages:
        fetched = Parts(path.read_text(encoding="utf-8")).fetched
        assert not [each for each in fetched if re.match(r"(https?:)?//", each)], path.name
    styles = [text for css in pages[0].parents[0].rglob("*.css") for text in [css.read_text(encoding="utf-8")]]
    assert not [found for text in styles for found in re.findall(r"url\(['\"]?(https?:[^)]*)", text)]


def test_links_lead_somewhere(pages, site):
    parts = {path: Parts(path.read_text(encoding="utf-8")) for path in pages}
    broken = []
    for path, page in parts.items():
        for link in page.links:
            target = urlsplit(link)
            if target.scheme or not (target.path or target.fragment):
                continue
            there = (path.parent / unquote(target.path)).resolve() if target.path else path
            if not there.exists() or (target.fragment and there in parts and unquote(target.fragment) not in parts[there].names):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert not broken


def test_every_slider_of_a_lesson_is_a_player_on_its_page(site, repository):
    for path in (repository / "notebooks").glob("[0-9]*.ipynb"):
        cells = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
        sliders = sum(len(re.findall(r"^\w+ = xh\.explore\(", source, flags=re.M)) for source in cells)
        text = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert text.count('class="xh-player"') == sliders, f"{path.name}: run `make notebooks`, which records them"


def test_equations_need_no_script(site):
    text = (site / "notebooks" / "01_grad_cam.html").read_text(encoding="utf-8")
    assert "<math" in text and "MathJax" not in text and "\\frac" not in re.sub(r"<pre>.*?</pre>", "", text, flags=re.S)


def test_a_link_that_leads_nowhere_is_noticed(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html">b</a>', encoding="utf-8")
    with pytest.raises(AssertionError):
        test_links_lead_somewhere([tmp_path / "a.html"], tmp_path)
