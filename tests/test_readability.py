"""No paragraph of a lesson is hard to read: Flesch's reading ease of each is 45 or more ("difficult" begins below 50).

Flesch, "A new readability yardstick", Journal of Applied Psychology 32, 1948: 206.835 - 1.015 words a sentence - 84.6 syllables
a word. Formulas, code, names and references are left out, and paragraphs under 25 words, of which the number says little.
"""

import re
from pathlib import Path

import nbformat
import pytest

LEAST, SHORTEST = 45, 25
VOWELS = re.compile(r"[aeiouy]+")


SILENT = re.compile(r"(?<![leyio])e$|(?<![td])ed$|(?<![szcgxhi])es$")  # "made", "moved", "planes"; not "little", "added", "boxes"


def syllables(word):
    """Return about how many syllables an English word has: groups of vowels, without an e at the end that is not spoken."""
    word = word.lower().strip("'’")
    return max(len(VOWELS.findall(word)) - bool(SILENT.search(word)), 1)


def plain(text):
    """Return what is left of a paragraph in Markdown to be read aloud: no formulas, code, addresses, marks, names."""
    text = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.S)
    text = re.sub(r"`[^`]*`|\$[^$]*\$|<[^>]*>", " ", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:[-*] |\d+\. |>)", " . ", text, flags=re.M)  # an item of a list is a sentence of its own
    text = re.sub(r"[*_#]", "", text)
    return re.sub(r"(?<=[a-z,;:] )[A-Z][\w’'-]*", "", text)  # a capital letter within a sentence is a name


def sentences_and_words(text):
    """Return (sentences, words) of plain text; only what has letters counts."""
    parts = [re.findall(r"[A-Za-z][A-Za-z'’]*", part) for part in re.split(r"[.!?:;]+(?=\s|$)|\n\s*\n", text)]
    parts = [[word for word in part if len(word) > 1 or word in "aAI"] for part in parts]
    parts = [part for part in parts if part]
    return len(parts), [word for part in parts for word in part]


def reading_ease(text):
    """Return Flesch's reading ease, or None for a text under 25 words."""
    sentences, words = sentences_and_words(plain(text))
    if len(words) < SHORTEST:
        return None
    return 206.835 - 1.015 * len(words) / sentences - 84.6 * sum(map(syllables, words)) / len(words)


def paragraphs(path):
    """Yield (cell id, paragraph) of a notebook: prose and lists, without headings, tables, quizzes' folds and references."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "markdown":
            continue
        text = cell.source.split("**References**")[0]
        text = re.sub(r"```.*?```", "", text, flags=re.S)
        for paragraph in re.split(r"\n\s*\n", text):
            if not paragraph.lstrip().startswith(("#", "|", "$$", "<details", "</details", "←")):
                yield cell.id, paragraph


def hard(path):
    """Return [(reading ease, cell id, paragraph)] of the paragraphs that are too hard, the hardest first."""
    found = [(reading_ease(paragraph), cell, paragraph) for cell, paragraph in paragraphs(path)]
    return sorted((ease, cell, paragraph) for ease, cell, paragraph in found if ease is not None and ease < LEAST)


def lessons():
    return sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_every_paragraph_can_be_read_once(path):
    """A paragraph that fails: shorter sentences, then shorter words."""
    found = [f"{ease:.0f} in cell {cell}: {paragraph[:90]!r}" for ease, cell, paragraph in hard(path)]
    assert not found, "\n".join([f"{path.name}: reading ease below {LEAST}", *found])


@pytest.mark.parametrize(
    ("word", "number"),
    [("the", 1), ("maps", 1), ("gradient", 2), ("network", 2), ("pixel", 2), ("covered", 2), ("little", 2), ("classes", 2)],
)
def test_syllables(word, number):
    # "gradient" has three: "ie" and its like count as one group, which makes the measure a little kinder.
    assert syllables(word) == number


def test_the_measure_tells_plain_words_from_bureaucracy():
    easy = (
        "The cat sat on the mat. It was warm there. Then a dog came in, and the cat ran up a tree to be on the safe side of it."
    )
    stiff = (
        "Notwithstanding considerable methodological heterogeneity, systematic investigation demonstrates that interpretability "
        "considerations necessitate comprehensive institutional reconsideration of established evaluation methodologies, "
        "irrespective of organisational particularities and computational infrastructure availability constraints throughout."
    )
    assert reading_ease(easy) > 90 and reading_ease(stiff) < 0
    assert reading_ease("Too short to say.") is None
