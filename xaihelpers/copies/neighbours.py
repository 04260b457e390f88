"""Which pairs of images are worth a closer look: those whose key points are of the same kinds, and those alike when small."""

import numpy as np
from PIL import Image
from scipy import sparse

_SMALL = 32  # pixels an edge
_WORDS = 400  # kinds of key points
_NEIGHBOURS = 10  # of each image
_ROWS = 200  # images that are worked on at a time: tens of thousands do not fit into memory in one piece
_SAMPLE = 40_000  # key points that tell the kinds


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
    """Yield (image, neighbour, cosine distance); vectors (N, D), dense or sparse, are changed: they get the length 1."""
    from sklearn.preprocessing import normalize

    n, most = vectors.shape[0], min(_NEIGHBOURS + 1, vectors.shape[0])
    if n < 2:
        return
    unit = normalize(vectors, copy=False)
    for start in range(0, n, _ROWS):  # few rows at a time: each is compared with all images
        likeness = unit[start : start + _ROWS] @ unit.T
        likeness = likeness.toarray() if sparse.issparse(likeness) else likeness
        nearest = np.argpartition(likeness, n - most, axis=1)[:, n - most :]
        for k, those in enumerate(nearest):
            yield from ((start + k, int(j), 1 - float(likeness[k, j])) for j in those if j != start + k)


def _bags_of_words(points):
    """Return how often each image has each kind of key point, (N, words) sparse; the same for an image and its mirror image."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import TfidfTransformer

    sizes = np.array([2 * len(each.places) for each in points], dtype=int)
    if sizes.sum() < 2:
        return sparse.csr_matrix((len(points), 1))
    words = MiniBatchKMeans(min(_WORDS, _SAMPLE, sizes.sum()), random_state=0, n_init=1, batch_size=4096, max_iter=20)
    words.fit(_sample(points, sizes))
    kinds = np.concatenate([words.predict(part) for part in _both_ways(points)])
    owner = np.repeat(np.arange(len(points)), sizes)
    counts = sparse.csr_matrix((np.ones(len(kinds)), (owner, kinds)), shape=(len(points), words.n_clusters))
    counts.data = np.sqrt(counts.data)
    return TfidfTransformer().fit_transform(counts)


def _both_ways(points):
    """Yield the descriptors of all images and of their mirror images, (K, 128), some images at a time."""
    for start in range(0, len(points), _ROWS):
        some = points[start : start + _ROWS]
        found = [part for each in some for part in (each.descriptors, each.mirrored().descriptors)]
        if any(map(len, found)):
            yield np.concatenate(found)


def _sample(points, sizes):
    """Return up to 40,000 descriptors of all, (K, 128), in random order."""
    chosen = np.random.default_rng(0).permutation(sizes.sum())[:_SAMPLE]
    sample, start = np.empty((len(chosen), 128), np.float32), 0
    for part in _both_ways(points):
        here = (chosen >= start) & (chosen < start + len(part))
        sample[here] = part[chosen[here] - start]
        start += len(part)
    return sample


def _without_direction(smalls):
    """Return what stays of small pictures turned by quarters or mirrored, (N, 1024): their spectra, added up over the ways."""
    rows = np.empty((len(smalls), _SMALL * _SMALL), np.float32)
    for row, picture in zip(rows, smalls):
        values = picture - picture.mean()
        spectrum = np.abs(np.fft.fft2(values))  # shifts do not matter either
        turned = spectrum + np.roll(spectrum[::-1], 1, axis=0)
        row[:] = (turned + turned.T).ravel() + 1e-9
    return rows
