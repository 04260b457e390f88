"""Files become plain RGB arrays, whatever they were; what is no image is refused in one sentence."""

import contextlib
import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh
from xaihelpers import decoding
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
    "text.png": (b"this is a letter, not a picture", "no image of a format"),
    "huge.png": (huge_png(), "900,000,000 pixels"),
}


def test_a_picture_over_the_limit_is_refused_with_its_size(monkeypatch):
    monkeypatch.setattr("xaihelpers.decoding.MAX_PIXELS", 1000)
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


def test_a_grey_image_may_come_as_rgb_and_a_colour_image_may_not():
    grey = np.arange(20, dtype=np.uint8).reshape(5, 4)
    for given in (grey, grey[..., None], np.stack([grey] * 3, axis=-1)):
        np.testing.assert_array_equal(check_image(given, (None, None, 1)), grey[..., None])
    with pytest.raises(ValueError, match=r"\(5, 4, 3\), in colour, and this classifier takes grey ones") as refused:
        check_image(np.stack([grey, grey, grey + 1], axis=-1), (None, None, 1))
    one_sentence(refused)


def test_preprocessed_images_are_noticed():
    assert looks_preprocessed(np.full((2, 2, 3), -0.5)) and looks_preprocessed(np.linspace(0, 1, 12).reshape(2, 2, 3))
    assert not looks_preprocessed(gradient())
    assert not looks_preprocessed(np.zeros((2, 2, 3)))  # a black image is a black image


# -- what white is ------------------------------------------------------------------------------------------------------


def tiff(array, **options):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="TIFF", **options)
    return buffer.getvalue()


def raw_png(values, filters=0):
    """A PNG of 16 bits, (H, W, C), written by hand: grey, grey with alpha, RGB or RGBA."""
    height, width, channels = values.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(bytes([filters]) + row.astype(">u2").tobytes() for row in values)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def sixteen_bits(shape, seed=0):
    values = np.random.default_rng(seed).integers(0, 65536, shape).astype(np.uint16)
    values.flat[0] = 65535
    return values


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (40, 30)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_value_of_a_16_bit_png_is_divided_by_257(size, channels):
    values = sixteen_bits((*size, channels))
    if channels == 4:
        values[..., 3] = 65535
    loaded = xh.load_image(raw_png(values))
    np.testing.assert_array_equal(loaded, np.broadcast_to(np.rint(values[..., :3] / 257), (*size, 3)))


def test_the_alpha_of_16_bits_is_laid_on_white():
    values = sixteen_bits((5, 6, 4))
    alpha = values[..., 3:] / 65535
    expected = np.rint((values[..., :3] / 65535 * alpha + 1 - alpha) * 255)
    np.testing.assert_array_equal(xh.load_image(raw_png(values)), expected)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("shape", [(9, 8), (9, 8, 3)])
def test_16_bit_tiffs_of_both_byte_orders(byteorder, shape):
    tifffile = pytest.importorskip("tifffile")  # comes with scikit-image
    values, buffer = sixteen_bits(shape), io.BytesIO()
    tifffile.imwrite(buffer, values, byteorder=byteorder, photometric="rgb" if len(shape) == 3 else "minisblack")
    expected = np.rint(values / 257)
    np.testing.assert_array_equal(xh.load_image(buffer.getvalue()), expected if len(shape) == 3 else np.stack([expected] * 3, -1))


def test_16_bits_turned_by_exif_keep_both_bytes():
    tifffile = pytest.importorskip("tifffile")
    values, buffer = sixteen_bits((4, 6, 3)), io.BytesIO()
    tifffile.imwrite(buffer, values, photometric="rgb", extratags=[(274, "H", 1, 6, False)])
    np.testing.assert_array_equal(xh.load_image(buffer.getvalue()), np.rot90(np.rint(values / 257), -1))


SCALES = {  # a file's numbers: dtype, a range that is not that of the type, how it is written
    "10 bits": (np.uint16, (0, 1023), png),
    "12 bits": (np.uint16, (0, 4095), png),
    "12 bits, TIFF": (np.uint16, (0, 4095), tiff),
    "signed": (np.int32, (-1024, 3071), tiff),
    "32 bits": (np.int32, (0, 1_000_000), tiff),
    "floats": (np.float32, (0, 255), tiff),
    "negative floats": (np.float32, (-1, 1), tiff),
    "small floats": (np.float32, (0, 1e-3), tiff),
}


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("share", [0.02, 0.24, 0.26, 1.0])
def test_numbers_without_a_known_white_are_scaled_alike_or_refused(name, share):
    """Slices of one scan, dark and bright: with value_range all on one scale; without it never on two different ones."""
    dtype, (low, high), write = SCALES[name]
    values = (np.linspace(0, 1, 320).reshape(16, 20) * share * (high - low) + low).astype(dtype)
    data = write(Image.fromarray(values)) if write is png else write(values)
    expected = np.rint((values.astype(np.float64) - low) / (high - low) * 255)
    loaded = xh.load_image(data, value_range=(low, high))
    np.testing.assert_array_equal(loaded[..., 0], expected)
    if name == "small floats":
        return  # all between 0 and 1, the usual range of floats
    with pytest.raises(ValueError, match="does not say which of them is white: give value_range=") as refused:
        xh.load_image(data)
    low, high = map(float, str(refused.value).split("value_range=(")[-1][:-2].split(", "))
    assert np.isin([0, 255], xh.load_image(data, value_range=(low, high))).any()


