"""What do the maps of one class point to? Clusters of the places where they are largest: no mask and no second network needed.

Lapuschkin and others, "Unmasking Clever Hans Predictors and Assessing What Machines Really Learn", Nature Communications 2019,
cluster whole maps, which finds what always lies in the same corner. Here the piece of the image under the map's largest
place is described and clustered, which also finds what lies in another place each time, such as a sticker.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._progress import progress_bar
from .._quiet import without_warnings
from .._types import Target, Technique
from .._validation import one_of, shown, whole_number
from ..classifier import Classifier
from ..methods import METHODS

MOST_CLUSTERS = 6


@dataclass(frozen=True, eq=False)
class EvidenceClusters:
    """Clusters of images by what their maps point to; cluster 0 is the largest.

    labels: (N,) the cluster of each image. places: (N, 2) row and column of each map's largest place. patches: (N, p, p, 3)
    uint8, the piece of the image there. maps: (N, H, W) float32. images: (N, H, W, 3). method, class_name: what was asked.
    eigenvalues: the smallest ones of the clustering's graph; the first large step between two says how many clusters there are.
    """

    labels: np.ndarray
    places: np.ndarray
    patches: np.ndarray
    maps: np.ndarray
    images: np.ndarray
    method: str
    class_name: str
    eigenvalues: np.ndarray

    def __len__(self):
        return int(self.labels.max()) + 1

    @property
    def sizes(self):
        """Images in each cluster, (len(self),), largest first."""
        return np.bincount(self.labels)

    def members(self, cluster):
        """Return the indices of the images in one cluster."""
        if not 0 <= whole_number(cluster, "cluster", 0) < len(self):
            raise ValueError(f"There is no cluster {cluster}: they go from 0 to {len(self) - 1}.")
        return np.flatnonzero(self.labels == cluster)

    def mean_map(self, cluster):
        """Return the mean of a cluster's maps, (H, W), each divided by its own largest value: where they lie, if always there."""
        maps = np.maximum(self.maps[self.members(cluster)], 0)
        return (maps / np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-12)).mean(axis=0)

    def __repr__(self):
        sizes = ", ".join(map(str, self.sizes))
        return (
            f"EvidenceClusters({len(self.labels)} images of {self.class_name!r}, {self.method}: {len(self)} clusters of {sizes})"
        )


def evidence_clusters(
    classifier: Classifier,
    images: Any,
    target: Target,
    method: Technique = "grad_cam",
    *,
    n_clusters: int | None = None,
    patch: int | None = None,
    by: str = "evidence",
    seed: int = 0,
    progress: bool = False,
    **parameters: Any,
) -> EvidenceClusters:
    """Return the EvidenceClusters of one class: which images have maps that point to the same kind of thing.

    classifier: any Classifier. images: (N, H, W, 3), 0 to 255, of one class, eight or more. target: that class, index or
        name. method: a technique of the registry; parameters: its own.
    n_clusters: None lets the graph say, up to 6. patch: edge, in pixels, of the piece that is described; None is a fifth
        of the image's shorter edge.
    by: "evidence" describes what the image shows at the map's largest place, wherever that is; "map" compares the maps
        themselves, as in the paper, which finds what is always in the same place.
    seed: of the clustering. progress: show a bar. Raises ValueError in one sentence. Source: Lapuschkin and others, 2019.
    """
    one_of(by, "by", ("evidence", "map"))
    images = np.asarray(images)
    if images.ndim != 4 or len(images) < 8:
        raise ValueError(f"The images have shape {images.shape}: give eight or more of one class, (N, H, W, 3).")
    _check_number(n_clusters, len(images))
    maps = _maps(classifier, images, target, method, parameters, progress)
    name = classifier.class_names[classifier.class_index(target)]
    return clusters_of_maps(images, maps, method, name, n_clusters=n_clusters, patch=patch, by=by, seed=seed)


