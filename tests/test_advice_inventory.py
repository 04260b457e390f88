"""No sentence of advice in the package is left out: each is followed by a test, or stands here with the reason why not."""

import ast
import re
from pathlib import Path

import pytest

import xaihelpers

PACKAGE, TESTS = Path(xaihelpers.__file__).parent, Path(__file__).parent
# Words with which our sentences begin to say what to do.
_VERBS = (
    "give|choose|use|try|write|say|load|leave|take|ask|raise|lower|look|make|put|keep|drop|divide|stack|check|add|apply|wrap|"
    "hold|let|end|save|unpack|build|correct|move|install|connect|set|delete|name|pip|run|train|cover|crop|balance|expected"
)
_ADVISES = re.compile(rf"(?:[:;.,)] |^: ?|^|or )(?:or |and |then |if you trust it, )?(?:{_VERBS})\b", re.IGNORECASE)
# No sentences to a person who did something that failed: exercises, what a help page says, what a table says.
_OTHER_TEXTS = (
    "course/checks",
    "comparison/guidance",
    "comparison/results",
    "command_line/help_page",
    "widgets/playground/scale",
)
_RUN = 6  # so many letters in a row must be the same
_LEAST = 10  # letters of a sentence that a test must name, to be taken as a test of this sentence

# {part of a sentence: the test that follows it}: those that are not in the form of the tests of advice.
ELSEWHERE = {
    "{} is {}: expected {}{}.": "test_advice_of_numbers.py",
    "none of them is its prediction: give target, one of": "test_advice_of_models.py",
    "Look at these layers too, with layer=": "test_advice_of_numbers.py",
    "say which one is explained": "test_advice_of_models.py",
    ", and give that file": "test_advice_of_files.py",
    "save the model with model.save('name.keras')": "test_advice_of_files.py",
    "expected one batch of images, and one answer": "test_advice_of_files.py",
    "expected a folder with one subfolder of images for each class": "test_advice_of_files.py",
    "make it smaller first": "test_advice_of_files.py",
    "drop the transparency with image[..., :3]": "test_advice.py",
    "The image has shape {}: expected {}.": "test_advice_of_numbers.py",
    "The image is {}: give {} with values 0 to 255": "test_advice_of_numbers.py",
    "The image has type {}: give {} with values 0 to 255": "test_advice_of_doubts.py",
    "artefact is {}: choose": "test_advice_of_doubts.py",
    "which is not part of Keras: if you trust it": "test_model_files.py",
    "use the preprocessing of its training; if that was x / 255": "test_value_range.py",
    "give it, Classifier(model, preprocess=lambda x: x / 255)": "test_value_range.py",
    "If the network takes 0 to 255 itself, leave preprocess out": "test_value_range.py",
    "by its name": "test_folders.py",
    "choose one such as": "test_places.py",
    "give its path instead": "test_advice_of_widgets.py",
    "or leave engine out": "test_anchors.py",
    "it returned {}: give a function that returns an Attribution": "test_advice_of_what_people_give.py",
    "Run the notebook to reach every value": "test_player.py",
    "run this notebook to move them": "test_player.py",
    "hold back whole families, as train_classifier does": "test_advice_of_audits.py",
    "write all files in one format, size and quality": "test_advice_of_audits.py",
}
# {part of a sentence: why no test follows it}
NOT_HERE = {
    "which may read or write files: it is not loaded": "no advice: there is no way around it",
    "pip gave no reason": "no advice: what is put into a sentence where pip says nothing",
    "look at the pictures of that class side by side": "to be read by a person",
}


def _text(node):
    """Return a literal text, {} where something is put in; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [_text(node.left), _text(node.right)]
        return None if parts == [None, None] else "".join("{}" if part is None else part for part in parts)
    return None


def sentences_of_advice():
    """Return {(file, text)} of what the package says with advice in it; {} in a text where something is put in."""
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).as_posix()
        if file.startswith(_OTHER_TEXTS):
            continue
        stack = [ast.parse(path.read_text(encoding="utf-8"))]
        while stack:
            node = stack.pop()
            text = _text(node)
            if text is None:
                body = list(ast.iter_child_nodes(node))
                documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node)
                stack += [each for each in body if each is not node.body[0]] if documented else body
            elif len(text.split()) >= 4 and "<" not in text and _ADVISES.search(text):
                found.add((file, text))
    return found


def words_of_tests():
    """Return the words by which the tests of advice name the sentences that they follow, without what marks a pattern."""
    found = set()
    for path in TESTS.glob("test_advice*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if path.name != Path(__file__).name and isinstance(node, ast.Tuple) and len(node.elts) == 3:
                found |= {_text(part) for part in node.elts if _text(part)}
            elif path.name != Path(__file__).name and isinstance(node, ast.keyword) and node.arg == "match":
                found.add(_text(node.value))
    found.discard(None)
    return {re.sub(r"\\(.)", r"\1", part) for words in found for part in words.split(".*") if part}


def shared_letters(text, words):
    """Return how many letters of a text `words` can name, being a part of it once something is put in for each {}; else 0."""
    if not any(words[i : i + _RUN] in text for i in range(len(words) - _RUN + 1)):
        return 0  # the usual case, quickly
    letters, best = list(text.replace("{}", "\0")), 0
    for start in range(len(letters)):
        at = {start: 0}
        for letter in words:
            step, waiting = {}, list(at.items())
            while waiting:
                place, named = waiting.pop()
                if place < len(letters) and letters[place] == "\0":  # any letters, or none
                    step[place] = max(step.get(place, 0), named)
                    waiting.append((place + 1, named))
                elif place < len(letters) and letters[place] == letter:
                    step[place + 1] = max(step.get(place + 1, 0), named + 1)
            at = step
            if not at:
                break
        best = max([best, *at.values()])
    return best


def is_named(text, words):
    return shared_letters(text, words) >= max(_LEAST, 0.6 * len(words))


@pytest.fixture(scope="module")
def sentences():
    return sentences_of_advice()


def test_every_sentence_of_advice_is_followed_by_a_test(sentences):
    words, listed = words_of_tests(), (*ELSEWHERE, *NOT_HERE)
    left = [
        f"{file}: {text}"
        for file, text in sorted(sentences)
        if not any(part in text for part in listed) and not any(is_named(text, each) for each in words)
    ]
    assert not left, "\n".join(left)


def test_what_is_listed_is_still_said(sentences):
    assert [part for part in (*ELSEWHERE, *NOT_HERE) if not any(part in text for _, text in sentences)] == []
    assert all((TESTS / file).exists() for file in ELSEWHERE.values())


def test_most_of_the_advice_is_followed(sentences):
    listed = [text for _, text in sentences if any(part in text for part in NOT_HERE)]
    assert len(listed) <= 3 < len(sentences) / 100


def test_a_sentence_is_found_by_its_own_words_only():
    text = "patch is {} and the image's shorter edge {} pixels: give {} or fewer."
    assert is_named(text, "pixels: give 8 or fewer")
    assert not is_named(text, "give 8") and not is_named(text, "pixels: choose 8 or fewer")