def test_two_neighbouring_slices_are_never_scaled_differently():
    """One number is raised by one grey level, over every border between numbers of bits: the others keep their value."""
    base = np.arange(64, dtype=np.uint16).reshape(8, 8) * 200
    for border in (255, 1023, 4095, 8191, 16383, 32767, 65534):
        seen = []
        for brightest in (border, border + 1):
            values = np.minimum(base, border // 2)
            values[0, 0] = brightest
            with contextlib.suppress(ValueError):  # refused: that is said, and tested above
                seen.append(xh.load_image(png(Image.fromarray(values)))[1:])
        assert len(seen) < 2 or np.array_equal(*seen), border


def test_floats_between_0_and_1_go_to_255():
    values = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(xh.load_image(tiff(values))[..., 0], np.rint(values * 255))
    np.testing.assert_array_equal(xh.load_image(tiff(values / 2))[..., 0], np.rint(values / 2 * 255))


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_one_nan_in_a_float_tiff_changes_no_other_pixel(hole):
    values = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    values[1, 2] = hole
    with pytest.warns(xh.DiagnosticWarning, match="1 pixels that are NaN or infinite"):
        loaded = xh.load_image(tiff(values))[..., 0]
    expected = np.rint(np.nan_to_num(values, nan=0, posinf=1, neginf=0) * 255)
    np.testing.assert_array_equal(loaded, expected)


def test_a_tiff_that_names_its_brightest_value_is_scaled_by_it():
    values = np.array([[0, 1000, 2000, 4095]], np.uint16)
    data = tiff(values, tiffinfo={281: 4095})
    np.testing.assert_array_equal(xh.load_image(data)[0, :, 0], np.rint(values[0] / 4095 * 255))


def test_white_is_zero():
    tifffile = pytest.importorskip("tifffile")
    values, buffer = sixteen_bits((5, 4)), io.BytesIO()
    tifffile.imwrite(buffer, values, photometric="miniswhite")
    np.testing.assert_array_equal(xh.load_image(buffer.getvalue())[..., 0], np.rint((65535 - values.astype(float)) / 257))


def test_a_pgm_says_what_white_is():
    values = np.array([[0, 100, 1000, 4095]], ">u2")
    data = b"P5 4 1 4095\n" + values.tobytes()
    assert np.abs(xh.load_image(data)[0, :, 0] - values[0] / 4095 * 255).max() <= 0.51


def test_black_is_black_whatever_the_bits():
    for values in (np.zeros((4, 4), np.uint16), np.zeros((4, 4), np.int32), np.zeros((4, 4), np.float32)):
        assert (xh.load_image(tiff(values)) == 0).all()


@pytest.mark.parametrize("value_range", [(1, 0), (0, 0), 255, (0, np.nan), ("a", "b"), (0, 1, 2)])
def test_a_value_range_that_is_none(value_range):
    with pytest.raises(ValueError, match="expected \\(black, white\\)") as refused:
        xh.load_image(png(Image.fromarray(gradient())), value_range=value_range)
    one_sentence(refused)


def test_a_palette_with_transparency_is_laid_on_white():
    picture = Image.fromarray(np.array([[0, 1, 2]], np.uint8), mode="P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    assert xh.load_image(png(picture, transparency=1)).tolist() == [[[10, 20, 30], [255, 255, 255], [70, 80, 90]]]


def test_of_16_bits_one_value_may_be_transparent():
    loaded = xh.load_image(png(Image.fromarray(np.array([[0, 500, 65535]], np.uint16)), transparency=500))
    assert loaded[0, :, 0].tolist() == [0, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "L", "I;16", "1", "CMYK"])
def test_every_orientation_of_every_mode(orientation, mode):
    """Turned as Pillow turns the plain colours: a corner marked in the file ends in the corner that EXIF names."""
    marked = np.zeros((4, 6), np.uint16)
    marked[0, 0] = 65535
    picture = Image.fromarray(marked) if mode == "I;16" else Image.fromarray((marked / 257).astype(np.uint8)).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    picture.save(buffer, format="TIFF" if mode == "CMYK" else "PNG", exif=exif)
    loaded = xh.load_image(buffer.getvalue())[..., 0]
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}[orientation]
    assert loaded.shape == ((4, 6) if orientation < 5 else (6, 4)) and loaded[corner] == 255 and (loaded == 255).sum() == 1


