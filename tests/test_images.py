"""Files become plain RGB arrays, whatever they were; what is no image is refused in one sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh
from xaihelpers.images import check_image, looks_preprocessed


def png(picture, **options):
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", **options)
    return buffer.getvalue()


def gradient(width=40, height=30):
    """A picture in which red grows to the right and green grows downwards."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([x, y, np.full_like(x, 7)], axis=-1).astype(np.uint8)


def test_an_rgb_file_comes_back_as_it_was(tmp_path):
    pixels = gradient()
    Image.fromarray(pixels).save(tmp_path / "a.png")
    loaded = xh.load_image(tmp_path / "a.png")
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, pixels)
    np.testing.assert_array_equal(xh.load_image((tmp_path / "a.png").read_bytes()), pixels)


def test_exif_rotation_is_applied(tmp_path):
    pixels = gradient()
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(xh.load_image(tmp_path / "turned.png"), np.rot90(pixels, -1))


def test_centre_crop_takes_the_middle_square():
    pixels = np.zeros((30, 50, 3), np.uint8)
    pixels[:, 10:40] = 200  # exactly the middle square
    assert (xh.load_image(png(Image.fromarray(pixels)), size=30) == 200).all()
    assert xh.load_image(png(Image.fromarray(pixels)), size=17).shape == (17, 17, 3)


def test_transparency_is_laid_on_white():
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[:2, :, 3] = 255  # upper half black and opaque, lower half transparent
    loaded = xh.load_image(png(Image.fromarray(rgba)))
    assert (loaded[:2] == 0).all() and (loaded[2:] == 255).all()


def test_sixteen_bits_keep_their_brightness():
    loaded = xh.load_image(png(Image.fromarray(np.array([[0, 257 * 100, 65535]], np.uint16))))
    np.testing.assert_array_equal(loaded[0, :, 0], [0, 100, 255])


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "YCbCr"])
def test_every_mode_becomes_rgb(mode):
    picture = Image.fromarray(gradient()).convert(mode)
    buffer = io.BytesIO()
    picture.save(buffer, format={"CMYK": "JPEG", "YCbCr": "JPEG", "LA": "TIFF"}.get(mode, "PNG"))
    loaded = xh.load_image(buffer.getvalue())
    assert loaded.shape == (30, 40, 3) and loaded.dtype == np.uint8
    expected = np.asarray(Image.open(io.BytesIO(buffer.getvalue())).convert("RGB"), dtype=int)
    assert np.abs(loaded - expected).max() <= 1


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (5, 5), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, format="GIF", save_all=True, append_images=frames[1:])
    assert (xh.load_image(buffer.getvalue()) == [255, 0, 0]).all()


def huge_png():
    """A PNG whose header says 30,000 x 30,000 pixels; nobody may try to decode it."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def truncated_jpeg():
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(buffer, format="JPEG")
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


BAD_FILES = {
    "truncated.jpg": (truncated_jpeg(), "damaged or incomplete"),
    "empty.png": (b"", "empty"),
    "text.png": (b"this is a letter, not a picture", "no image"),
    "huge.png": (huge_png(), "900,000,000 pixels"),
}


def test_a_picture_over_the_limit_is_refused_with_its_size(monkeypatch):
    monkeypatch.setattr("xaihelpers.images.MAX_PIXELS", 1000)
    with pytest.raises(ValueError, match="40 x 30 pixels, over the 1,000 allowed"):
        xh.load_image(png(Image.fromarray(gradient())))


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_refused_in_one_sentence(tmp_path, name):
    data, words = BAD_FILES[name]
    (tmp_path / name).write_bytes(data)
    for given in (tmp_path / name, data):
        with pytest.raises(ValueError, match=words) as refused:
            xh.load_image(given)
        one_sentence(refused)


def one_sentence(refused):
    """The message is one line, ends as a sentence does, and comes without a second error behind it."""
    text = str(refused.value)
    assert "\n" not in text and text.endswith(".") and len(text) < 300, text
    assert refused.value.__cause__ is None


def test_a_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(ValueError, match="folder") as refused:
        xh.load_image(tmp_path)
    one_sentence(refused)
    with pytest.raises(FileNotFoundError, match="no file .*nothing.jpg") as refused:
        xh.load_image(tmp_path / "nothing.jpg")
    one_sentence(refused)
    with pytest.raises(TypeError, match="int"):
        xh.load_image(3)
    with pytest.raises(ValueError, match="size is 0"):
        xh.load_image(tmp_path / "nothing.jpg", size=0)


@pytest.mark.parametrize("name", xh.photo_names())
def test_every_sample_photo_has_pixels_and_a_credit(name):
    photo = xh.sample_photo(name, 64)
    assert photo.shape == (64, 64, 3) and photo.dtype == np.uint8 and photo.std() > 5
    assert "from" in xh.photo_credit(name)


def test_an_unknown_photo_lists_what_there_is():
    with pytest.raises(ValueError, match="chelsea"):
        xh.sample_photo("chelsa")


BAD_ARRAYS = {
    "grey": (np.zeros((8, 8)), "grey"),
    "rgba": (np.zeros((8, 8, 4)), "RGBA"),
    "batch": (np.zeros((1, 8, 8, 3)), r"image\[0\]"),
    "channels first": (np.zeros((3, 8, 8)), r"\(H, W, 3\)"),
    "wrong size": (np.zeros((9, 8, 3)), "9 x 8 pixels and this classifier takes 8 x 8"),
    "NaN": (np.full((8, 8, 3), np.nan), "NaN"),
    "infinite": (np.full((8, 8, 3), np.inf), "infinite"),
    "16 bit": (np.full((8, 8, 3), 40_000.0), "40000"),
    "no pixels": (np.zeros((0, 8, 3)), "no pixels"),
    "words": (np.array("cat"), "type"),
    "objects": (np.array([None, {}]), "type"),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_arrays_are_refused_in_one_sentence(name):
    array, words = BAD_ARRAYS[name]
    with pytest.raises((ValueError, TypeError), match=words) as refused:
        check_image(array, (8, 8, 3))
    one_sentence(refused)


def test_preprocessed_images_are_noticed():
    assert looks_preprocessed(np.full((2, 2, 3), -0.5)) and looks_preprocessed(np.linspace(0, 1, 12).reshape(2, 2, 3))
    assert not looks_preprocessed(gradient())
    assert not looks_preprocessed(np.zeros((2, 2, 3)))  # a black image is a black image
