"""What LIME and anchors cost beyond the network's own time, as ratios: `python -m benchmarks.bench_lime_anchors`.

In one run, in turns, several times: the bare compiled forward passes of as many images as were asked, plus the segmentation;
our technique; the same technique of the package it comes from, called by hand with the same segments (and xplique's LIME). The
ratios are medians. `--quick` takes fewer turns.
"""

import argparse
import contextlib
import io
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

import xaihelpers as xh  # noqa: E402
from xaihelpers.methods.superpixels import segment  # noqa: E402

LIME_SAMPLES, BATCH = 512, 32


def timed(function):
    """Return (seconds, what the function returns); what it prints is swallowed."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        start = time.perf_counter()
        found = function()
        return time.perf_counter() - start, found


def bare(classifier, photo, questions, n_segments):
    """Cut the photo into superpixels and send as many copies of it through the compiled network, in batches."""
    segment(photo, "slic", n_segments)
    forward = classifier.compiled("forward", classifier._forward)
    batch = np.repeat(np.float32(photo)[None], BATCH, axis=0)
    for start in range(0, questions, BATCH):
        forward(tf.constant(batch[: min(BATCH, questions - start)]))[1].numpy()


def lime_by_hand(classifier, photo, labels):
    from lime.lime_image import LimeImageExplainer

    return LimeImageExplainer(random_state=0).explain_instance(
        np.float32(photo), lambda images: classifier.probabilities(images, BATCH), top_labels=1, num_samples=LIME_SAMPLES,
        batch_size=BATCH, segmentation_fn=lambda image: segment(photo, "slic", 50), random_seed=0)  # fmt: skip


def lime_of_xplique(classifier, photo, labels):
    from xplique.attributions import Lime

    target = int(classifier.probabilities(photo)[0].argmax())
    explainer = Lime(
        classifier.model, BATCH, nb_samples=LIME_SAMPLES, distance_mode="cosine", kernel_width=0.25,
        map_to_interpret_space=lambda image: tf.constant(segment(photo, "slic", 50), tf.int32),
    )  # fmt: skip
    inputs = np.asarray(classifier.preprocess(np.float32(photo)[None]))
    return explainer(inputs, np.eye(classifier.n_classes, dtype=np.float32)[[target]])


def alibi_by_hand(classifier, photo, labels):
    from alibi.explainers import AnchorImage

    explainer = AnchorImage(lambda images: classifier.probabilities(images, BATCH), photo.shape, seed=0,
                            segmentation_fn=lambda image: segment(photo, "slic", 16))  # fmt: skip
    return explainer.explain(np.float32(photo), threshold=0.95, batch_size=64)


def in_turns(turns, **functions):
    """Return {name: (turns,) seconds}, the functions called one after the other, again and again."""
    for function in functions.values():
        timed(function)  # the first call compiles and imports
    seconds = {name: [] for name in functions}
    for _ in range(turns):
        for name, function in functions.items():
            seconds[name].append(timed(function)[0])
    return {name: np.array(each) for name, each in seconds.items()}


def report(title, seconds, limit):
    """Print the median ratio of each to the bare network, with the range over turns."""
    for name, each in seconds.items():
        ratios = each / seconds["bare"]
        asked = f", asked for: at most {limit:g}" if name == "ours" else ""
        spread = f"({ratios.min():.2f} to {ratios.max():.2f})"
        print(f"{title}: {name} {np.median(each):.2f} s, ratio to bare {np.median(ratios):.2f} {spread}{asked}", flush=True)


def measure_lime(classifier, photo, turns):
    seconds = in_turns(
        turns,
        bare=lambda: bare(classifier, photo, LIME_SAMPLES, 50),
        ours=lambda: xh.lime(classifier, photo, n_samples=LIME_SAMPLES, batch_size=BATCH),
        lime_by_hand=lambda: lime_by_hand(classifier, photo, None),
        xplique=lambda: lime_of_xplique(classifier, photo, None),
    )
    report(f"LIME, {LIME_SAMPLES} questions", seconds, 1.25)


def measure_anchors(classifier, photo, turns):
    questions = timed(lambda: xh.anchors(classifier, photo))[1].forward_passes
    seconds = in_turns(
        turns,
        bare=lambda: bare(classifier, photo, questions, 16),
        ours=lambda: xh.anchors(classifier, photo, batch_size=BATCH),
        alibi_by_hand=lambda: alibi_by_hand(classifier, photo, None),
    )
    report(f"anchors, {questions} questions", seconds, 1.5)


def measure_latency(turns):
    """Print how long LIME with 200 samples takes on RashNet: what a slider's user waits for."""
    classifier, data = xh.load_classifier("rashnet"), xh.rashes.load_test_split()
    images = data.images[:: len(data) // 10][:10]
    for name, call in {"LIME, 200 samples": lambda image: xh.lime(classifier, image, n_samples=200),
                       "anchors": lambda image: xh.anchors(classifier, image)}.items():  # fmt: skip
        seconds = [timed(lambda image=image, call=call: call(image))[0] for _ in range(turns) for image in images][1:]
        print(f"RashNet, {name}: median {np.median(seconds):.2f} s, longest {np.max(seconds):.2f} s ({len(images)} images)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    turns = 2 if parser.parse_args().quick else 5
    classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("chelsea", 224)
    measure_lime(classifier, photo, turns)
    measure_anchors(classifier, photo, turns)
    measure_latency(turns)


if __name__ == "__main__":
    main()
