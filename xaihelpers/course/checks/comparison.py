"""The exercises of the lesson that compares the techniques."""

import numpy as np

from .exercise import NotYet, choice, close, exercise, numbers


@exercise(
    hint="The image is a = b = 1, the background a = b = 0. For the gradient wiggle a only; for occlusion set a to 0 and leave "
    "b; for Shapley let a come first, then second, and take the mean.",
    solution="""
# gradient: d(ab)/da = b = 1; occlusion: 1 * 1 - 0 * 1 = 1; Shapley: first 1 * 0 - 0 = 0, second 1 * 1 - 0 * 1 = 1, mean 1/2
answer = [1, 1, 0.5]
""",
    wrong=["answer = [0, 0, 0.5]", "answer = [1, 1, 1]", "answer = [1, 0, 0.5]", "answer = [0.5, 0.5, 0.5]", "answer = [1, 1]"],
)
def by_hand(answer):
    """What do gradient, occlusion and Shapley's value give pixel a of z = a b, at a = b = 1 against 0?"""
    given = numbers(answer, (3,))
    if close(given, [1, 1, 0.5], 0.01):
        return "Where both pixels are needed, taking one away takes everything, so these two give more than there is."
    if close(given, [0, 0, 0.5], 0.01):
        raise NotYet("These are the answers for min(a + b, 1), where one pixel is enough. In a b both are needed.")
    if close(given, [1, 1, 1], 0.01):
        raise NotYet("Shapley's values of a and b must add up to z(1, 1) - z(0, 0) = 1, and they are alike.")
    if not close(given[:1], [1], 0.01):
        raise NotYet("Start with the gradient: d(ab)/da is b, and b is 1.")
    if not close(given[1:2], [1], 0.01):
        raise NotYet("Occlusion: z(1, 1) is 1. What is z(0, 1)?")
    raise NotYet("Shapley: what does a add when it comes first, with b = 0? And second, with b = 1? Take the mean.")


def _contrast():
    """Return the stored contrast of Grad-CAM and of guided backpropagation, images x 2."""
    from ...comparison import results, scores

    return scores(results("contrast"), "contrast")[["Grad-CAM", "Guided backpropagation"]].dropna()


@exercise(
    hint='xh.comparison.scores(table, "contrast") has one row an image and one column a technique: compare two of its columns.',
    solution="""
wide = xh.comparison.scores(xh.comparison.results("contrast"), "contrast")
answer = int((wide["Grad-CAM"] > wide["Guided backpropagation"]).sum())
""",
    wrong=[
        """
wide = xh.comparison.scores(xh.comparison.results("contrast"), "contrast")
answer = int((wide["Grad-CAM"] < wide["Guided backpropagation"]).sum())
""",
        """
wide = xh.comparison.scores(xh.comparison.results("contrast"), "contrast")
answer = float((wide["Grad-CAM"] > wide["Guided backpropagation"]).mean())
""",
        "answer = 1000",
    ],
)
def wins(answer):
    """On how many of the stored images does Grad-CAM mark the disease asked for better than guided backpropagation?"""
    given, wide = float(numbers(answer, ())), _contrast()
    right, n = int((wide["Grad-CAM"] > wide["Guided backpropagation"]).sum()), len(wide)
    if given == right:
        return f"{right} of {n}. A mean hides this: the better technique on average need not be the better one on every image."
    if given == n - right:
        raise NotYet("You counted the images on which guided backpropagation wins.")
    if 0 < given < 1:
        raise NotYet("This looks like a share: give the number of images.")
    raise NotYet("Take the two columns of scores(table, 'contrast') and count the rows in which Grad-CAM's is higher.")


def _pairs(seed):
    """Two techniques on the same 80 images: images differ a lot, the techniques hardly."""
    rng = np.random.default_rng(seed)
    image = rng.normal(0.5, 0.3, 80)
    return image + 0.03 + rng.normal(0, 0.04, 80), image


def _bootstrap(values, level=0.95):
    draws = np.random.default_rng(1).integers(len(values), size=(4000, len(values)))
    return np.quantile(values[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])


