"""What the inference twin saves, on three networks: RISE, occlusion and LIME over the bare forward passes of the caller's model.

In one run, in turns, per question asked: the caller's model, compiled by hand; then each technique, everything included. And how
far the twin's answers are from the model's. `--quick` takes fewer turns; names of networks choose some of them.
"""

import argparse

import numpy as np

import xaihelpers as xh

from .bench_perturbation import BATCH, QUESTIONS, AsItIs, bare
from .timing import Row, in_turns, over

# What is asked of each network: RashNet's own time is so short that making the questions takes a good part of it.
ASKED = {"efficientnet-lite0": 0.80, "rash-xception": 0.80, "rashnet": 0.95}


def techniques(classifier, image, target):
    """Return {name: function}: each asks about 512 questions; 23 x 23 patches and the whole image are 530."""
    edge = len(image)
    stride = edge // 32
    patch = edge - 22 * stride
    return {
        "RISE": lambda: xh.rise(classifier, image, target, n_masks=QUESTIONS, batch_size=BATCH),
        "occlusion": lambda: xh.occlusion(classifier, image, target, patch=patch, stride=stride, batch_size=BATCH),
        "LIME": lambda: xh.lime(classifier, image, target, n_samples=QUESTIONS, batch_size=BATCH),
    }


def miss(classifier, image):
    """Return the largest difference between the answers of the twin and of the model to 64 questions, in millionths."""
    kept = np.random.default_rng(0).random((64, *image.shape[:2], 1)) < np.linspace(0, 1, 64)[:, None, None, None]
    questions = np.float32(image) * kept
    return 1e6 * np.abs(classifier.probabilities(questions) - AsItIs(classifier).probabilities(questions)).max()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", choices=[*ASKED, []], help="all three if none is named")
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    chosen = parser.parse_args()
    for name in chosen.networks or ASKED:
        classifier = xh.load_classifier(name)
        image = xh.sample_photo("chelsea", 224) if name == "efficientnet-lite0" else xh.rashes.load_test_split().images[0]
        several = techniques(classifier, image, classifier.class_index(None, image))
        asked = [QUESTIONS, *(run().forward_passes for run in several.values())]
        seconds = in_turns(bare(classifier, image, QUESTIONS), *several.values(), repeats=2 if chosen.quick else 5)
        alone, *spent = [np.array(times) / n for times, n in zip(seconds, asked)]
        for technique, here in zip(several, spent):
            row = Row.of_turns(f"{technique} on {name} over the bare passes", over(here, alone), f"at most {ASKED[name]:.2f}")
            print(row, flush=True)
        print(Row(f"answers of {name}, twin and model, millionths apart", miss(classifier, image), "at most 10"), flush=True)


if __name__ == "__main__":
    main()
