"""The five forms of lesion. Form, not number, tells the class: relief, outline, colour of the centre, stage.

Radii are in pixels of the 128 x 128 image. `base` (3,) is the skin's mean colour. Each returns its `Stamps`, not laid on yet.
"""

import numpy as np

from .fields import clusters, furrows, scatter, smooth_noise
from .patches import Patches, Stamps

CREAM = np.array([0.95, 0.88, 0.70], np.float32)  # pus
CRUST = np.array([0.36, 0.16, 0.09], np.float32)  # dried blood
ESCHAR = np.array([0.10, 0.065, 0.06], np.float32)  # dead tissue
SLOUGH = np.array([0.80, 0.68, 0.42], np.float32)  # the yellow seam round it


def _towards(base, colour, amount):
    """Colour (3, 1, 1, 1) between the skin's and another; on dark skin the other one is dimmed to the same light."""
    light = 0.45 + 0.55 * float(base.mean()) / 0.8
    return ((1 - amount) * base + amount * colour * light).astype(np.float32)[:, None, None, None]


def chickenpox(rng, base):
    """Small blisters of several stages side by side, in clusters: red spots, clear drops, cloudy drops, crusts."""
    centres = clusters(rng, int(rng.integers(4, 30)), int(rng.integers(1, 6)), rng.uniform(9, 15), 6.5)
    count = len(centres)
    stage = rng.choice(4, count, p=rng.dirichlet([2.0, 4.0, 2.0, 2.6]))
    stage[: min(3, count)] = rng.permutation([1, 1, 3])[: min(3, count)]  # there is always more than one stage
    spot, clear, cloudy, crusted = (stage == k for k in range(4))
    radii = rng.uniform(2.2, 4.8, count) * np.where(spot, 0.85, 1.0) * rng.uniform(0.9, 1.2)
    patch = Patches(rng, centres, radii, uneven=0.16, reach=2.6)
    blister = patch.each(clear | cloudy)
    rough = rng.uniform(0.5, 1.3, patch.rho.shape).astype(np.float32)
    height = patch.radii * patch.dome(0.7) * (0.62 * blister + 0.25 * rough * patch.each(crusted))
    colour = np.where(
        patch.each(crusted) > 0,
        _towards(base, CRUST, 0.95) * rough,
        np.where(patch.each(cloudy) > 0, _towards(base, CREAM, 0.75), _towards(base, CREAM, 0.25) * 1.12),
    )
    opacity = patch.each(0.50 * clear + 0.75 * cloudy + 0.92 * crusted) * np.ones_like(rough)
    halo = patch.each(rng.uniform(0.45, 0.85, count)) * patch.fall(0.9, rng.uniform(1.8, 2.5))
    return Stamps(
        patch,
        redness=halo,
        colour=colour,
        opacity=opacity,
        height=height,
        gloss=patch.each(1.0 * clear + 0.6 * cloudy + 0.05 * crusted) * patch.dome(0.5),
    )


def cowpox(rng, base):
    """One to three large ulcers: a black, rough centre, a yellow seam, a swollen purple rim, a wide red halo."""
    count = int(rng.choice([1, 1, 1, 2, 2, 3]))
    largest = {1: 27, 2: 19, 3: 15}[count]
    radii = rng.uniform(0.42, 1.0, count) * largest
    centres = scatter(rng, count, 2.2 * radii.max(), 24, 104)
    patch = Patches(rng, centres, radii[: len(centres)], uneven=0.16, reach=1.9)
    rough = np.stack([furrows(rng)[: patch.side, : patch.side] for _ in centres])
    rough = rough + 0.5 * np.stack([smooth_noise(rng, 30)[: patch.side, : patch.side] for _ in centres])
    core = patch.each(rng.uniform(0.38, 0.55, len(centres))) + 0.03 * rough  # a frayed edge
    inside = np.clip((core - patch.rho) * patch.radii / 1.8 + 0.5, 0, 1)
    seam = np.clip((core + 0.10 - patch.rho) * patch.radii / 3.0 + 0.5, 0, 1)
    rim = np.exp(-(((patch.rho - core - 0.30) / 0.19) ** 2)) * patch.fall(1.0, 1.3)
    height = patch.radii * (0.17 * rim) - 0.03 * patch.radii * seam + 0.8 * rough * inside
    colour = inside * ESCHAR[:, None, None, None] * (1.3 + 1.1 * rough)
    colour = np.maximum(colour + (1 - inside) * _towards(base, SLOUGH, 0.85) * (0.85 + 0.25 * rough), 0)
    halo = 0.85 * patch.fall(0.85, 1.3) * (1 - inside) + rng.uniform(0.25, 0.4) * patch.fall(1.0, 1.8)
    return Stamps(
        patch,
        redness=np.minimum(halo, 1),
        colour=colour,
        opacity=np.maximum(0.97 * inside, 0.75 * seam),
        height=height,
        gloss=0.3 * rim + 0.2 * inside,
        extent=patch.fall(1.05, 1.35),
    )