@exercise(
    hint="First the difference, image by image: one array. Then draw as many images as there are, with replacement, take the "
    "mean, and do that a thousand times; 95 of 100 of these means lie between two quantiles.",
    solution="""
def answer(a, b):
    difference = a - b
    drawn = np.random.default_rng(0).integers(len(difference), size=(2000, len(difference)))
    return difference.mean(), *np.quantile(difference[drawn].mean(axis=1), [0.025, 0.975])
""",
    wrong=[
        "def answer(a, b):\n    d = b - a\n    e = 1.96 * d.std() / 80**0.5\n    return d.mean(), d.mean() - e, d.mean() + e",
        "def answer(a, b):\n    d = a - b\n    return d.mean(), *np.quantile(d, [0.025, 0.975])",
        "def answer(a, b):\n    d = a - b\n    e = 2.24 * d.std() / 80**0.5\n    return d.mean(), d.mean() - e, d.mean() + e",
        "def answer(a, b):\n    d = a - b\n    return d.mean(), d.mean() - d.std(), d.mean() + d.std()",
        """
def answer(a, b):
    draw = lambda x: x[np.random.default_rng(len(x) + int(abs(x[0]) * 1e6)).integers(len(x), size=(2000, len(x)))].mean(axis=1)
    return (a - b).mean(), *np.quantile(draw(a) - draw(b), [0.025, 0.975])
""",
        "answer = 3",
    ],
    also_right=lambda answer: np.abs(np.mean(_off(answer, range(30, 42)), axis=0)).max() < 0.03,
)
def told_apart(answer):
    """Write a function of the scores a and b of two techniques, one an image: mean difference a - b, and its 95 % interval."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    # One interval moves by chance, with another seed by a few hundredths of its width; the mean over six hardly does.
    off = _off(answer, range(10, 4, -1))
    a, b = _pairs(5)
    mean, low, high = numbers(answer(a.copy(), b.copy()), (3,))
    width = np.ptp(_bootstrap(a - b))
    if abs(mean + (a - b).mean()) < 1e-6:
        raise NotYet("Your difference is b - a: the first technique minus the second is asked for.")
    if abs(mean - (a - b).mean()) > 0.002:
        raise NotYet("The first number is the mean of a - b over all images.")
    if np.abs(off).max() < 0.2 and np.abs(np.mean(off, axis=0)).max() < 0.04:
        return "The interval leaves out 0, although the two techniques' own intervals overlap: images differ more than they do."
    unpaired = np.diff(_bootstrap(a))[0] * 2**0.5
    if abs(high - low - unpaired) < 0.12 * unpaired:
        raise NotYet("You drew images for a and for b apart. Draw them together: take the difference first.")
    if high - low > 4 * width:
        raise NotYet("This is where single images lie. How far would the *mean* move with other images?")
    raise NotYet("The interval holds 95 of 100 means of images drawn again with replacement, as many as there are.")


@exercise(
    hint="What would its map look like if the network were looking at the wrong thing?",
    solution="""
answer = "b"
""",
    wrong=['answer = "a"', 'answer = "c"', 'answer = "d"', 'answer = "e"'],
)
def judge(answer):
    """A technique draws every lesion on a sound network, and nothing else. May it tell you where a suspicious network looks?"""
    choice(
        answer,
        "b",
        {
            "a": "On a sound network an edge detector draws the lesions too. Could this map have said anything else?",
            "c": "More images of the same kind repeat the same test, which it can't fail.",
            "d": "A small interval makes the number certain. It does not make it the answer to your question.",
        },
    )
    return "It has to be seen failing to mark what the network does not use: a twin, another class, a part that is not connected."


@exercise(
    hint="Start from a gradient: classifier.gradients(image, target).gradients[0] is (H, W, 3). Or ask questions. Return (H, W).",
    solution="""
def answer(classifier, image, target):
    fall = np.zeros(image.shape[:2])
    whole = classifier.logits(image)[0, target]
    for top in range(0, 64, 4):
        for left in range(0, 64, 4):
            covered = image.copy()
            covered[top : top + 4, left : left + 4] = image.mean(axis=(0, 1))
            fall[top : top + 4, left : left + 4] = whole - classifier.logits(covered)[0, target]
    return fall
""",
    wrong=[
        "def answer(classifier, image, target):\n    return image.std(axis=-1)",
        "def answer(classifier, image, target):\n    return xh.guided_backprop(classifier, image, target).heatmap",
        "def answer(classifier, image, target):\n    return np.zeros(image.shape)",
        "def answer(classifier, image, target):\n    return -xh.saliency(classifier, image, target).heatmap",
        "answer = 3",
    ],
    also_right=lambda answer: np.mean(_areas(answer, 24, seed=5)) >= 0.95,
)
def own(answer):
    """Write a technique, (classifier, image, target) -> map, that tells what the wired network uses from what it can't."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    score = float(np.mean(_areas(answer, 6, seed=77)))
    if score >= 0.95:
        return f"{score:.2f}. Enter it: xh.board(answer, 'mine') shows its row beside the others."
    if score < 0.1:
        raise NotYet(f"It scores {score:.2f}: what the network uses must be high, not low. Turn the sign.")
    if score > 0.75:
        raise NotYet(f"It scores {score:.2f}: part of what it marks can't move the answer. Does it keep what cancels out?")
    raise NotYet(f"It scores {score:.2f}, and a map of random numbers 0.5: the network must have a say in it.")


def _off(answer, seeds):
    """Return how far an answer is off, (seeds, 3): the mean and both ends, as shares of the right interval's width."""
    found = []
    for seed in seeds:
        a, b = _pairs(seed)
        right = _bootstrap(a - b)
        found.append((numbers(answer(a.copy(), b.copy()), (3,)) - [(a - b).mean(), *right]) / np.ptp(right))
    return found


def _areas(technique, n, seed):
    """Return for n images of the wired network how often a used pixel is above one that is not used; NotYet for a wrong shape."""
    from ...images import check_map
    from ...metrics import roc_area
    from ...zoo.wired import draw_wired, load_wired

    network, drawn, found = load_wired(), draw_wired(n, seed=seed), []
    for image, used, unused in zip(drawn.images, drawn.used, drawn.unused):
        heatmap = np.asarray(technique(network, image.astype(np.float32), 0))
        if heatmap.shape != image.shape[:2]:
            raise NotYet(f"Your map has shape {heatmap.shape} for an image of {image.shape[:2]} pixels: one number a pixel.")
        found.append(roc_area(check_map(heatmap), used, unused))
    return found
