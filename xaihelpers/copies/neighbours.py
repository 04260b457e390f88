"""Which pairs of images are worth a closer look: those whose key points are of the same kinds, and those alike when small."""

import numpy as np
from PIL import Image

_SMALL = 32  # pixels an edge
_WORDS = 400  # kinds of key points
_NEIGHBOURS = 10  # of each image


def small(details):
    """Return what a grey picture shows, from `agreement.details`, as 32 x 32 pixels, float32."""
    picture = Image.fromarray(np.nan_to_num(details))
    return np.asarray(picture.resize((_SMALL, _SMALL), Image.Resampling.BOX))


def alike(points, smalls):
    """Return pairs (i, j) of images, i < j, the likeliest first.

    points: the `Points` of N images, or None to go by the small pictures only. smalls: N pictures 32 x 32.
    """
    found = {}
    kinds = [_without_direction(smalls)] if points is None else [_bags_of_words(points), _without_direction(smalls)]
    for vectors in kinds:
        for i, j, distance in _nearest(vectors):
            pair = (min(i, j), max(i, j))
            found[pair] = min(distance, found.get(pair, 2.0))
    return sorted(found, key=lambda pair: (found[pair], pair))


def _nearest(vectors):
    """Yield (image, neighbour, cosine distance)."""
    from sklearn.neighbors import NearestNeighbors

    n = vectors.shape[0]
    if n < 2:
        return
    index = NearestNeighbors(n_neighbors=min(_NEIGHBOURS + 1, n), metric="cosine").fit(vectors)
    for start in range(0, n, 1000):
        distances, neighbours = index.kneighbors(vectors[start : start + 1000])
        for k, (near, those) in enumerate(zip(distances, neighbours)):
            yield from ((start + k, int(j), float(d)) for d, j in zip(near, those) if j != start + k)


def _bags_of_words(points):
    """Return how often each image has each kind of key point, (N, words) sparse; the same for an image and its mirror image."""
    from scipy import sparse
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import TfidfTransformer

    both = [np.concatenate([each.descriptors, each.mirrored().descriptors]) for each in points]
    owner = np.repeat(np.arange(len(both)), [len(each) for each in both])
    if len(owner) < 2:
        return sparse.csr_matrix((len(points), 1))
    everything = np.concatenate(both)
    sample = np.random.default_rng(0).permutation(len(everything))[:40_000]
    words = MiniBatchKMeans(min(_WORDS, len(sample)), random_state=0, n_init=1, batch_size=4096, max_iter=20)
    words.fit(everything[sample])
    kinds = np.concatenate([words.predict(everything[k : k + 100_000]) for k in range(0, len(everything), 100_000)])
    counts = sparse.csr_matrix((np.ones(len(kinds)), (owner, kinds)), shape=(len(points), words.n_clusters))
    counts.data = np.sqrt(counts.data)
    return TfidfTransformer().fit_transform(counts)


def _without_direction(smalls):
    """Return what stays of small pictures turned by quarters or mirrored, (N, 1024): their spectra, added up over the ways."""
    rows = []
    for picture in smalls:
        values = picture - picture.mean()
        spectrum = np.abs(np.fft.fft2(values))  # shifts do not matter either
        turned = spectrum + np.roll(spectrum[::-1], 1, axis=0)
        rows.append((turned + turned.T).ravel())
    return np.array(rows, np.float32) + 1e-9
