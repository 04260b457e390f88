"""Skin without lesions: tone, mottling, freckles, furrows, the curve of the body, hair, light, camera noise."""

from typing import NamedTuple

import numpy as np

from .fields import SIZE, furrows, grain, slopes, smooth_noise, smoothstep, splat

# Ten tones from light to dark, spaced as on the Monk Skin Tone scale, in sRGB under daylight.
TONES = (
    np.array(
        [
            (240, 209, 190),
            (232, 195, 171),
            (224, 180, 150),
            (211, 163, 130),
            (194, 143, 110),
            (170, 121, 90),
            (146, 99, 71),
            (121, 79, 56),
            (98, 63, 45),
            (78, 51, 38),
        ],
        np.float32,
    )
    / 255
)


class Skin(NamedTuple):
    """One piece of skin, in layers, before it is lit. Arrays are (SIZE, SIZE) float32 unless said otherwise."""

    tone: int  # 0 (lightest) to 9 (darkest)
    albedo: np.ndarray  # (3, SIZE, SIZE): the colour without light and shade
    slope_y: np.ndarray  # slope of the relief
    slope_x: np.ndarray
    shading: np.ndarray  # brightness that the curve of the body and the exposure give
    light: np.ndarray  # (3,): unit vector to the light, as (y, x, z)
    hair: np.ndarray  # how much of the pixel hair covers, 0 to 1
    hair_colour: np.ndarray  # (3,)
    noise: np.ndarray  # (3, SIZE, SIZE): camera noise


def draw_skin(rng, tone=None):
    """Returns a `Skin` drawn from the generator; `tone` 0 to 9 fixes the tone and leaves everything else as it was."""
    drawn = int(rng.integers(len(TONES)))
    tone = drawn if tone is None else tone
    albedo = _albedo(rng, tone)
    angle, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.55, 0.95)
    light = np.array([np.sin(angle) * np.cos(height), np.cos(angle) * np.cos(height), np.sin(height)], np.float32)
    relief = furrows(rng) * rng.uniform(0.25, 0.6) + smooth_noise(rng, 42) * rng.uniform(0.04, 0.09)
    slope_y, slope_x = slopes(relief.astype(np.float32))
    hair, hair_colour = _hair(rng)
    noise = grain(rng) * np.float32(rng.uniform(0.004, 0.010))
    return Skin(tone, albedo, slope_y, slope_x, _body(rng, light, tone), light, hair, hair_colour, noise)


def _albedo(rng, tone):
    """Colour of the skin: the tone, slow mottling by blood and pigment, freckles and now and then a mole."""
    base = TONES[tone] * (1 + rng.normal(0, [0.015, 0.015, 0.02])).astype(np.float32)
    blood = smooth_noise(rng, 3) * 0.05 + smooth_noise(rng, 9) * 0.035 + smooth_noise(rng, 26) * 0.018
    blood = np.maximum(blood * rng.uniform(0.6, 2.3), -0.1)
    pigment = smooth_noise(rng, 5) * 0.03 + smooth_noise(rng, 18) * 0.02 + _freckles(rng)
    # Blood swallows green and blue, pigment swallows blue most: Beer-Lambert, one exponent for each.
    absorbed = blood * np.array([0.25, 0.95, 0.8], np.float32)[:, None, None]
    absorbed += pigment * np.array([0.7, 1.0, 1.15], np.float32)[:, None, None]
    return base[:, None, None] * np.exp(-absorbed)


def _freckles(rng):
    """Pigment of freckles (none to sixty) and of moles (none to three); every class of rash has them."""
    freckled = rng.random() < 0.6
    count = int(rng.integers(3, 60)) if freckled else 0
    moles = int(rng.choice([0, 0, 1, 2, 3]))
    total = count + moles
    if total == 0:
        return np.zeros((SIZE, SIZE), np.float32)
    y, x = rng.uniform(0, SIZE, (2, total))
    radius = np.concatenate([rng.uniform(0.7, 1.9, count), rng.uniform(1.5, 3.6, moles)])
    strength = np.concatenate([rng.uniform(0.08, 0.35, count), rng.uniform(0.5, 1.1, moles)])
    axis = np.arange(SIZE)
    # A Gaussian is a product of two lines, so all the spots are one matrix product.
    rows = np.exp(-0.5 * ((axis - y[:, None]) / radius[:, None]) ** 2) * strength[:, None]
    columns = np.exp(-0.5 * ((axis - x[:, None]) / radius[:, None]) ** 2)
    return (rows.T @ columns).astype(np.float32)


def _body(rng, light, tone):
    """Brightness of the whole: a limb that curves away from the light, gentle bumps, exposure."""
    across = np.linspace(-1, 1, SIZE, dtype=np.float32)
    turn = rng.uniform(0, np.pi)
    off_axis = across[:, None] * np.sin(turn) + across[None] * np.cos(turn) - rng.uniform(-0.5, 0.5)
    curve = rng.uniform(0.0, 0.55)
    slope = -curve * off_axis
    lit = light[2] + slope * (light[0] * np.sin(turn) + light[1] * np.cos(turn)) * -1.0
    lit = lit / np.sqrt(1 + slope**2) / light[2]
    bumps = 1 + 0.035 * smooth_noise(rng, 3)
    exposure = rng.uniform(0.84, 1.02) * (1 + 0.05 * tone)  # a camera opens up for dark skin
    return (np.clip(lit, 0.45, 1.25) * bumps * exposure).astype(np.float32)


def _hair(rng):
    """Coverage (SIZE, SIZE) and colour (3,) of fine hairs that mostly lie one way; about half the images have some."""
    colour = np.array([0.16, 0.11, 0.08], np.float32) * np.float32(rng.uniform(0.5, 2.2))
    if rng.random() < 0.45:
        return np.zeros((SIZE, SIZE), np.float32), colour
    count = int(rng.integers(4, 45))
    along = np.linspace(0, 1, 70)
    y, x = rng.uniform(-10, SIZE + 10, (2, count, 1))
    angle = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.35, (count, 1))
    bend = rng.normal(0, 0.5, (count, 1))
    length = rng.uniform(14, 44, (count, 1))
    turned = angle + bend * along
    step = length / len(along)
    taper = rng.uniform(0.35, 0.8) * smoothstep(along, 1.0, 0.6) * step * np.ones((count, 1))
    hair = splat(
        (y + np.cumsum(np.sin(turned) * step, 1)).ravel(), (x + np.cumsum(np.cos(turned) * step, 1)).ravel(), taper.ravel()
    )
    return np.minimum(hair, 0.9), colour
