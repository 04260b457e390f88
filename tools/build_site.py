"""Build the course as static pages: `make site`, or `python tools/build_site.py [folder]`, by default build/site.

Notebooks are taken as they are stored, with their pictures and players, and not executed. The pages work from a folder of
files, without a server and without a network.
"""

import base64
import inspect
import os
import re
import shutil
import subprocess
import sys
import typing
from pathlib import Path

import nbformat
from numpy.typing import ArrayLike
from release import ROOT, SETUP_ID, badges, lessons

PAGES = ["TEACHING.md", "CONTRIBUTING.md", "CREDITS.md", "data/README.md"]
RESULTS = {
    "board": "The board",
    "compatibility": "Which networks work",
    "results": "Speed",
    "rise_designs": "Designs of RISE's masks",
}
README_LINK = re.compile(r"(\]\((?:\.\./)*)README\.md(?=[)#])")
ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>$', flags=re.M)  # a place that a lesson links to: Sphinx has its own word for it
MODULES = ["metrics", "rashes", "comparison"]  # public modules whose functions are called by learners


def gather(source):
    """Copy what the site shows into a folder, with the same places beside one another, so that links between them work."""
    for path in lessons():
        write(source / "notebooks" / path.name, lesson(path))
    write(source / "notebooks" / "index.md", at_a_glance(ROOT / "notebooks" / "index.ipynb", source / "notebooks"))
    shutil.copy(ROOT / "notebooks" / "overview.png", source / "notebooks")
    shutil.copy(ROOT / "LICENSE", source), shutil.copy(ROOT / "LICENSE-docs", source)
    results = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "benchmarks").glob("*.md"))
    pages = [*PAGES, "docs/glossary.md", *results]
    for name in pages:
        write(source / name, for_the_site((ROOT / name).read_text(encoding="utf-8")))
    write(source / "docs" / "api.md", reference())
    front = for_the_site((ROOT / "README.md").read_text(encoding="utf-8"))
    write(source / "index.md", f"{front}\n\n{contents(results)}")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def for_the_site(text):
    """Return a page's text with its links to README.md (which is the front page) and to what is no page of the site mended."""
    text = README_LINK.sub(r"\1index.md", text)
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)*(?:xaihelpers|tests|tools|classroom|benchmarks)/[^)]*\.py\)", r"\1", text)


def lesson(path):
    """Return a lesson's notebook for the site: below its title, where else it can be opened."""
    notebook = nbformat.read(path, as_version=4)
    links = [f'<a href="{badge.address}">{badge.words}</a>' for badge in badges(path.name)]
    title, _, rest = notebook.cells[0].source.partition("\n")
    items = "".join(f"<li>{link}</li>" for link in [f'<a href="{path.name}" download>Download the notebook</a>', *links])
    notebook.cells[0].source = f'{title}\n\n<ul class="xh-badges">{items}</ul>\n{rest}'
    for cell in notebook.cells:
        if cell.id == SETUP_ID:
            cell.metadata.tags = ["remove-cell"]  # nothing is run here; it is in the notebook that can be downloaded
        if cell.cell_type == "markdown":
            cell.source = ANCHOR.sub(r"(\1)=", cell.source)
    return nbformat.writes(notebook)


def at_a_glance(path, folder):
    """Return the page of all lessons, from the notebook on which `make lab` opens; its pictures are written into a folder.

    Its cells hold their pictures as attachments, which Sphinx does not read.
    """
    parts = []
    for cell in nbformat.read(path, as_version=4).cells:
        for name, kinds in cell.get("attachments", {}).items():
            (picture,) = kinds.values()
            (folder / name).write_bytes(base64.b64decode(picture))
        parts.append(cell.source.replace("](attachment:", "]("))
    text = re.sub(r" To run one, choose\s+\*Run → Run All Cells\*\.", "", "\n\n".join(parts))
    return for_the_site(text)


def contents(results):
    """Return the tables of contents that make the site's navigation."""
    names = {name: RESULTS.get(Path(name).stem.lower(), Path(name).stem.replace("_", " ").capitalize()) for name in results}
    parts = {
        "Lessons": ["All lessons at a glance <notebooks/index>", *(f"notebooks/{path.stem}" for path in lessons())],
        "Reference": ["Glossary <docs/glossary>", "xaihelpers <docs/api>"],
        "Measured": [f"{title} <{name.removesuffix('.md')}>" for name, title in names.items()],
        "For teachers and contributors": [
            "Teaching <TEACHING>",
            "Contributing <CONTRIBUTING>",
            "The rash images <data/README>",
            "Credits <CREDITS>",
        ],
    }
    table = "```{{toctree}}\n:hidden:\n:caption: {}\n:maxdepth: 1\n\n{}\n```"
    return "\n\n".join(table.format(caption, "\n".join(entries)) for caption, entries in parts.items() if entries)


# -- the reference ---------------------------------------------------------------------------------------------------------


