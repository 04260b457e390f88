"""Skin, lesions and artefact put together and lit from one side."""

import numpy as np

from .fields import slopes

# How much of red, green and blue the blood of a lesion swallows, on the lightest and on the darkest skin: inflamed dark
# skin looks violet and darker rather than red.
BLOOD_LIGHT = np.array([0.08, 0.72, 0.58], np.float32)
BLOOD_DARK = np.array([0.42, 0.95, 0.72], np.float32)
AMBIENT = np.float32(0.46)


def light_up(skin, lesions=None):
    """Returns the lit picture `(3, SIZE, SIZE)` float32, 0 to 1, of a `Skin` with or without its `Lesions`.

    Where the lesions' layers are zero every step multiplies by one or adds zero, so that those pixels are the same
    to the last bit with and without lesions.
    """
    albedo, slope_y, slope_x, gloss = skin.albedo, skin.slope_y, skin.slope_x, np.float32(0.05)
    if lesions is not None:
        blood = BLOOD_LIGHT + (BLOOD_DARK - BLOOD_LIGHT) * np.float32(skin.tone / 9)
        albedo = albedo * np.exp(-lesions.redness * blood[:, None, None])
        albedo = albedo * (1 - lesions.cover) + lesions.colour
        albedo = albedo * (1 - lesions.shade)
        rise_y, rise_x = slopes(lesions.height)
        taut = 1 - np.float32(0.7) * lesions.cover  # swollen skin loses its furrows
        slope_y, slope_x = slope_y * taut + rise_y, slope_x * taut + rise_x
        gloss = gloss + lesions.gloss
    light_y, light_x, light_z = skin.light
    steep = 1 / np.sqrt(1 + slope_y * slope_y + slope_x * slope_x)
    diffuse = np.maximum((light_z - slope_y * light_y - slope_x * light_x) * steep, 0) / light_z
    half = (skin.light + np.array([0, 0, 1], np.float32)) / np.sqrt(2 + 2 * light_z)  # between the light and the eye
    mirror = np.maximum((half[2] - slope_y * half[0] - slope_x * half[1]) * steep, 0)
    glint = gloss * _sharpen(mirror)
    lit = albedo * ((AMBIENT + (1 - AMBIENT) * diffuse) * skin.shading) + glint * np.float32(0.75)
    return lit * (1 - skin.hair) + skin.hair_colour[:, None, None] * skin.hair


def _sharpen(mirror):
    """The 24th power, by squaring: Blinn's exponent, how small and sharp a glint is."""
    cubed = mirror * mirror * mirror
    return np.square(np.square(np.square(cubed)))


def changed_by(lesions):
    """Returns the mask `(SIZE, SIZE)` bool of every pixel that the lesions change at all, their soft halo included."""
    rise_y, rise_x = slopes(lesions.height)
    layers = (lesions.redness, lesions.shade, lesions.cover, lesions.gloss, rise_y, rise_x)
    return np.any([layer != 0 for layer in layers], axis=0)


def develop(lit, noise):
    """Returns the photograph `(SIZE, SIZE, 3)` uint8 of a lit picture, with the camera's noise."""
    photograph = np.clip(lit + noise, 0, 1) * 255 + np.float32(0.5)
    return np.ascontiguousarray(photograph.astype(np.uint8).transpose(1, 2, 0))
