"""The exercises of the lesson on LIME."""

import numpy as np

from .exercise import NotYet, as_written, choice, close, exercise, numbers

# The exercise "rather_than": a network of three classes that looks at four corners of a grey image.
IMAGE = np.full((8, 8, 3), 200.0)
SEGMENTS = np.kron([[0, 1], [2, 3]], np.ones((4, 4), dtype=int))


def network(images):
    """Return probabilities (N, 3): measles likes corners 0 and 1, cowpox 1 and 2, and healthy takes what is left."""
    corner = np.stack([np.asarray(images)[:, k == SEGMENTS].mean(axis=(1, 2)) / 200 for k in range(4)], axis=1)
    measles, cowpox = 0.1 + corner @ [0.3, 0.1, 0, 0], 0.1 + corner @ [0, 0.1, 0.2, 0]
    return np.stack([measles, cowpox, 1 - measles - cowpox], axis=1)


NAMES = ["measles", "cowpox", "healthy"]


def _weights(target):
    from ...classifier import Classifier
    from ...methods.lime import lime

    explained = lime(Classifier(network, class_names=NAMES), IMAGE, target, segments=SEGMENTS, fill="black", n_samples=200)
    return explained.details["weights"]


def _fit(present, answers, kernel, ridge):
    x = np.column_stack([np.ones(len(present)), present])
    penalty = ridge * np.diag([0.0] + [1.0] * present.shape[1])
    return np.linalg.solve((x.T * kernel) @ x + penalty, (x.T * kernel) @ answers)


@exercise(
    hint="By symmetry both weights are the same. Covering one superpixel changes the probability by 0.5 if the other one is "
    "there, and by 0 if it is not: average the two. The line must also pass through the mean of the four answers.",
    solution="""
# each weight: the mean of 0.5 (the other is present) and 0 (it is covered) = 0.25
# the mean of the answers is (0.7 + 0.2 + 0.2 + 0.2) / 4 = 0.325, at the mean of z, (1/2, 1/2):
# intercept = 0.325 - 0.25 / 2 - 0.25 / 2 = 0.075, and the line says 0.075 + 0.25 + 0.25 = 0.575 of the image
answer = [0.25, 0.25, 0.575]
""",
    wrong=["answer = [0.5, 0.5, 0.7]", "answer = [0.25, 0.25, 0.7]", "answer = [0.25, 0.25, 0.075]", "answer = 0.25"],
)
def by_hand(answer):
    """Which two weights does the line have, and what does it say of the whole image?"""
    given = numbers(answer, (3,))
    if close(given, [0.25, 0.25, 0.575], 1e-3):
        return "The network needs both superpixels together; a sum of single weights can't say 'both', and misses 0.7 by 0.125."
    if close(given[:2], [0.5, 0.5], 1e-3):
        raise NotYet("0.5 is what a superpixel adds when the other one is there. When it is covered, it adds 0: take the mean.")
    if close(given[:2], [0.25, 0.25], 1e-3) and close(given[2], 0.7, 1e-3):
        raise NotYet("The weights are right. 0.7 is what the network says of the image; what does the line say?")
    if close(given[:2], [0.25, 0.25], 1e-3):
        raise NotYet("The weights are right. The line says intercept + both weights; it passes through the mean of the answers.")
    raise NotYet("How much does the first superpixel add when the second is present, and how much when it is covered?")


@exercise(
    hint="The fit is linear in the answers: with the same samples, the weights for p(measles) - p(cowpox) are the weights for "
    "measles minus those for cowpox. The same seed gives the same samples.",
    solution="""
task = xh.check.lime
toy = xh.Classifier(task.network, class_names=task.NAMES)
options = dict(segments=task.SEGMENTS, fill="black", n_samples=200)
measles = xh.lime(toy, task.IMAGE, "measles", **options).details["weights"]
cowpox = xh.lime(toy, task.IMAGE, "cowpox", **options).details["weights"]
answer = measles - cowpox
""",
    wrong=[
        """
task = xh.check.lime
toy = xh.Classifier(task.network, class_names=task.NAMES)
answer = xh.lime(toy, task.IMAGE, "measles", segments=task.SEGMENTS, fill="black", n_samples=200).details["weights"]
""",
        "answer = [-0.3, 0, 0.2, 0]",
        "answer = [0.3, 0.1, 0, 0]",
        "answer = [0.3, 0.2, 0.2, 0]",
        """
task = xh.check.lime
toy = xh.Classifier(task.network, class_names=task.NAMES)
options = dict(segments=task.SEGMENTS, fill="black", n_samples=1000)
measles = xh.lime(toy, task.IMAGE, "measles", **options).details["weights"]
answer = measles - xh.lime(toy, task.IMAGE, "cowpox", **options).details["weights"]
""",
    ],
)
def rather_than(answer):
    """Which of the four corners speak for "measles" rather than "cowpox"? Four weights, signed."""
    given = numbers(answer, (4,))
    measles, cowpox = _weights("measles"), _weights("cowpox")
    if close(given, measles - cowpox):
        return "Corner 1 drops out: it speaks for both. Corner 0 speaks for measles, corner 2 for cowpox, corner 3 for neither."
    if close(given, cowpox - measles, 0.1):
        raise NotYet("This speaks for cowpox rather than measles: turn the difference around.")
    if close(given, measles, 0.1) or close(given, cowpox, 0.1):
        raise NotYet("These are the weights of one class. Corner 1 speaks for both classes: it should drop out.")
    if close(given, measles - cowpox, 0.1):
        raise NotYet('Nearly. Other samples were asked, or fitted otherwise. Asked for: fill="black", n_samples=200, no more.')
    raise NotYet("Call xh.lime twice with the same segments, fill and seed, once a class, and subtract details['weights'].")


