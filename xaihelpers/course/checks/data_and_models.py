"""The exercises of the lesson on data and models."""

import numpy as np

from .exercise import NotYet, as_written, choice, close, exercise, numbers

# Rows: the true class, columns: the predicted one. Healthy, ill.
CONFUSION = np.array([[85, 5], [6, 4]])


@exercise(
    hint="Accuracy: all that is right, divided by all. Then a recall for each row: what is right in the row, divided by the "
    "row's sum; their mean is the balanced accuracy.",
    solution="""
# right: 85 + 4 of 100; recalls: 85/90 = 0.944 and 4/10 = 0.4
answer = (0.89, (85 / 90 + 4 / 10) / 2)
""",
    wrong=[
        "answer = (0.89, 0.89)",
        "answer = (0.89, (85 / 91 + 4 / 9) / 2)",
        "answer = ((85 / 90 + 4 / 10) / 2, 0.89)",
        "answer = 0.89",
    ],
)
def by_hand(answer):
    """What are accuracy and balanced accuracy of the confusion matrix [[85, 5], [6, 4]]?"""
    given = numbers(answer, (2,))
    right = np.trace(CONFUSION) / CONFUSION.sum()
    balanced = (np.diag(CONFUSION) / CONFUSION.sum(axis=1)).mean()
    precision = (np.diag(CONFUSION) / CONFUSION.sum(axis=0)).mean()
    if as_written(given, [right, balanced]):
        return "Nine in ten are right, and more than half of the ill are missed."
    if close(given, [balanced, right], 5e-3):
        raise NotYet("Both numbers are right, in the other order: accuracy first.")
    if close(given[1], precision, 5e-3):
        raise NotYet("You divided by the sums of the columns, which gives precision. Recall divides by those of the rows.")
    if close(given[0], right, 5e-3):
        raise NotYet("The accuracy is right. For the balanced one every row counts the same: the mean of two recalls.")
    raise NotYet("Accuracy first: the diagonal's sum over the sum of all.")


@exercise(
    hint="The rarer the class, the larger its weight: proportional to 1 / count. Then scale so that the average over all "
    "images is 1: n / (classes * count).",
    solution="""
counts = np.array([60, 30, 10])
answer = counts.sum() / (len(counts) * counts)
""",
    wrong=["answer = [0.6, 0.3, 0.1]", "answer = [1 / 60, 1 / 30, 1 / 10]", "answer = [0.5556, 1.1111, 3.3333, 1]"],
)
def class_weights(answer):
    """Which weights make three classes of 60, 30 and 10 images count the same, the mean over all images being 1?"""
    given, counts = numbers(answer, (3,)), np.array([60, 30, 10])
    right = counts.sum() / (3 * counts)
    if as_written(given, right):
        return "Each class now weighs 100/3 in the loss: 60 x 0.56 = 30 x 1.11 = 10 x 3.33."
    if (np.diff(given) < 0).all():
        raise NotYet("Your weights make the common class weigh even more. The rare one needs the largest.")
    if close(given / given.sum(), right / right.sum(), 5e-3):
        raise NotYet("The proportions are right. Scale them so that the mean over all 100 images is 1.")
    raise NotYet("Weight times count must be the same for all three classes.")