def reference():
    """Return the page of all public names, from their docstrings."""
    import xaihelpers as xh

    head = "# xaihelpers\n\n`import xaihelpers as xh`. " + paragraphs(inspect.getdoc(xh)).partition("\n\n")[0]
    techniques = [name for name in dir(xh) if name in xh.METHODS]
    others = [name for name in dir(xh) if name not in techniques and callable(getattr(xh, name))]
    parts = [head, "## Techniques", *(entry(f"xaihelpers.{name}", getattr(xh, name)) for name in techniques)]
    parts += ["## Everything else", *(entry(f"xaihelpers.{name}", getattr(xh, name)) for name in others)]
    for module in MODULES:
        found = getattr(xh, module)
        names = getattr(found, "__all__", [name for name in dir(found) if not name.startswith("_")])
        ours = {name: getattr(found, name) for name in names if callable(getattr(found, name))}
        ours = {name: each for name, each in ours.items() if getattr(each, "__module__", "").startswith("xaihelpers")}
        parts += [f"## xh.{module}", paragraphs(inspect.getdoc(found))]
        parts += [entry(f"xaihelpers.{module}.{name}", each) for name, each in ours.items()]
    return "\n\n".join(parts)


def entry(name, thing):
    """Return what Sphinx shows of a function or class: its head, its docstring, and a class's public members."""
    kind = "class" if inspect.isclass(thing) else "function"
    members = [
        entry(each, getattr(thing, each))
        for each, found in (vars(thing).items() if kind == "class" else [])
        if not each.startswith("_") and inspect.isfunction(found) and inspect.getdoc(found)
    ]
    text = "\n\n".join([paragraphs(inspect.getdoc(thing), arguments(thing)), *members])
    fence = "`" * (3 + (6 if kind == "class" else 0))
    kind = kind if name.startswith("xaihelpers") else "method"
    return f"{fence}{{py:{kind}}} {name}{head_of(thing)}\n{text}\n{fence}"


def head_of(thing):
    """Return the arguments as a reader needs them: without what a class passes on to itself, types by their short names."""
    kept = [each.replace(annotation=short(each.annotation)) for name, each in arguments(thing).items() if name != "self"]
    return re.sub(r" at 0x[0-9a-f]+", "", str(inspect.Signature(kept)))


def arguments(thing):
    """Return {name: parameter}; none for what has no signature that can be read."""
    try:
        return dict(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return {}


class Words(str):
    """A type as it is written in a signature: without quotes."""

    __repr__ = str.__str__


def short(annotation):
    """Return a type as Words, without the modules; NumPy's ArrayLike by that name, and not as its ten parts."""
    if annotation is inspect.Parameter.empty:
        return annotation
    parts, like = typing.get_args(annotation), typing.get_args(ArrayLike)
    if like and all(each in parts for each in like):
        # It has str among its parts; only where a text is meant does that stand at the head.
        others = [each for number, each in enumerate(parts) if each not in like or (each is str and number == 0)]
        return Words(" | ".join([*map(short, others), "ArrayLike"]))
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return Words(re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", text))


def paragraphs(text, names=()):
    """Return a docstring as Markdown: each "argument: what it is" becomes a line of its own.

    names: of arguments, which begin a line also where they follow a sentence; as does what is raised, and the source.
    """
    known = "|".join([*map(re.escape, names), "details", "Source"])
    text = re.sub(rf"(?<=[.;)\"]) (?=(?:{known})(?:, (?:{known}))*: \S)|(?<=\.) (?=Raises )", "\n", text or "")
    made = []
    for line in text.splitlines():
        begins = re.match(r"(?!Return )[A-Za-z_*][\w, *`.]{0,60}: \S|Raises ", line)
        if begins and made and made[-1] != "":
            made.append("")
        made.append(
            re.sub(r"^(?!Raises )([A-Za-z_*][\w, *`.]{0,60}): ", r"**\1:** ", line).replace("*_", r"\*_")
            if begins
            else line.strip()
        )
    return "\n".join(made)


# -- the build -------------------------------------------------------------------------------------------------------------


def build(folder):
    """Build the site in a folder; return Sphinx's exit code. The pages are in its subfolder html."""
    source, pages = folder / "source", folder / "html"
    for each in (source, pages):
        shutil.rmtree(each, ignore_errors=True)
    gather(source)
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-j", "2", "-c", str(ROOT / "docs"), str(source), str(pages)]
    done = subprocess.run(command, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    for path in lessons() if done.returncode == 0 else []:
        shutil.copy(path, pages / "notebooks")  # what the download links lead to: the lesson as it is
    (pages / ".nojekyll").touch()
    return done.returncode


def main(arguments):
    folder = Path(arguments[0]) if arguments else ROOT / "build" / "site"
    failed = build(folder.resolve())
    print(f"{'NOT built' if failed else 'built'}: {folder / 'html' / 'index.html'}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
