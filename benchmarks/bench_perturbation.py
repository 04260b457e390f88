"""What RISE and occlusion cost beyond the network's own time, as ratios: `python -m benchmarks.bench_perturbation`.

In one run, in turns: the bare compiled forward passes of as many images as were asked; ours; the same technique of xplique, of
tf-explain, and as the paper writes it. Then memory with many masks, and what a slider's user waits for. `--quick` takes
fewer turns.
"""

import argparse
import contextlib
import io
import subprocess
import sys

import numpy as np
import tensorflow as tf

import xaihelpers as xh

from .timing import Row, in_turns, medians, over

QUESTIONS, BATCH = 512, 32
# 23 x 23 = 529 patches: the nearest square to 512.
PATCH, STRIDE = 48, 8


class AsItIs:
    """The caller's model, asked through a function compiled by hand: no twin, nothing folded."""

    def __init__(self, classifier):
        shape = tf.TensorSpec((None, *classifier.input_shape), tf.float32)
        self._function = tf.function(
            lambda images: classifier.model(classifier.preprocess(images), training=False), input_signature=[shape]
        ).get_concrete_function()

    def probabilities(self, images, batch_size=BATCH):
        """Return the probabilities, (N, C), as `Classifier.probabilities` does, without its checks."""
        images = np.asarray(images, dtype=np.float32)
        batches = [images[start : start + batch_size] for start in range(0, len(images), batch_size)]
        return np.concatenate([self._function(tf.constant(batch)).numpy() for batch in batches])


def bare(classifier, photo, questions):
    """Return a function that sends as many copies of the photo through the caller's model, in batches."""
    model, batch = AsItIs(classifier), np.repeat(np.float32(photo)[None], BATCH, axis=0)

    def run():
        for start in range(0, questions, BATCH):
            model.probabilities(batch[: min(BATCH, questions - start)])

    return run


def silent(function):
    """Return the function, kept from printing: other libraries draw progress bars that can't be switched off."""

    def run():
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return function()

    return run


def rise_of_the_paper(classifier, photo, target):
    """Return RISE as the paper's authors wrote it: all masks first, enlarged one by one, then ask, then the sum."""
    from skimage.transform import resize

    model = AsItIs(classifier)

    def run():
        rng, cell, n = np.random.default_rng(0), 28, len(photo)
        masks = np.empty((QUESTIONS, n, n), dtype=np.float32)
        for mask, cells in zip(masks, (rng.random((QUESTIONS, 8, 8)) < 0.5).astype(np.float32)):
            down, right = rng.integers(0, cell, 2)
            enlarged = resize(cells, (9 * cell, 9 * cell), order=1, mode="reflect", anti_aliasing=False)
            mask[:] = enlarged[down : down + n, right : right + n]
        answers = [model.probabilities(masks[i : i + BATCH, ..., None] * photo)[:, target] for i in range(0, QUESTIONS, BATCH)]
        return (np.concatenate(answers) @ masks.reshape(QUESTIONS, -1)).reshape(n, n) / (QUESTIONS * 0.5)

    return run


def others(classifier, photo, target):
    """Return {name: function}: the same number of questions by other libraries."""
    from tf_explain.core.occlusion_sensitivity import OcclusionSensitivity
    from xplique.attributions import Occlusion, Rise

    inputs = np.asarray(classifier.preprocess(np.float32(photo)[None]))
    one_hot = np.eye(classifier.n_classes, dtype=np.float32)[[target]]
    rise = Rise(classifier.model, BATCH, nb_samples=QUESTIONS, grid_size=8)
    occlusion = Occlusion(classifier.model, BATCH, patch_size=PATCH, patch_stride=STRIDE)
    # tf-explain has no stride: patches of 10 pixels, side by side, are 23 x 23 too.
    grid = OcclusionSensitivity(batch_size=BATCH)
    return {
        "rise": {"xplique": lambda: rise(inputs, one_hot), "the paper's own way": rise_of_the_paper(classifier, photo, target)},
        "occlusion": {
            "xplique": lambda: occlusion(inputs, one_hot),
            "tf-explain": silent(lambda: grid.get_sensitivity_map(classifier.model, inputs[0], target, 10)),
        },
    }


def compare(name, ours, bare_passes, limit, rivals, turns):
    """Print the ratio of ours to the caller's model alone, and of each other library to ours."""
    alone, here, *theirs = in_turns(bare_passes, ours, *rivals.values(), repeats=turns)
    print(Row.of_turns(f"{name} over the bare forward passes", over(here, alone), f"at most {limit:.2f}"), flush=True)
    for rival, spent in zip(rivals, theirs):
        print(Row.of_turns(f"{name}, {rival} over ours", over(spent, here), "at least 1.25"), flush=True)


PEAK = """
import resource, sys
import xaihelpers as xh
xh.rise(xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[0], 0, n_masks=int(sys.argv[1]), batch_size=64)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_memory(n_masks):
    """Return the most memory that a process of its own held while it asked that many masks."""
    done = subprocess.run([sys.executable, "-c", PEAK, str(n_masks)], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def wait(turns):
    """Print the seconds that a slider's user waits on RashNet."""
    network, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[0]
    calls = {
        "RISE, 256 masks": lambda: xh.rise(network, image, 0, n_masks=256),
        "occlusion, 16 px patches": lambda: xh.occlusion(network, image, 0, patch=16),
    }
    for (name, _), seconds in zip(calls.items(), medians(*calls.values(), repeats=turns)):
        print(Row(f"{name} on RashNet, seconds", seconds, "under 1"))


def coarse_to_fine(classifier, photo, target):
    """Print how many questions coarse to fine saves, and how near its map is to that of every patch."""
    every, found = (xh.occlusion(classifier, photo, target, patch=16, stride=8, levels=levels) for levels in (1, 3))
    print(Row("occlusion, coarse to fine: share of the questions", found.forward_passes / every.forward_passes, "below 1"))
    print(Row("occlusion, coarse to fine: rank correlation", xh.metrics.rank_correlation(found, every), "reported"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    turns = 2 if parser.parse_args().quick else 5
    classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("chelsea", 224)
    target = classifier.class_index(None, photo)
    rivals = others(classifier, photo, target)
    compare(
        f"RISE, {QUESTIONS} questions",
        lambda: xh.rise(classifier, photo, target, n_masks=QUESTIONS),
        bare(classifier, photo, QUESTIONS),
        0.8,
        rivals["rise"],
        turns,
    )
    asked = xh.occlusion(classifier, photo, target, patch=PATCH, stride=STRIDE).forward_passes
    compare(
        f"occlusion, {asked} questions",
        lambda: xh.occlusion(classifier, photo, target, patch=PATCH, stride=STRIDE),
        bare(classifier, photo, asked),
        0.8,
        rivals["occlusion"],
        turns,
    )
    coarse_to_fine(classifier, photo, target)
    print(Row("RISE, peak memory of 8000 masks over that of 500", peak_memory(8000) / peak_memory(500), "at most 1.05"))
    wait(turns)


if __name__ == "__main__":
    main()
