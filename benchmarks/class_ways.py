"""Draw twenty ImageNet classes in four ways, with the same number of passes, and ask two other networks what they see.

    python -m benchmarks.class_ways                draws what is not drawn yet: about eight minutes of one core in all
    python -m benchmarks.class_ways --minutes 5    stops after the picture during which the time is up; run it again to go on

    python -m benchmarks.class_ways --judge        asks about the classes that are drawn in all four ways by now
    python -m benchmarks.class_ways --control      only draws the control of those classes, and asks about it: two minutes

writes class_ways.json (every figure) and class_ways.webp (a row for each way, a column for each of the first classes) to where
`xh.stored` finds them. Until then the pictures wait in a folder for temporary files. `report` has the sentences of RESULTS.md,
made of the stored figures.

Xplique's MACO fetches the mean spectrum of ImageNet from the net. Here nothing is fetched: it is given the mean spectrum of the
course's nine photographs, which ours uses too, in its own colours. It is made for many more passes,
256 steps of 32 crops that shrink to a twentieth of the edge; in as few passes as the others that gets nowhere (a logit of 3 for
the toy poodle in 64), so it gets two crops a step of 0.8 of the edge (18 for the same).
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

import xaihelpers as xh
from xaihelpers.course.stored import FOLDER as STORED
from xaihelpers.methods.shared.picture_space import mean_spectrum, waves_of

from . import second_opinion

SEED, N_CLASSES, PASSES, SHOWN, SHOWN_EDGE = 0, 20, 48, 5, 136
MACO = {"space": "maco", "step_size": 0.15, "scale": 0.3, "rotation": 15.0, "jitter": 16}
PEER = "Xplique's MACO"
WAYS = {
    "steps of 0.05": {"step_size": 0.05},
    "steps of 0.02": {"step_size": 0.02},
    "MACO": MACO,
    PEER: {"nb_crops": 2, "box_size": 0.8},
}
CONTROL = {"space": "pixels", "optimizer": "plain", "jitter": 0}  # nothing that makes a picture readable
WAITING = Path(tempfile.gettempdir()) / "xaihelpers-class-ways"


def classes():
    """Return the class indices that are drawn: those of lesson 06."""
    return [int(target) for target in np.random.default_rng(SEED).choice(1000, N_CLASSES, replace=False)]


def drawn():
    """Return the class indices, in the same order, of which there is a picture in every way."""
    return [target for target in classes() if all(place(way, target).exists() for way in WAYS)]


def place(way, target):
    """Return the file in which a picture waits."""
    return WAITING / f"{list(WAYS).index(way)}-{target}.png"


def draw(minutes):
    """Draw what is not drawn yet; return whether everything is there."""
    until, classifier = time.monotonic() + 60 * minutes, xh.load_classifier("efficientnet-lite0")
    WAITING.mkdir(exist_ok=True)
    peer = None
    for target in classes():
        for way, how in WAYS.items():
            if place(way, target).exists():
                continue
            if time.monotonic() > until:
                return False
            if way == PEER:
                peer = peer or xplique(classifier)
                picture = peer(target)
            else:
                picture = xh.activation_maximization(classifier, target, steps=PASSES, frames=0, **how).image
            Image.fromarray(picture).save(place(way, target))
            print(way, classifier.class_names[target], f"{time.process_time():.0f} s of processor so far", flush=True)
    return True


def xplique(classifier):
    """Return a function: class index -> picture (224, 224, 3) uint8 that Xplique's MACO draws of its logit."""
    import keras
    import tensorflow as tf
    from xplique.features_visualizations import maco
    from xplique.features_visualizations.preconditioning import recorrelate_colors

    axes = np.asarray(recorrelate_colors(np.eye(3, dtype=np.float32)), dtype=np.float64).T
    photos = [xh.sample_photo(name, 224) for name in xh.photo_names()]
    spectrum = WAITING / "spectrum.npy"
    np.save(spectrum, waves_of(mean_spectrum(photos, axes), 224, 224))
    known, chosen = classifier.model.get_layer("predictions"), tf.Variable(0)
    logits = keras.layers.Dense(classifier.n_classes, name="logits")
    model = keras.Model(classifier.model.input, logits(known.input))
    logits.set_weights(known.get_weights())

    class Logit:
        """What xplique calls an objective; its own, one for each class, would be compiled twenty times."""

        compiled = (model, lambda outputs: tf.gather(outputs[0], chosen, axis=1), ["logit"], (1, *classifier.input_shape))

        def compile(self):
            return self.compiled

    def draw(target):
        keras.utils.set_random_seed(SEED)
        chosen.assign(target)
        how = WAYS[PEER]
        with mock.patch.object(tf.keras.utils, "get_file", return_value=str(spectrum)):  # in place of its download
            picture, _ = maco(Logit(), nb_steps=PASSES // how["nb_crops"], custom_shape=(224, 224), **how)
        return np.clip(np.rint(127.5 + 127.5 * np.asarray(picture)), 0, 255).astype(np.uint8)

    return draw


def judge():
    """Ask the judges about every picture, and as a control about the class that follows in the lot; store what they say."""
    classifier, targets = xh.load_classifier("efficientnet-lite0"), drawn()
    following = np.roll(classes(), -1)[: len(targets)]
    pictures = {way: [np.asarray(Image.open(place(way, target))) for target in targets] for way in WAYS}
    names = [classifier.class_names[target] for target in targets]
    table = {"seed": SEED, "passes": PASSES, "edge": SHOWN_EDGE, "classes": names, "targets": targets, "ways": {}}
    for way, found in pictures.items():
        logits = classifier.logits(np.stack(found).astype(np.float32))[range(len(targets)), targets]
        known = {"parameters": WAYS[way], "logit": [round(float(value), 2) for value in logits], "rank": {}, "rank_of_next": {}}
        table["ways"][way] = known
    for name in second_opinion.NETWORKS:
        network = second_opinion.load(name)
        for way, found in pictures.items():
            known = table["ways"][way]
            known["rank"][name] = second_opinion.ranks(network, found, targets).tolist()
            known["rank_of_next"][name] = second_opinion.ranks(network, found, following).tolist()
    (STORED / "class_ways.json").write_text(json.dumps(table) + "\n", encoding="utf-8")


def control():
    """Draw the same classes in plain pixels, which no regulariser touches, and store what the judges see in those."""
    classifier = xh.load_classifier("efficientnet-lite0")
    table = json.loads((STORED / "class_ways.json").read_text(encoding="utf-8"))
    targets, how = table["targets"], dict(steps=PASSES, frames=0, **CONTROL)
    pictures = [xh.activation_maximization(classifier, target, **how).image for target in targets]
    logits = classifier.logits(np.stack(pictures).astype(np.float32))[range(len(targets)), targets]
    judges = {name: second_opinion.load(name) for name in second_opinion.NETWORKS}
    ranks = {name: second_opinion.ranks(network, pictures, targets).tolist() for name, network in judges.items()}
    table["control"] = {"parameters": CONTROL, "logit": [round(float(value), 2) for value in logits], "rank": ranks}
    (STORED / "class_ways.json").write_text(json.dumps(table) + "\n", encoding="utf-8")


def sheet():
    """Store the pictures of the first classes, a row for each way."""
    rows = []
    for way in WAYS:
        small = [
            Image.open(place(way, target)).resize((SHOWN_EDGE,) * 2, Image.Resampling.LANCZOS) for target in classes()[:SHOWN]
        ]
        rows.append(np.concatenate([np.asarray(each) for each in small], axis=1))
    Image.fromarray(np.concatenate(rows)).save(STORED / "class_ways.webp", quality=65, method=6)


def report():
    """Return the sentences of RESULTS.md about the stored figures, one for each way and judge, and one for the control."""
    table = json.loads((STORED / "class_ways.json").read_text(encoding="utf-8"))
    lines = []
    for way, known in (table["ways"] | {"control, plain pixels without jitter": table["control"]}).items():
        for name, ranks in known["rank"].items():
            first, five = sum(rank < 1 for rank in ranks), sum(rank < 5 for rank in ranks)
            lines.append(
                f"{way}, {table['passes']} passes a picture: of {len(ranks)} pictures {name} has the class first in {first}, "
                f"among the first five in {five} (asked: no value)"
            )
    wrong = [rank for known in table["ways"].values() for ranks in known["rank_of_next"].values() for rank in ranks]
    lines.append(
        "control, the next class of the lot in place of the one that was drawn: among the first five in "
        f"{sum(rank < 5 for rank in wrong)} of "
        f"{len(wrong)} (asked: no value)"
    )
    return lines


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument("--judge", action="store_true")
    arguments.add_argument("--control", action="store_true")
    asked = arguments.parse_args()
    if asked.control:
        control()
    elif asked.judge or draw(asked.minutes):
        judge()
        control()
        sheet()
        print(*report(), sep="\n")
    else:
        print("Not all are drawn yet: run it again.")
