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


def _wins(metric="mass_inside"):
    """Return on how many images of the stored RashNet run hires_cam scores higher than saliency, and how many there are."""
    import pandas as pd

    from ..stored import stored

    table = pd.read_csv(stored("comparison-rashnet.csv"))
    wide = table[table.metric == metric].pivot(index="image", columns="method", values="value")
    both = wide[["hires_cam", "saliency"]].dropna()
    return int((both.hires_cam > both.saliency).sum()), len(both)


@exercise(
    hint='Take the rows whose metric is "mass_inside" and pivot them: one row an image, one column a technique.',
    solution="""
import pandas as pd

table = pd.read_csv(xh.stored("comparison-rashnet.csv"))
wide = table[table.metric == "mass_inside"].pivot(index="image", columns="method", values="value")
answer = int((wide["hires_cam"] > wide["saliency"]).sum())
""",
    wrong=[
        """
import pandas as pd

table = pd.read_csv(xh.stored("comparison-rashnet.csv"))
wide = table[table.metric == "mass_inside"].pivot(index="image", columns="method", values="value")
answer = int((wide["hires_cam"] < wide["saliency"]).sum())
""",
        """
import pandas as pd

table = pd.read_csv(xh.stored("comparison-rashnet.csv"))
wide = table[table.metric == "deletion"].pivot(index="image", columns="method", values="value")
answer = int((wide["hires_cam"] > wide["saliency"]).sum())
""",
        "answer = 120",
        "answer = 0.5",
    ],
)
def wins(answer):
    """On how many images of the RashNet run does hires_cam put more of its map on the lesions than saliency?"""
    given = float(numbers(answer, ()))
    right, n = _wins()
    if given == right:
        return f"{right} of {n}. A mean hides this: the better technique on average is not the better one on every image."
    if given == n - right:
        raise NotYet("You counted the images on which saliency wins.")
    if given == _wins("deletion")[0]:
        raise NotYet("This is the count for another metric: deletion, where low is good. Take mass_inside.")
    if 0 < given < 1:
        raise NotYet("This looks like a share: give the number of images.")
    raise NotYet("Pivot the rows of mass_inside to one row an image, and count where hires_cam's value is the higher one.")


@exercise(
    hint="scipy.stats.rankdata ranks from the lowest up, and gives tied values their mean rank. What do you rank so that the "
    "highest gets 1? Rank within each image, then take the mean over images.",
    solution="""
from scipy.stats import rankdata


def answer(values):
    return rankdata(-values, axis=1).mean(axis=0)
""",
    wrong=[
        "from scipy.stats import rankdata\n\ndef answer(values):\n    return rankdata(values, axis=1).mean(axis=0)",
        "from scipy.stats import rankdata\n\ndef answer(values):\n    return rankdata(-values, axis=0).mean(axis=0)",
        "from scipy.stats import rankdata\n\ndef answer(values):\n    return rankdata(-values.mean(axis=0))",
        "def answer(values):\n    return ((-values).argsort(axis=1).argsort(axis=1) + 1).mean(axis=0)",
        "answer = 3",
    ],
)
def mean_ranks(answer):
    """Write a function of values (images, techniques) that returns each technique's mean rank, 1 the highest; ties share."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    # On average the first is far ahead, on most images it is last; the second and third are tied on one.
    values = np.array([[9.0, 0.5, 0.4], [0.1, 0.3, 0.3], [0.2, 0.3, 0.6]])
    given = numbers(answer(values.copy()), (3,))
    if close(given, [7 / 3, 11 / 6, 11 / 6]):
        return "One image on which a technique is far ahead moves its mean a lot, and its mean rank very little."
    if close(given, [5 / 3, 13 / 6, 13 / 6]):
        raise NotYet("The highest value of an image gets rank 1; yours gets the last one.")
    if close(given, [1, 2.5, 2.5]) or close(given, [1, 3, 2]) or close(given, [1, 2, 3]):
        raise NotYet("You ranked the means. Rank the techniques on each image, then take the mean of the ranks.")
    if close(given, [2, 2, 2]):
        raise NotYet("You ranked the images for each technique. Rank along the other axis.")
    if close(given[0], 7 / 3) and not close(given[1], given[2]):
        raise NotYet("Tied values must share their rank: two that are tied for places 1 and 2 get 1.5 each.")
    raise NotYet("For values [[9, .5, .4], [.1, .3, .3], [.2, .3, .6]] the first technique's ranks are 1, 3 and 3: mean 7/3.")


@exercise(
    hint="What stands in the place of the deleted pixels, and what does the network say of an image made of nothing else?",
    solution="""
answer = "c"
""",
    wrong=['answer = "a"', 'answer = "b"', 'answer = "d"', 'answer = "e"'],
)
def judge(answer):
    """A paper reports deletion 0.10 to a blurred image, yours 0.14 to black, on the same network and images. What follows?"""
    choice(
        answer,
        "c",
        {
            "a": "A lower area is better only where both were measured alike: here other things replace the pixels.",
            "b": "No factor turns one into the other: how a network reads black or blur is a matter of the network.",
            "d": "More images make each number more certain. They do not make them numbers of the same thing.",
        },
    )
    return "The area depends on baseline, steps and score as much as on the map. State all three, and compare like with like."