def measles(rng, base):
    """Flat red spots of uneven outline that run together into blotches; no relief, no centre, no shine."""
    count = int(rng.integers(16, 110))
    dense = smooth_noise(rng, 4)
    candidates = rng.uniform(-4, 132, (2 * count, 2))
    pixel = np.clip(candidates.astype(int), 0, 127)
    order = np.argsort(-(dense[pixel[:, 0], pixel[:, 1]] + rng.normal(0, 0.9, len(candidates))))
    centres = candidates[order[:count]]
    radii = rng.lognormal(np.log(rng.uniform(2.6, 4.8)), 0.33, count).clip(1.8, 8.5)
    patch = Patches(rng, centres, radii, uneven=0.42, reach=1.3)
    strength = rng.uniform(0.28, 0.75) * patch.each(rng.uniform(0.65, 1.2, count))
    return Stamps(patch, redness=np.minimum(strength, 0.9) * patch.fall(0.45, 1.3))


def monkeypox(rng, base):
    """Raised, firm pustules, all of one stage and nearly one size, each with a dent in its middle."""
    count = int(rng.integers(3, 26))
    size = rng.uniform(3.8, 7.6)
    centres = scatter(rng, count, size * rng.uniform(2.05, 2.8), 4, 124)
    radii = size * rng.normal(1, 0.06, len(centres)).clip(0.85, 1.15)
    patch = Patches(rng, centres, radii, uneven=0.06, reach=1.9)
    width, depth = rng.uniform(0.26, 0.40), rng.uniform(0.55, 0.95)
    dent = np.exp(-((patch.rho / width) ** 2))
    height = patch.radii * 0.46 * (patch.dome(0.7) - depth * dent)
    navel = rng.uniform(0.15, 0.85)  # one stage for all: how dark the dents have become
    colour = _towards(base, CREAM, rng.uniform(0.5, 0.75)) * (1 - dent)
    colour = colour + dent * _towards(0.9 * base, CRUST, 0.85 * navel)
    opacity = rng.uniform(0.6, 0.8) * patch.fall(0.8, 1.05)
    opacity = np.maximum(opacity, 0.85 * dent)
    halo = patch.each(rng.uniform(0.5, 0.8, len(centres))) * patch.fall(0.95, rng.uniform(1.35, 1.8))
    return Stamps(patch, redness=halo, colour=colour, opacity=opacity, height=height, gloss=0.45 * patch.dome(0.5))


def smallpox(rng, base):
    """Dense, round, smooth pustules sunk deep in the skin: a groove round each, a full dome without a dent."""
    size = rng.uniform(3.6, 6.6)
    middle, reach = rng.uniform(30, 98, 2), rng.uniform(24, 100)
    centres = scatter(rng, int(rng.integers(70, 130)), size * rng.uniform(2.1, 2.7), 0, 128)
    far = np.hypot(*(centres - middle).T)
    centres = centres[far <= max(reach, np.sort(far)[min(9, len(far) - 1)])]
    radii = size * rng.normal(1, 0.06, len(centres)).clip(0.85, 1.15)
    patch = Patches(rng, centres, radii, uneven=0.03, reach=1.6)
    groove = np.exp(-(((patch.rho - 1.12) / 0.16) ** 2)) * patch.fall(1.2, 1.5)
    height = patch.radii * (0.42 * patch.dome(0.85) - 0.07 * groove)
    colour = _towards(base, CREAM * np.array([0.98, 0.96, 0.98], np.float32), rng.uniform(0.5, 0.75))
    halo = rng.uniform(0.35, 0.65) * patch.fall(0.9, 1.55)
    return Stamps(
        patch,
        redness=halo,
        shade=0.22 * groove,
        colour=colour,
        height=height,
        opacity=rng.uniform(0.55, 0.75) * patch.fall(0.55, 1.05),
        gloss=0.55 * patch.dome(0.5),
        extent=np.maximum(patch.body, patch.fall(1.1, 1.45)),
    )


FORMS = {
    "chickenpox": chickenpox,
    "cowpox": cowpox,
    "healthy": None,
    "measles": measles,
    "monkeypox": monkeypox,
    "smallpox": smallpox,
}
CLASSES = list(FORMS)
