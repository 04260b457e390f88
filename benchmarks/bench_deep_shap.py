"""Deep SHAP against the bare forward and backward passes on image and background, and against shap; what the sums miss."""

import numpy as np

import xaihelpers as xh
from benchmarks.timing import Row, medians

NETWORKS = ("rashnet", "efficientnet-lite0", "rash-xception")


def cost_ratio(classifier, image, background, repeats=7):
    """Return the time of Deep SHAP over that of one forward and backward pass on the image and every background image."""
    target = classifier.class_index(image=image)
    everything = np.concatenate([image[None], background])
    ours, bare = medians(
        lambda: xh.deep_shap(classifier, image, target, background=background),
        lambda: classifier.gradients(everything, target),
        repeats=repeats,
    )
    return ours / bare


def worst_gap(classifier, images, backgrounds):
    """Return the largest miss of a sum over images and backgrounds, relative to the larger of the difference and 1."""
    return max(_miss(classifier, image, each) for image in images for each in backgrounds)


def _miss(classifier, image, background):
    found = xh.deep_shap(classifier, image, background=background)
    shown = np.concatenate([image[None], found.details["backgrounds"]])
    logits = classifier.logits(shown)[:, found.target].astype(float)  # not those that Deep SHAP itself saw
    difference = logits[0] - logits[1:].mean()
    return abs(found.details["values"].sum(dtype=float) - difference) / max(1, abs(difference))


def shap_ratio(background, image, repeats=7):
    """Return our time over that of shap's DeepExplainer on a plain network, all of its classes against one of ours."""
    import keras
    from shap import DeepExplainer

    layers = [keras.layers.Conv2D(16, 5, 2, activation="relu"), keras.layers.MaxPooling2D(), keras.layers.Flatten()]
    model = keras.Sequential([keras.Input((128, 128, 3)), *layers, keras.layers.Dense(2)])
    classifier, peer = xh.Classifier(model), DeepExplainer(model, background.astype(np.float32))
    ours, theirs = medians(
        lambda: [xh.deep_shap(classifier, image, target, background=background) for target in (0, 1)],
        lambda: peer.shap_values(image[None].astype(np.float32), check_additivity=False),
        repeats=repeats,
    )
    return ours / theirs


def main():
    """Return the rows of this benchmark."""
    rashes = xh.rashes.load_test_split()
    healthy = rashes.images[rashes.labels == rashes.class_names.index("healthy")][:8]
    twenty = rashes.images[:: len(rashes) // 20][:20]
    photos = [xh.sample_photo(name, 224) for name in xh.photo_names()]
    photos.append(photos[0][:, ::-1])
    rows = []
    for name in NETWORKS:
        classifier = xh.load_classifier(name)
        images, own = (photos, np.stack(photos[1:4])) if name == "efficientnet-lite0" else (twenty, healthy[:3])
        ratio = cost_ratio(classifier, images[0], own)
        rows.append(Row(f"Deep SHAP / bare passes on image and {len(own)} backgrounds, {name}", ratio, "at most 4"))
        gap = worst_gap(classifier, images, ["greys", "black", "blur", own])
        rows.append(Row(f"worst miss of {4 * len(images)} sums, in millionths, {name}", 1e6 * gap, "at most 1000"))
    rows.append(
        Row("Deep SHAP / shap's DeepExplainer on a plain network, two classes", shap_ratio(healthy, twenty[0]), "no value")
    )
    return rows


if __name__ == "__main__":
    print(*main(), sep="\n")