def clusters_of_maps(images, maps, method, class_name, *, n_clusters=None, patch=None, by="evidence", seed=0):
    """Return the EvidenceClusters of maps (N, H, W) that there are already; arguments as `evidence_clusters`."""
    _check_number(n_clusters, len(images))
    edge = max(5, min(images.shape[1:3]) // 5) if patch is None else whole_number(patch, "patch", 3)
    places = np.array([_largest_place(each, edge) for each in maps])
    patches = np.stack([_piece(image, place, edge) for image, place in zip(images, places)])
    features = np.stack([_look(piece, image) for piece, image in zip(patches, images)]) if by == "evidence" else _shrunk(maps)
    labels, eigenvalues = spectral_clusters(features, n_clusters, seed)
    return EvidenceClusters(labels, places, patches, maps, images, method, class_name, eigenvalues)


def _check_number(n_clusters, n):
    if n_clusters is not None and not 1 <= whole_number(n_clusters, "n_clusters") <= n // 2:
        raise ValueError(f"n_clusters is {shown(n_clusters)}: expected 1 to {n // 2} for {n} images.")


def _maps(classifier, images, target, method, parameters, progress):
    explain = METHODS[method].function
    with without_warnings():
        steps = progress_bar(images, method, "map", shown=progress, leave=False)
        return np.stack([explain(classifier, image, target, **parameters).heatmap for image in steps])


def _largest_place(heatmap, edge):
    """Return (row, column) of the largest place of a map, smoothed so that a lone pixel is none."""
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(np.maximum(heatmap, 0), edge / 6)
    return np.unravel_index(smooth.argmax(), smooth.shape)


def _piece(image, place, edge):
    """Return the square piece (edge, edge, 3) around a place, moved inwards where it would leave the image."""
    edge = min(edge, *image.shape[:2])
    top, left = (int(np.clip(at - edge // 2, 0, size - edge)) for at, size in zip(place, image.shape))
    return np.asarray(image)[top : top + edge, left : left + edge]


def _look(piece, image):
    """Return numbers (10,) that say how a piece looks beside its image, whichever way it is turned.

    Mean, spread and extremes of its three colour axes (CIELAB), measured from the image's median colour, and its edges.
    """
    from skimage.color import rgb2lab

    lab, whole = rgb2lab(np.asarray(piece) / 255.0), rgb2lab(np.asarray(image) / 255.0)
    off = lab - np.median(whole, axis=(0, 1))
    edges = np.hypot(*np.gradient(lab[..., 0]))
    return np.r_[off.mean((0, 1)), off.std((0, 1)), np.percentile(off, 95, (0, 1)) - np.percentile(off, 5, (0, 1)), edges.mean()]


def _shrunk(maps):
    """Return the positive parts of maps as rows, 16 x 16 places each, every map divided by its own sum."""
    from skimage.transform import resize

    small = np.stack([resize(np.maximum(each, 0), (16, 16), anti_aliasing=True) for each in maps])
    return (small / np.maximum(small.sum(axis=(1, 2), keepdims=True), 1e-12)).reshape(len(maps), -1)


def spectral_clusters(features, n_clusters=None, seed=0):
    """Return (labels (N,), eigenvalues) of the rows of `features`, (N, F): spectral clustering on the graph of near neighbours.

    n_clusters: None takes the largest step between the smallest eigenvalues of the graph's Laplacian, at most 6.
    Source: von Luxburg, "A Tutorial on Spectral Clustering", Statistics and Computing 2007.
    """
    from scipy.sparse.csgraph import laplacian
    from sklearn.cluster import SpectralClustering
    from sklearn.metrics import pairwise_distances

    distances = pairwise_distances(features / np.maximum(features.std(axis=0), 1e-9))
    near = min(7, len(features) - 1)
    # Each row's own scale: the distance to its seventh neighbour, so that thin and dense clusters both hold together.
    scale = np.maximum(np.sort(distances, axis=1)[:, near], 1e-12)
    affinity = np.maximum(np.exp(-(distances**2) / (scale[:, None] * scale)), 1e-6)  # one graph, however far its parts
    eigenvalues = np.linalg.eigvalsh(laplacian(affinity, normed=True))[: MOST_CLUSTERS + 1]
    if n_clusters is None:
        n_clusters = int(np.argmax(np.diff(eigenvalues))) + 1
    if n_clusters == 1:
        return np.zeros(len(features), int), eigenvalues
    labels = SpectralClustering(n_clusters, affinity="precomputed", random_state=seed, assign_labels="cluster_qr").fit_predict(
        affinity
    )
    order = np.argsort(-np.bincount(labels), kind="stable")
    return np.argsort(order)[labels], eigenvalues