@exercise(
    hint="np.diag gives what is right; confusion.sum(axis=1) adds up each row.",
    solution="""
def answer(confusion):
    return np.diag(confusion) / confusion.sum(axis=1)
""",
    wrong=[
        "def answer(confusion):\n    return np.diag(confusion) / confusion.sum(axis=0)",
        "def answer(confusion):\n    return np.diag(confusion) / confusion.sum()",
        "def answer(confusion):\n    return (np.diag(confusion) / confusion.sum(axis=1)).mean()",
    ],
)
def implement(answer):
    """Write a function of a confusion matrix (C, C), rows the true class, that returns the recall of each class (C,)."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for confusion in (CONFUSION, np.array([[7, 2, 1], [0, 5, 5], [3, 6, 11]])):
        given = numbers(answer(confusion.copy()))
        if given.ndim == 0:
            raise NotYet("You returned one number: one a class is asked for.")
        if close(given, np.diag(confusion) / confusion.sum(axis=0)):
            raise NotYet("You divide by the columns: that is precision, the share of what was *called* a class.")
        if close(given, np.diag(confusion) / confusion.sum()):
            raise NotYet("You divide by the number of all images. Each class has its own number: the sum of its row.")
        if not close(given, np.diag(confusion) / confusion.sum(axis=1)):
            raise NotYet("Divide what is right in each row by the sum of that row.")
    return "Recall, for any number of classes."


_PHOTOGRAPHS = [np.repeat(np.arange(20), 5), np.array([7, 3, 3, 9, 7, 1, 9, 2, 2, 5, 5, 3, 8, 8, 6, 4, 4, 1, 0, 0])]


@exercise(
    hint="Draw photographs, not images: np.unique(photograph) lists them, rng.permutation shuffles them, np.isin(photograph, "
    "chosen) finds all their copies.",
    solution="""
def answer(photograph, rng):
    each = rng.permutation(np.unique(photograph))
    return np.isin(photograph, each[: len(each) // 5])
""",
    wrong=[
        "def answer(photograph, rng):\n    return rng.random(len(photograph)) < 0.2",
        "def answer(photograph, rng):\n    return np.isin(photograph, np.unique(photograph)[: len(np.unique(photograph)) // 5])",
        "def answer(photograph, rng):\n    each = rng.permutation(np.unique(photograph))\n"
        "    return ~np.isin(photograph, each[: len(each) // 5])",
        "def answer(photograph, rng):\n    return np.arange(len(photograph)) >= 0.8 * len(photograph)",
        "def answer(photograph, rng):\n    each = rng.permutation(np.unique(photograph))\n"
        "    return np.isin(photograph, each[: len(each) // 4])",
        "def answer(photograph, rng):\n    each = np.random.permutation(np.unique(photograph))\n"
        "    return np.isin(photograph, each[: len(each) // 5])",
    ],
)
def hold_back(answer):
    """Write a function of `photograph` (N,), the photograph of each image, and a random generator: which images to hold back."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for photograph in _PHOTOGRAPHS:
        drawn = [np.asarray(answer(photograph.copy(), np.random.default_rng(seed))) for seed in range(4)]
        for held in drawn:
            if held.dtype != bool or held.shape != photograph.shape:
                raise NotYet(
                    f"Return one True or False for each image, ({len(photograph)},): you gave {held.dtype}, {held.shape}."
                )
            if set(photograph[held]) & set(photograph[~held]):
                raise NotYet("A photograph has copies on both sides: hold back all of them or none.")
            n, all_of_them = len(set(photograph[held])), len(set(photograph))
            if not abs(n - all_of_them / 5) < 1:
                raise NotYet(f"You hold back {n} of {all_of_them} photographs: a fifth is asked for.")
        if all(np.array_equal(held, drawn[0]) for held in drawn):
            raise NotYet("Another generator draws the same photographs: use the one that is given.")
        if not np.array_equal(np.asarray(answer(photograph.copy(), np.random.default_rng(0))), drawn[0]):
            raise NotYet("The same generator draws other photographs the second time: draw with `rng`, and with nothing else.")
    return "No copy is on both sides, whatever the order of the files."


@exercise(
    hint="What would a network score that always says healthy?",
    solution="""
answer = "c"
""",
    wrong=['answer = "a"', 'answer = "b"', 'answer = "d"', "answer = 3"],
)
def judge(answer):
    """A network reaches an accuracy of 0.95 where 95 of 100 images are healthy. What follows?"""
    choice(
        answer,
        "c",
        {
            "a": "A network that always says healthy reaches 0.95 too, and it has learned nothing.",
            "b": "It may be excellent: 0.95 can also come from 94 healthy and 1 ill image, or other mixtures.",
            "d": "More images of the same kind leave the same question open: which of the two classes is it right about?",
        },
    )
    return "Accuracy alone does not tell the two apart; the recall of each class does."