@exercise(
    hint="Put a column of ones before `present` for the intercept. The normal equations are (X'KX + P) b = X'K y, with K the "
    "diagonal of the kernel and P the ridge on the diagonal, 0 for the intercept. np.linalg.solve does the rest.",
    solution="""
def answer(present, answers, kernel, ridge):
    x = np.column_stack([np.ones(len(present)), present])
    penalty = ridge * np.diag([0.0] + [1.0] * present.shape[1])
    b = np.linalg.solve((x.T * kernel) @ x + penalty, (x.T * kernel) @ answers)
    return b[1:]
""",
    wrong=[
        """
def answer(present, answers, kernel, ridge):
    x = np.column_stack([np.ones(len(present)), present])
    return np.linalg.solve((x.T * kernel) @ x + ridge * np.eye(x.shape[1]), (x.T * kernel) @ answers)[1:]
""",
        """
def answer(present, answers, kernel, ridge):
    x = np.column_stack([np.ones(len(present)), present])
    penalty = ridge * np.diag([0.0] + [1.0] * present.shape[1])
    return np.linalg.solve(x.T @ x + penalty, x.T @ answers)[1:]
""",
        """
def answer(present, answers, kernel, ridge):
    return np.linalg.solve((present.T * kernel) @ present + ridge * np.eye(present.shape[1]), (present.T * kernel) @ answers)
""",
        """
def answer(present, answers, kernel, ridge):
    x = np.column_stack([np.ones(len(present)), present])
    return np.linalg.lstsq(x * np.sqrt(kernel)[:, None], answers * np.sqrt(kernel), rcond=None)[0][1:]
""",
    ],
)
def implement(answer):
    """Write a function of present (N, K), answers (N,), kernel (N,) and ridge that returns LIME's weights, (K,)."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    rng = np.random.default_rng(3)
    for n, k, ridge in ((40, 3, 1.0), (200, 12, 0.5), (60, 5, 0.0)):
        present, answers, kernel = rng.integers(0, 2, (n, k)), rng.uniform(0.4, 1, n), rng.uniform(0.05, 1, n)
        given = answer(present.copy(), answers.copy(), kernel.copy(), ridge)
        given = numbers(given, (k,))
        x = np.column_stack([np.ones(n), present])
        if close(given, _fit(present, answers, kernel, ridge)[1:], 1e-3):
            continue
        if close(given, _fit(present, answers, np.ones(n), ridge)[1:], 1e-3):
            raise NotYet("Every sample counts the same in your fit: the kernel is missing.")
        if close(given, np.linalg.solve((x.T * kernel) @ x + ridge * np.eye(k + 1), (x.T * kernel) @ answers)[1:], 1e-3):
            raise NotYet("Your ridge holds the intercept down too. Only the weights are penalised.")
        if close(given, _fit(present, answers, kernel, 0)[1:], 1e-3):
            raise NotYet("Your weights are those without a ridge.")
        if close(given, _fit(present, answers, kernel**2, ridge)[1:], 1e-3):
            raise NotYet("The kernel counts twice in your fit: it weighs the squared error once.")
        raise NotYet(f"For {n} samples of {k} superpixels the weights are others. Is there an intercept, a kernel, a ridge?")
    return "It is LIME's fit: weighted least squares with a ridge on the weights and a free intercept."


def _three_gone():
    """Return what line and network say of image 13 without its three best patches, and the usual mistakes, {what: pair}."""
    from ... import rashes as rash_images
    from ... import zoo
    from ...methods.lime import lime

    image, network = rash_images.load_test_split().images[13], zoo.load_classifier("rashnet")
    found = lime(network, image, "chickenpox", segments="grid", n_segments=49, n_samples=300)
    d = found.details

    def both(gone, colour=None):
        covered = image.astype(float)
        for k in gone:
            place = d["segments"] == k
            covered[place] = image[place].mean(axis=0) if colour is None else colour
        line = d["local_prediction"] - d["weights"][gone].sum()
        return float(line), float(network.probabilities(covered)[0, found.target])

    order = np.argsort(-d["weights"])
    mistakes = {"none": both(order[:0]), "worst": both(order[-3:]), "kept": both(order[3:]), "black": both(order[:3], 0.0)}
    return both(order[:3]), mistakes, float(d["intercept"])


@exercise(
    hint='details["weights"] has one number a patch, details["segments"] the patch of every pixel. The line says '
    "intercept + the sum of the weights of the patches that are still there.",
    solution="""
