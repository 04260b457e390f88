"""Where the course is published: the one place that knows the address. Everything that names it is made from here.

    python tools/release.py       write the set-up cell of every lesson, and the badges and the wheel's address in README.md

REPOSITORY is empty until there is a release. Then set-up cells ask for the wheel as a file beside the notebook, and there are
no badges. With "owner/name" they name the wheel of that repository's release on GitHub, and the badges open its notebooks.
"""

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

REPOSITORY = ""
ROOT = Path(__file__).resolve().parent.parent
SETUP_ID = "setup"
SETUP = """\
if __import__("importlib.util").util.find_spec("xaihelpers") is None:  # on Colab and Kaggle; silent where it is installed
    %pip install --quiet {wheel}"""
WHEEL = re.compile(r"(?<=^    %pip install )\S+\.whl$", re.M)  # in README.md
BUILT = re.compile(r"(?<=`dist/)xaihelpers-\S+?\.whl(?=`)")
BADGES = re.compile(r"(?: \[(?:Colab|Kaggle)\]\([^)]*\))*(?= \|$)")  # at the end of a table's row


class Badge(NamedTuple):
    """A link that opens a lesson elsewhere."""

    words: str
    address: str


def repository():
    """Return "owner/name" of the published course, or nothing; a workflow on GitHub names its own."""
    return REPOSITORY or os.environ.get("GITHUB_REPOSITORY", "")


def version():
    """Return the version of the package, read from its text."""
    text = (ROOT / "xaihelpers" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+?)"', text, re.M)[1]


def wheel():
    """Return the address of the release's wheel; before there is a release, the name of its file."""
    name = f"xaihelpers-{version()}-py3-none-any.whl"
    return f"https://github.com/{REPOSITORY}/releases/download/v{version()}/{name}" if REPOSITORY else name


def said():
    """Return in a sentence where the course is published; ValueError for what is no "owner/name"."""
    if not REPOSITORY:
        return (
            "There is no release yet: REPOSITORY in tools/release.py is empty. Set-up cells ask for "
            f"{wheel()} beside the notebook, and there are no badges. Name it there as owner/name, and run this again."
        )
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", REPOSITORY):
        raise ValueError(f"REPOSITORY in tools/release.py is {REPOSITORY!r}: write owner/name, without an address around it.")
    return f"The course is published as {REPOSITORY}: set-up cells take {wheel()}, and each lesson has badges."


def setup_source():
    """Return the set-up cell of every lesson."""
    return SETUP.format(wheel=wheel())


def badges(lesson):
    """Return the Badges of a lesson that open it elsewhere; none before the course is published. lesson: its file name."""
    where = repository()
    if not where:
        return []
    source = f"github.com/{where}/blob/main/notebooks/{lesson}"
    colab = f"https://colab.research.google.com/{source.replace('github.com', 'github', 1)}"
    return [
        Badge("Open in Colab", colab),
        Badge("Open in Kaggle", f"https://kaggle.com/kernels/welcome?src=https://{source}"),
    ]


def lessons():
    """Return the paths of the lessons, in order."""
    return sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def write_setup(path):
    """Put the set-up cell before the first code cell of a lesson, or renew it; return whether that changed the file."""
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    if not any(cell.id == SETUP_ID for cell in notebook.cells):
        first = next(i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")
        notebook.cells.insert(first, nbformat.v4.new_code_cell(id=SETUP_ID))
    (cell,) = (cell for cell in notebook.cells if cell.id == SETUP_ID)
    cell.source = setup_source()
    new = nbformat.writes(notebook) + "\n"
    if new != text:
        path.write_text(new, encoding="utf-8")
    return new != text


def write_readme(path):
    """Renew in README.md the badges, at the end of each row of the table of lessons, and where the wheel is installed from."""
    text = BUILT.sub(wheel().rpartition("/")[2], WHEEL.sub(wheel(), path.read_text(encoding="utf-8")))
    lines = text.splitlines(keepends=True)
    for place, line in enumerate(lines):
        if found := re.match(r"\| \d\d \| \[[^\]]+\]\(notebooks/([^)]+)\)", line):
            made = "".join(f" [{badge.words.removeprefix('Open in ')}]({badge.address})" for badge in badges(found[1]))
            lines[place] = BADGES.sub(made, line.rstrip("\n"), count=1) + "\n"
    path.write_text("".join(lines), encoding="utf-8")


def main():
    print(said())
    for path in lessons():
        if write_setup(path):
            print(f"{path.name}: set-up cell written")
    write_readme(ROOT / "README.md")


if __name__ == "__main__":
    sys.exit(main())