def test_a_cmyk_jpeg_keeps_its_colours():
    buffer = io.BytesIO()
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(buffer, format="JPEG", quality=95)
    assert np.abs(xh.load_image(buffer.getvalue()).astype(int) - [255, 0, 0]).max() < 8


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_every_animated_format_the_first_frame_is_taken(kind):
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, format=kind, save_all=True, append_images=frames[1:], **({"lossless": True} if kind == "WEBP" else {}))
    assert (xh.load_image(buffer.getvalue()) == [255, 0, 0]).all()


# -- channels and sizes ---------------------------------------------------------------------------------------------------


def test_one_channel_for_a_network_of_one_channel():
    """An MNIST-like file comes back as its own numbers, one channel; a colour as its luma (ITU-R 601-2)."""
    digit = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    loaded = xh.load_image(png(Image.fromarray(digit)), size=28, channels=1)
    assert loaded.shape == (28, 28, 1) and np.array_equal(loaded[..., 0], digit)
    colour = np.broadcast_to(np.uint8([200, 100, 50]), (4, 4, 3))
    assert xh.load_image(png(Image.fromarray(colour)), channels=1)[0, 0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    wide = xh.load_image(raw_png(sixteen_bits((6, 5, 1))), channels=1)
    np.testing.assert_array_equal(wide[..., 0], np.rint(sixteen_bits((6, 5, 1))[..., 0] / 257))
    assert xh.images.fit_image(loaded, (14, 20)).shape == (14, 20, 1)
    for channels in (0, 2, True, "grey"):
        with pytest.raises(ValueError, match="channels is"):
            xh.load_image(png(Image.fromarray(digit)), channels=channels)


@pytest.mark.parametrize("shape", [(60, 100, 3), (100, 60, 3), (8, 8, 3), (None, 100, 3), (60, None, 3)])
def test_the_size_that_a_refusal_asks_for_is_then_accepted(shape):
    photo = png(Image.fromarray(gradient(50, 41)))
    with pytest.raises(ValueError, match="load_image") as refused:
        check_image(xh.load_image(photo), shape)
    size = str(refused.value).split("size=")[1].removesuffix(").").strip("()").split(", ")
    size = [int(edge) for edge in size]
    loaded = xh.load_image(photo, size=tuple(size) if len(size) == 2 else size[0])
    assert check_image(loaded, shape).shape == loaded.shape
    assert xh.load_image(photo, size=loaded.shape).shape == loaded.shape


# -- which formats ----------------------------------------------------------------------------------------------------------

STRANGERS = {
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n",
    "psd": b"8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x04\x00\x08\x00\x03" + bytes(40),
    "pcx": b"\x0a\x05\x01\x08" + bytes(124),
    "ico": b"\x00\x00\x01\x00\x01\x00" + bytes(40),
    "fits": b"SIMPLE  =                    T" + b" " * 50 + b"END".ljust(2800),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}


@pytest.mark.parametrize("name", STRANGERS)
def test_other_formats_are_not_opened(name, tmp_path, monkeypatch):
    monkeypatch.setattr("subprocess.check_call", lambda *args, **named: pytest.fail("a program was started"))
    (tmp_path / f"photo.{name}").write_bytes(STRANGERS[name])
    for source in (tmp_path / f"photo.{name}", STRANGERS[name]):
        with pytest.raises(ValueError, match="no image of a format that is read here"):
            xh.load_image(source)


def test_every_file_is_opened_in_one_place(repository):
    """`Image.open` stands in one module, which names the formats."""
    places = {p.name for p in (repository / "xaihelpers").rglob("*.py") if "Image.open(" in p.read_text(encoding="utf-8")}
    assert places == {"decoding.py"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "JPEG2000"])
def test_files_cut_short_or_scrambled_are_one_sentence(kind):
    buffer, random = io.BytesIO(), np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (40, 50, 3)).astype(np.uint8)).save(buffer, format=kind)
    whole = buffer.getvalue()
    assert xh.load_image(whole).shape == (40, 50, 3)
    for _ in range(30):
        broken = bytearray(whole[: random.integers(1, len(whole))])
        for place in random.integers(0, len(broken), 8):
            broken[place] = random.integers(256)
        with contextlib.suppress(ValueError), _one_line():
            xh.load_image(bytes(broken), max_pixels=100_000)


@contextlib.contextmanager
def _one_line():
    """What is refused in this block is refused in one line."""
    try:
        yield
    except ValueError as refused:
        if "\n" in str(refused) or not str(refused).endswith("."):
            pytest.fail(str(refused))
        raise


