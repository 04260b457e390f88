"""What LIME and anchors cost beyond the network's own time, as ratios: `python -m benchmarks.bench_lime_anchors`.

In one run, in turns: the segmentation and the bare compiled forward passes of as many images as were asked; our technique; the
same technique of the package it comes from, called by hand with the same segments (and xplique's LIME). Then what a slider's
user waits for. `--quick` takes fewer turns.
"""

import argparse
from functools import partial

import numpy as np

import xaihelpers as xh
from xaihelpers.methods.shared.superpixels import segment

from .bench_perturbation import BATCH, QUESTIONS, AsItIs, bare, compare, silent
from .timing import Row, medians, ratios


def cut_and_ask(classifier, photo, questions, n_segments):
    """Return a function that cuts the photo into superpixels and sends as many copies of it through the bare network."""
    passes = bare(classifier, photo, questions)

    def run():
        segment(photo, "slic", n_segments)
        passes()

    return run


def lime_by_hand(classifier, photo):
    from lime.lime_image import LimeImageExplainer

    return LimeImageExplainer(random_state=0).explain_instance(
        np.float32(photo),
        lambda images: classifier.probabilities(images, BATCH),
        top_labels=1,
        num_samples=QUESTIONS,
        batch_size=BATCH,
        segmentation_fn=lambda image: segment(photo, "slic", 50),
        random_seed=0,
    )


def lime_of_xplique(classifier, photo):
    import tensorflow as tf
    from xplique.attributions import Lime

    target = int(classifier.probabilities(photo)[0].argmax())
    explainer = Lime(
        classifier.model,
        BATCH,
        nb_samples=QUESTIONS,
        distance_mode="cosine",
        kernel_width=0.25,
        map_to_interpret_space=lambda image: tf.constant(segment(photo, "slic", 50), tf.int32),
    )
    inputs = np.asarray(classifier.preprocess(np.float32(photo)[None]))
    return explainer(inputs, np.eye(classifier.n_classes, dtype=np.float32)[[target]])


def alibi_by_hand(classifier, photo, seed=0):
    """Return alibi's explanation, with its default settings but ours where they differ: cut and round."""
    from alibi.explainers import AnchorImage

    explainer = AnchorImage(
        lambda images: classifier.probabilities(images, BATCH),
        photo.shape,
        seed=seed,
        segmentation_fn=lambda image: segment(photo, "slic", 16),
    )
    return explainer.explain(np.float32(photo), threshold=0.95, batch_size=64)


def against_alibi(turns):
    """Print, for cases on two networks, what our search costs as a share of alibi's: questions, and seconds in turns."""
    rashes, rashnet = xh.rashes.load_test_split().images, xh.load_classifier("rashnet")
    lite0 = xh.load_classifier("efficientnet-lite0")
    cases = [(f"rashnet, image {i}", rashnet, rashes[i]) for i in (0, 2, 20, 30, 50, 70, 90)]
    cases += [(f"efficientnet-lite0, {name}", lite0, xh.sample_photo(name, 224)) for name in ("chelsea", "coffee")]
    times, questions = [], []
    for name, classifier, image in cases:
        ours = silent(partial(xh.anchors, classifier, image, batch_size=BATCH, max_questions=20_000))
        theirs = silent(partial(alibi_by_hand, classifier, image))
        with classifier.measure() as cost:
            theirs()
            asked = cost().forward_passes
        questions.append(ours().forward_passes / asked)
        spread = ratios(ours, theirs, repeats=turns)
        times += spread
        print(f"anchors, {name}: seconds over alibi's {min(spread):.2f} to {max(spread):.2f} in {turns} turns", flush=True)
    print(Row("anchors, questions over alibi's, median", float(np.median(questions)), "at most 1"))
    print(Row("anchors, seconds over alibi's, median", float(np.median(times)), "at most 0.90"))
    print(Row("anchors, seconds over alibi's, tenth percentile", float(np.quantile(times, 0.1)), "reported"))
    print(Row("anchors, seconds over alibi's, ninetieth percentile", float(np.quantile(times, 0.9)), "reported"), flush=True)


def waiting(turns):
    """Print the seconds that a slider's user waits on RashNet, the median over images."""
    classifier, data = xh.load_classifier("rashnet"), xh.rashes.load_test_split()
    images = data.images[:: len(data) // 10][:10]
    for name, call, asked in (
        ("LIME, 200 samples", lambda image: xh.lime(classifier, image, n_samples=200), "under 1"),
        ("anchors", lambda image: xh.anchors(classifier, image), "reported"),
    ):
        calls = [silent(lambda image=image, call=call: call(image)) for image in images]
        print(Row(f"{name} on RashNet, seconds", float(np.median(medians(*calls, repeats=turns))), asked), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    turns = 2 if parser.parse_args().quick else 5
    classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("chelsea", 224)
    as_it_is = AsItIs(classifier)  # whoever uses these packages asks the model itself
    compare(
        f"LIME, {QUESTIONS} questions",
        lambda: xh.lime(classifier, photo, n_samples=QUESTIONS, batch_size=BATCH),
        bare(classifier, photo, QUESTIONS),
        0.8,
        {
            "the package lime by hand": silent(lambda: lime_by_hand(as_it_is, photo)),
            "xplique": silent(lambda: lime_of_xplique(classifier, photo)),
        },
        turns,
    )
    asked = xh.anchors(classifier, photo).forward_passes
    compare(
        f"anchors, {asked} questions",
        lambda: xh.anchors(classifier, photo, batch_size=BATCH),
        cut_and_ask(classifier, photo, asked, 16),
        1.5,
        {"alibi by hand": silent(lambda: alibi_by_hand(as_it_is, photo))},
        turns,
    )
    against_alibi(turns)
    waiting(turns)


if __name__ == "__main__":
    main()
