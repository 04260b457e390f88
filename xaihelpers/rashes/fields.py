"""Plain numpy building blocks of the drawings: smooth noise, textures, and where things are put on the skin."""

from functools import cache

import numpy as np

SIZE = 128  # height and width of every image, in pixels


@cache
def _spline_weights(cells):
    """Matrix (SIZE, cells + 3) that turns `cells + 3` control values into a cubic B-spline over the image."""
    # Late: whoever loads a network of the rashes needs no drawings.
    from scipy.interpolate import BSpline

    knots = np.arange(-3, cells + 4, dtype=float)
    positions = np.linspace(0, cells, SIZE, endpoint=False) + cells / (2 * SIZE)
    return BSpline.design_matrix(positions, knots, 3).toarray().astype(np.float32)


def smooth_noise(rng, cells):
    """Returns smooth noise `(SIZE, SIZE)` float32, zero mean and roughly unit spread, with `cells` bumps a side."""
    weights = _spline_weights(cells)
    control = rng.standard_normal((cells + 3, cells + 3), dtype=np.float32)
    return (weights @ control @ weights.T) * np.float32(2.1)  # a cubic B-spline shrinks the spread by about 2.1


def grain(rng):
    """Returns camera noise `(3, SIZE, SIZE)` float32 of unit spread: sums of four random bytes, near enough to Gaussian."""
    size = 3 * SIZE * SIZE
    total = np.frombuffer(rng.bytes(4 * size), np.uint8).reshape(4, size).sum(axis=0, dtype=np.uint16)
    return ((total - np.float32(510)) * np.float32(1 / 147.8)).reshape(3, SIZE, SIZE)


def slopes(height):
    """Returns how fast a relief (SIZE, SIZE) rises downwards and to the right, by central differences, 0 at the border."""
    down, right = np.zeros_like(height), np.zeros_like(height)
    down[1:-1] = (height[2:] - height[:-2]) * np.float32(0.5)
    right[:, 1:-1] = (height[:, 2:] - height[:, :-2]) * np.float32(0.5)
    return down, right


def smoothstep(x, start, stop):
    """Returns 0 where x is at `start`, 1 where it is at `stop`, smooth between; start may be the larger one."""
    t = np.clip((x - start) / (stop - start), 0, 1)
    return t * t * (3 - 2 * t)


@cache
def furrow_tile(cell):
    """Returns a periodic 256 x 256 height map of the fine furrows of skin, whose islands are `cell` pixels wide.

    Skin is crossed by two families of furrows that leave small islands: the ridges of a Worley (cellular) noise,
    S. Worley, "A Cellular Texture Basis Function", SIGGRAPH 1996. The tile is always the same; each image takes
    its own crop of it.
    """
    from scipy.spatial import cKDTree

    side, stretch = 256, 1.5
    rng = np.random.default_rng(20_240 + int(cell * 10))
    count = int(side * side / cell**2)
    seeds = rng.uniform(0, [side * stretch, side], (count, 2))
    y, x = np.mgrid[:side, :side]
    grid = np.stack([y.ravel() * stretch, x.ravel()], axis=1)
    near, second = cKDTree(seeds, boxsize=[side * stretch, side]).query(grid, k=2)[0].T
    islands = 1 - np.exp(-(second - near) / (0.22 * cell))
    return (islands - islands.mean()).reshape(side, side).astype(np.float32)


def furrows(rng):
    """Returns the furrows of one piece of skin `(SIZE, SIZE)` float32: a random crop, flip and turn of a tile."""
    tile = furrow_tile((4.0, 5.5, 7.5)[rng.integers(3)])
    top, left = rng.integers(0, 256 - SIZE, 2)
    crop = tile[top : top + SIZE, left : left + SIZE]
    crop = crop[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    return crop.T if rng.random() < 0.5 else crop


def scatter(rng, count, spacing, low=0.0, high=float(SIZE)):
    """Returns at most `count` points (k, 2) as (y, x) in the square low..high, none nearer than `spacing`.

    `spacing` is one number, or a function of the candidates (m, 2) giving one number for each.
    """
    candidates = rng.uniform(low, high, (4 * count + 4, 2))
    return candidates[_keep_apart(candidates, np.broadcast_to(spacing, len(candidates)), count)]


def clusters(rng, count, groups, spread, spacing):
    """Returns at most `count` points (k, 2) in `groups` loose heaps of radius `spread` pixels, kept `spacing` apart."""
    centres = scatter(rng, groups, 1.6 * spread, 18, SIZE - 18)
    owner = rng.integers(len(centres), size=4 * count)
    candidates = centres[owner] + rng.normal(0, spread, (4 * count, 2))
    inside = ((candidates > 2) & (candidates < SIZE - 2)).all(axis=1)
    candidates = np.concatenate([centres, candidates[inside]])
    return candidates[_keep_apart(candidates, np.broadcast_to(spacing, len(candidates)), count)]


def _keep_apart(points, spacing, count):
    """Indices of the first `count` points that keep their spacing to all that were taken before them."""
    place = points[:, 0] + 1j * points[:, 1]
    free = np.ones(len(points), bool)
    taken = []
    while len(taken) < count:
        i = int(free.argmax())
        if not free[i]:
            break
        taken.append(i)
        free &= np.abs(place - place[i]) >= spacing[i]
        free[i] = False
    return np.array(taken)


def splat(y, x, weight):
    """Returns an image (SIZE, SIZE) float32 in which each point (y, x) leaves `weight`, shared by its four pixels."""
    canvas = np.zeros((SIZE + 2) ** 2, np.float32)
    inside = (y > -1) & (y < SIZE) & (x > -1) & (x < SIZE)
    y, x, weight = y[inside] + 1, x[inside] + 1, weight[inside]
    row, column = y.astype(int), x.astype(int)
    dy, dx = y - row, x - column
    for step_y, part_y in ((0, 1 - dy), (1, dy)):
        for step_x, part_x in ((0, 1 - dx), (1, dx)):
            where = (row + step_y) * (SIZE + 2) + column + step_x
            canvas += np.bincount(where, part_y * part_x * weight, minlength=canvas.size).astype(np.float32)
    return canvas.reshape(SIZE + 2, SIZE + 2)[1:-1, 1:-1]