rashes, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
image = rashes.images[13]
found = xh.lime(rashnet, image, "chickenpox", segments="grid", n_segments=49, n_samples=300)
d = found.details
gone = np.argsort(-d["weights"])[:3]
covered = image.astype(float)
for k in gone:
    covered[d["segments"] == k] = image[d["segments"] == k].mean(axis=0)
line = d["intercept"] + d["weights"].sum() - d["weights"][gone].sum()
answer = [line, rashnet.probabilities(covered)[0, found.target]]
""",
    wrong=[
        *(
            f"""
rashes, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
image = rashes.images[13]
found = xh.lime(rashnet, image, "chickenpox", segments="grid", n_segments=49, n_samples=300)
d = found.details
gone = np.argsort(-d["weights"]){places}
covered = image.astype(float)
for k in gone:
    covered[d["segments"] == k] = {colour}
line = {intercept} + d["weights"].sum() - d["weights"][gone].sum()
probability = rashnet.probabilities(covered)[0, found.target]
answer = {answer}
"""
            for places, colour, intercept, answer in [
                ("[-3:]", 'image[d["segments"] == k].mean(axis=0)', 'd["intercept"]', "[line, probability]"),
                ("[:3]", "0", 'd["intercept"]', "[line, probability]"),
                ("[3:]", 'image[d["segments"] == k].mean(axis=0)', 'd["intercept"]', "[line, probability]"),
                ("[:3]", 'image[d["segments"] == k].mean(axis=0)', "0", "[line, probability]"),
                ("[:3]", 'image[d["segments"] == k].mean(axis=0)', 'd["intercept"]', "[probability, line]"),
                ("[:3]", "image.mean(axis=(0, 1))", 'd["intercept"]', "[line, probability]"),
                ("[:2]", 'image[d["segments"] == k].mean(axis=0)', 'd["intercept"]', "[line, probability]"),
            ]
        ),
        "answer = [0.97, 0.82]",
    ],
)
def three_gone(answer):
    """Image 13 without the three patches of the largest weights: what does LIME's line say of it, and what the network?"""
    given = numbers(answer, (2,))
    right, mistakes, intercept = _three_gone()
    if _is(given, right):
        return "The line says less than the network: the lesions that are left make up for part of what is gone."
    if _is(given[::-1], right):
        raise NotYet("Turn them around: the line first, then the network.")
    if _is(given[0], right[0] - intercept):
        raise NotYet("The intercept is missing from what your line says.")
    if _is(given, mistakes["worst"]):
        raise NotYet("You covered the patches of the smallest weights. np.argsort goes from small to large.")
    if _is(given, mistakes["kept"]):
        raise NotYet("You kept the three patches and covered all others.")
    if close(given, mistakes["none"], 1e-2):
        raise NotYet("This is what both say of the whole image. Cover the three patches.")
    if _is(given, mistakes["black"]):
        raise NotYet("You covered with black. LIME's fill is the mean colour of each patch: so must yours be.")
    if _is(given[0], right[0]):
        raise NotYet("The line is right. Is each of the three patches covered with its own mean colour, and nothing else?")
    raise NotYet('Use image 13, "chickenpox", segments="grid", n_segments=49, n_samples=300, and cover three patches.')


@exercise(
    hint="r2 says how much of the network's behaviour near the image a sum of single weights can reproduce.",
    solution="""
answer = "c"
""",
    wrong=['answer = "a"', 'answer = "b"', 'answer = "d"', 'answer = "e"'],
)
def judge(answer):
    """LIME paints one lesion dark blue; r2 is 0.3, and the network gives 1.00 where the line gives 1.3. What follows?"""
    choice(
        answer,
        "c",
        {
            "a": "The colour says that this weight is larger than the others, not that the line it belongs to fits the network.",
            "b": "More samples make the weights steadier; they do not turn a network that is no sum into a sum. r2 stays low.",
            "d": "A low r2 says nothing of the network's accuracy: a straight line describes it badly near this image.",
        },
    )
    return "A sum of single weights misses most of what the network does here. Ask a coarser question, or use another technique."


def _is(given, right):
    """Return whether numbers are the right ones, as computed, or as a person writes them down."""
    return close(given, right, 2e-3) or as_written(given, right)