def test_32_bits_without_a_sign_are_no_negative_numbers():
    tifffile = pytest.importorskip("tifffile")
    values, buffer = np.array([[0, 2**31, 2**32 - 1]], np.uint32), io.BytesIO()
    tifffile.imwrite(buffer, values, photometric="minisblack")
    assert xh.load_image(buffer.getvalue(), value_range=(0, 2**32 - 1))[0, :, 0].tolist() == [0, 128, 255]


def test_a_landscape_and_a_portrait_lose_the_same_on_both_sides():
    pixels = np.zeros((30, 50, 3), np.uint8)
    pixels[:, 10:40] = 200
    for picture in (pixels, pixels.transpose(1, 0, 2)):
        assert (xh.load_image(png(Image.fromarray(picture)), size=30) == 200).all()
        assert (xh.images.fit_image(picture, (30, 30)) == 200).all()
    # Of 20 x 10 pixels for a picture twice as high as wide: 5 of the 10 columns are not needed, 3 on one side and 2 on the other.
    pixels = np.arange(10, dtype=np.uint8).repeat(3).reshape(1, 10, 3).repeat(10, axis=0)
    np.testing.assert_array_equal(xh.images.fit_image(pixels, (10, 5))[..., 0], np.tile(np.arange(2, 7), (10, 1)))
    np.testing.assert_array_equal(
        xh.images.fit_image(pixels.transpose(1, 0, 2), (5, 10))[..., 0].T, np.tile(np.arange(2, 7), (10, 1))
    )


def test_a_map_is_enlarged_between_its_places():
    np.testing.assert_allclose(xh.images.resize_map([[0, 1]], (1, 4)), [[0, 0.25, 0.75, 1]])
    np.testing.assert_allclose(xh.images.resize_map([[0], [-1]], (4, 1)), [[0], [-0.25], [-0.75], [-1]])
    assert xh.images.resize_map([[5, 6, 7]], (2, 3)).tolist() == [[5, 6, 7]] * 2


def test_any_number_of_channels_can_be_looked_at():
    grey = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(xh.images.as_rgb(grey), np.stack([grey] * 3, axis=-1))
    deep = np.arange(2 * 3 * 8).reshape(2, 3, 8)
    for channels, shown in ((1, [0, 0, 0]), (2, [0, 0, 0]), (3, [0, 1, 2]), (4, [0, 1, 2]), (5, [0, 1, 2]), (8, [0, 1, 2])):
        np.testing.assert_array_equal(xh.images.as_rgb(deep[..., :channels]), deep[..., shown])


def test_a_checked_image_is_float32_with_the_same_numbers():
    for kind in (bool, np.uint8, np.int64, np.float16, np.float64):
        pixels = (np.arange(12).reshape(2, 2, 3) % 2).astype(kind)
        checked = check_image(pixels)
        assert checked.dtype == np.float32
        np.testing.assert_array_equal(checked, pixels)


@pytest.mark.parametrize("path", ["x" * 5000, "~nobody-of-this-name/a.png", "a\0b.png"])
def test_what_can_be_no_path_is_one_sentence(path):
    with pytest.raises((ValueError, FileNotFoundError), match="can't be a path|There is no file"):
        xh.load_image(path)


def test_images_of_one_three_and_four_channels_become_one_another():
    grey, colours = np.uint8([[[10], [200]]]), np.uint8([[[10, 20, 30], [200, 100, 0]]])
    with_channels = xh.images.with_channels
    np.testing.assert_array_equal(with_channels(grey, 3), [[[10] * 3, [200] * 3]])
    np.testing.assert_array_equal(with_channels(grey, 4), [[[10, 10, 10, 255], [200, 200, 200, 255]]])
    np.testing.assert_array_equal(with_channels(colours, 1), np.rint(colours @ [[0.299], [0.587], [0.114]]))
    np.testing.assert_array_equal(with_channels(colours, 4), [[[10, 20, 30, 255], [200, 100, 0, 255]]])
    for image, channels in ((grey, 1), (colours, 3), (colours, 7)):
        assert with_channels(image, channels) is image


def test_odd_exif_data_are_nobodys_business():
    buffer = io.BytesIO()
    Image.fromarray(gradient()).save(buffer, format="JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x0f\x01")
    with pytest.warns(UserWarning, match="EXIF"):
        Image.open(buffer).getexif()  # Pillow says it
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert xh.load_image(buffer.getvalue()).shape == (30, 40, 3)


def test_a_pillow_that_lacks_a_format_opens_the_others(monkeypatch):
    monkeypatch.setattr(decoding, "FORMATS", ("HEARSAY", *decoding.FORMATS))
    np.testing.assert_array_equal(xh.load_image(png(Image.fromarray(gradient()))), gradient())
