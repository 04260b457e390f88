"""Advice about files, folders, tables, training data, widgets and the playground is followed, as in test_advice.py."""

import io
import re
import shutil
import zipfile

import keras
import networks
import numpy as np
import pytest
from PIL import Image
from test_advice import IMAGE, chosen, classifier, is_followed, numbers, plain

import xaihelpers as xh
from xaihelpers.classifier.keeping import MEMBER, in_range
from xaihelpers.comparison import claims
from xaihelpers.comparison.board import entered_as
from xaihelpers.comparison.protocol import difference
from xaihelpers.course.stored import stored
from xaihelpers.training.evaluation import evaluate
from xaihelpers.zoo import backbones

L = keras.layers
LABELS = list("ab") * 6


def png(edge=40, seed=0, **options):
    """The bytes of an image file."""
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (edge, edge, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, **{"format": "PNG", **options})
    return buffer.getvalue()


def filled(folder, *names):
    """A folder with these files in it, each an image of its own; what ends in / is an empty folder."""
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.write_bytes(png(seed=seed))
    return folder


def read(folder, **options):
    return xh.images_from_folder(folder, 32, progress=False, **options)


def moved(folder, files, where):
    (folder / where).mkdir(exist_ok=True)
    for file in files:
        shutil.move(folder / file, folder / where / file)
    return folder


def written(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def saved(path):
    networks.gap_network().save(path)
    return path


def of_two_inputs(folder):
    """A SavedModel that serves two inputs."""
    a, b = keras.Input((8, 8, 3)), keras.Input((1,))
    keras.Model([a, b], L.Dense(2)(L.Concatenate()([L.GlobalAveragePooling2D()(a), b]))).export(folder, verbose=False)
    return folder


def tiff(mode="LAB"):
    buffer = io.BytesIO()
    Image.new(mode, (40, 40)).save(buffer, format="TIFF")
    return buffer.getvalue()


def bomb():
    """A PNG whose header says 40,000 x 40,000 pixels."""
    import struct
    import zlib

    data = png()
    head = b"IHDR" + struct.pack(">II", 40_000, 40_000) + data[24:29]
    return data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]


def spoiled(path, member, data=b"\xff{"):
    """A kept classifier, one part of which is damaged."""
    classifier().save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {member: data}).items():
            archive.writestr(name, content)
    return path


def table(values=(0.1, 0.2, 0.3), names="abc"):
    import pandas as pd

    rows = {"image": list(names), "method": "m", "metric": "x", "value": list(values), "passes": 1, "seconds": 1.0, "note": ""}
    return pd.DataFrame(rows)


# {name: (what is refused, in a folder; what the sentence says; what it says to do, in that folder, given the sentence)}
CASES = {
    # image files
    "a file that there is not": (
        lambda f: xh.load_image(filled(f, "cat.png") / "cta.png"),
        "check the spelling and the folder you are in",
        lambda f, m: xh.load_image(f / "cat.png"),
    ),
    "an empty file": (
        lambda f: xh.load_image(written(f / "cat.png", b"")),
        r"is empty \(0 bytes\): save or download it again",
        lambda f, m: xh.load_image(written(f / "cat.png", png())),
    ),
    "no bytes": (
        lambda f: xh.load_image(b""), "image bytes are empty: read the file again",
        lambda f, m: xh.load_image(written(f / "cat.png", png()).read_bytes()),
    ),
    "a path that can be none": (
        lambda f: xh.load_image("x" * 5000),
        "give that of an image file, or its bytes",
        lambda f, m: (xh.load_image(written(f / "cat.png", png())), xh.load_image(png())),
    ),
    "a folder for a file": (
        lambda f: xh.load_image(filled(f, "a/1.png", "b/1.png", "a/2.png", "b/2.png")),
        "give one image file, or use images_from_folder for a whole folder",
        lambda f, m: (xh.load_image(f / "a" / "1.png"), read(f)),
    ),
    "a text": (
        lambda f: xh.load_image(b"no image at all"),
        "give a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF file",
        lambda f, m: [xh.load_image(png(format=kind)) for kind in ("JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF")],
    ),
    "half a file": (
        lambda f: xh.load_image(png()[:500]), "damaged or incomplete .*: save or download it again",
        lambda f, m: xh.load_image(png()),
    ),
    "colours of LAB": (
        lambda f: xh.load_image(tiff()),
        "has the colours of the LAB model: save it as RGB",
        lambda f, m: xh.load_image(tiff("RGB")),
    ),
    "too many pixels": (
        lambda f: xh.load_image(png(), max_pixels=1000),
        "over the 1,000 allowed: make it smaller first",
        lambda f, m: xh.load_image(png(edge=30), max_pixels=int(numbers(m.replace(",", ""), "over the")[0])),
    ),
    "far too many pixels": (
        lambda f: xh.load_image(bomb()),
        "pixels, over the .* allowed: make it smaller first",
        lambda f, m: xh.load_image(png()),
    ),
    "a size of three numbers and more": (
        lambda f: xh.load_image(png(), (8, 8, 3, 1)),
        r"expected an edge in pixels, or \(height, width\)",
        lambda f, m: [xh.load_image(png(), size) for size in (8, (8, 10))],
    ),
    "a size beyond all": (
        lambda f: xh.load_image(png(), 100_000), "over .* pixels; give less", lambda f, m: xh.load_image(png(), 64),
    ),
    "numbers without a white": (
        lambda f: xh.load_image(_twelve_bits()),
        r"give value_range=\(black, white\), the same for every image of a set, such as value_range=\(0, ",
        lambda f, m: xh.load_image(_twelve_bits(), value_range=tuple(map(int, numbers(m, "such as value_range")))),
    ),
    "a range of one number": (
        lambda f: xh.load_image(_twelve_bits(), value_range=4095),
        r"expected \(black, white\), such as \(0, 4095\)",
        lambda f, m: xh.load_image(_twelve_bits(), value_range=tuple(map(int, numbers(m, "such as")))),
    ),
    "a picture that there is not": (
        lambda f: xh.read_png(f / "map.png"),
        "There is no file .*: check the spelling and the folder you are in",
        lambda f, m: (xh.save_png(f / "map.png", xh.saliency(classifier(), IMAGE)), xh.read_png(f / "map.png")),
    ),
    "a sample photo that there is not": (
        lambda f: xh.sample_photo("cofee"), "There is no sample photo 'cofee': choose from",
        lambda f, m: xh.sample_photo(chosen(m), 32),
    ),
    # folders
    "a folder that can be none": (
        lambda f: read(3), "can't be a folder: give the path of one",
        lambda f, m: read(filled(f, "a/1.png", "a/2.png", "b/1.png", "b/2.png")),
    ),
    "a folder that there is not": (
        lambda f: read(filled(f, "data/a/1.png", "data/a/2.png", "data/b/1.png", "data/b/2.png") / "date"),
        "expected a folder with one subfolder of images for each class; check the spelling and the folder you are in",
        lambda f, m: read(f / "data"),
    ),
    "a part that is a number": (
        lambda f: read(filled(f, *_divided()), part=1),
        "give the name of a subfolder, such as 'train', or None",
        lambda f, m: read(f, part="train"),
    ),
    "a part that one class has not": (
        lambda f: read(filled(f, *_divided(), "a/new/1.png", "a/new/2.png"), part="new"),
        "give a part that every class has, or part=None",
        lambda f, m: (read(f, part="train"), read(moved(f, [], "."), part="test")),
    ),
    "classes that are divided": (
        lambda f: read(filled(f, *_divided())),
        "say which one to read, such as part='train'",
        lambda f, m: read(f, part=re.search(r"part='(.*?)'", m)[1]),
    ),
    "files without folders": (
        lambda f: read(filled(f, "1.png", "2.png", "3.png", "4.png")),
        "has files but no subfolders: .*; move the images into them",
        lambda f, m: read(moved(moved(f, ["1.png", "2.png"], "a"), ["3.png", "4.png"], "b")),
    ),
    "parts beside a class": (
        lambda f: read(filled(f, "train/1.png", "train/2.png", "cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png")),
        "move what is no class out of the folder, and rename what is one",
        lambda f, m: (shutil.move(f / "train", f.parent / f"{f.name}-train"), read(f)),
    ),
    "parts without classes": (
        lambda f: read(filled(f, "train/1.png", "train/2.png", "train/3.png", "train/4.png", "test/1.png")),
        "give one of them, such as .*, after sorting its images into one subfolder a class",
        lambda f, m: read(
            moved(moved(_named_in(m), ["1.png", "2.png"], "a"), ["3.png", "4.png"], "b")
            if _named_in(m).name == "train"
            else moved(moved(filled(_named_in(m), "2.png", "3.png", "4.png"), ["1.png", "2.png"], "a"), ["3.png", "4.png"], "b")
        ),
    ),
    "classes one folder further down": (
        lambda f: read(filled(f, *(f"only/{name}/{i}.png" for name in "ab" for i in range(2)))),
        "may be them, then give",
        lambda f, m: read(re.search(r"then give (.*)\.$", m)[1]),
    ),
    "classes in each of several folders": (
        lambda f: read(filled(f, *(f"{site}/{name}/{i}.png" for site in ("x", "y") for name in "ab" for i in range(2)))),
        "give one of them, such as .*, or move the images up into their class folders",
        lambda f, m: (read(re.search(r"such as (.*?), or move", m)[1]), read(_moved_up(f))),
    ),
    # model files
    "a model file that is a number": (
        lambda f: xh.load_model(3),
        "give the path of a .keras or .h5 file",
        lambda f, m: [xh.load_model(saved(f / f"m{ending}")) for ending in (".keras", ".h5")],
    ),
    "a model file that there is not": (
        lambda f: xh.load_model(f / "m.keras"),
        "check the spelling; it is looked for from",
        lambda f, m: xh.load_model(saved(f / "m.keras")),
    ),
    "a file of another program": (
        lambda f: xh.load_model(written(f / "m.onnx", b"x")),
        r"save the model with model.save\('name.keras'\), and give that file",
        lambda f, m: xh.load_model(saved(f / re.search(r"save\('(.*?)'\)", m)[1])),
    ),
    "a part of a SavedModel": (
        lambda f: xh.load_model(_exported(f / "m") / "saved_model.pb"),
        "give the folder in which it lies",
        lambda f, m: xh.load_model(f / "m"),
    ),
    "an archive": (
        lambda f: xh.load_model(_zipped(saved(f / "keras_model.h5"))),
        r"unpack it, and give the model inside \(keras_model.h5",
        lambda f, m: (shutil.unpack_archive(f / "m.zip", f / "out"), xh.load_model(f / "out" / "keras_model.h5")),
    ),
    "weights alone": (
        lambda f: xh.load_model(_weights(f / "m.weights.h5")),
        "holds weights only: build the model in code, load_weights into it, and save the model with",
        lambda f, m: (
            (model := networks.gap_network()).load_weights(f / "m.weights.h5"), model.save(f / "m.keras"),
            xh.load_model(f / "m.keras"),
        ),
    ),
    "code in a model": (
        lambda f: xh.load_model(_of_layer(f / "m.keras", L.Lambda(lambda x: x / 255))),
        "Use a layer of Keras, such as Rescaling, and save the model again",
        lambda f, m: xh.load_model(_of_layer(f / "m.keras", L.Rescaling(1 / 255))),
    ),
    "a folder that is no SavedModel": (
        lambda f: xh.load_model(f),
        "give a .keras or .h5 file, or the folder of a SavedModel",
        lambda f, m: [xh.load_model(p) for p in (saved(f / "m.keras"), saved(f / "m.h5"), _exported(f / "m"))],
    ),
    "a SavedModel of two inputs": (
        lambda f: xh.load_model(of_two_inputs(f / "m")),
        r"expected one batch of images, and one answer; save the model with model.save\('name.keras'\)",
        lambda f, m: xh.load_model(saved(f / "name.keras")),
    ),
    "names that are damaged": (
        lambda f: xh.load_classifier(spoiled(f / "m.keras", MEMBER)),
        "its class names can't be read: save the classifier again",
        lambda f, m: xh.load_classifier(classifier().save(f / "m.keras")),
    ),
    "a range that there is not": (
        lambda f: in_range("0 to 7"), "values is '0 to 7': choose from", lambda f, m: in_range(chosen(m)),
    ),
    "a function to keep": (
        lambda f: plain().save(f / "m.keras"),
        "which can't be kept in a file: keep its code",
        lambda f, m: exec("answer = lambda x: np.full((len(x), 2), 0.5)\nxh.Classifier(answer).probabilities(image)",
                          {"np": np, "xh": xh, "image": IMAGE}),
    ),
    "an option that can't be kept": (
        lambda f: _held().save(f / "m.keras"), "keep the code that makes it", lambda f, m: _held().probabilities(IMAGE),
    ),
    "weights of another backbone": (
        lambda f: backbones._load_file(networks.gap_network(), _weights(f / "m.weights.h5", networks.gap_network(classes=5))),
        "give a .weights.h5 file that model.save_weights wrote for the same backbone",
        lambda f, m: backbones._load_file(networks.gap_network(), _weights(f / "m.weights.h5")),
    ),
    "a backbone that there is not": (
        lambda f: backbones._checked("xcption", None, 128), "There is no backbone .*: choose from .*, or give a Keras model",
        lambda f, m: backbones._checked(chosen(m), None, 128),
    ),
    # tables
    "a table's file that is a number": (
        lambda f: _compared(3),
        "give the path of a CSV file, or None",
        lambda f, m: (_compared(f / "t.csv"), _compared(None)),
    ),
    "a table in a folder that there is not": (
        lambda f: _compared(f / "no" / "t.csv"),
        "give the path of a CSV file, in a folder that there is",
        lambda f, m: _compared(f / "t.csv"),
    ),
    "a table of other images": (
        lambda f: (_compared(f / "t.csv"), _compared(f / "t.csv", IMAGE[::-1])),
        "was written for other images, networks or settings: give another file, or delete it",
        lambda f, m: (_compared(f / "u.csv", IMAGE[::-1]), (f / "t.csv").unlink(), _compared(f / "t.csv", IMAGE[::-1])),
    ),
    "a stored result that there is not": (
        lambda f: stored("pictures"), "There is no stored result 'pictures': choose from", lambda f, m: stored(chosen(m)),
    ),
    "a claim that can't be read": (
        lambda f: claims.check("RISE wins"),
        "write 'question: A beats B'; questions are",
        lambda f, m: claims.check(f"{re.search('questions are (.*?),', m)[1]}: RISE, mean, 300 masks beats controls"),
    ),
    "tables of other images": (
        lambda f: difference(table(), table(names="abd"), "x"),
        "run both on the same",
        lambda f, m: difference(table(), table(), "x"),
    ),
    "a technique with other arguments": (
        lambda f: entered_as(lambda image: image, "mine"),
        r"expected \(classifier, image, target\)",
        lambda f, m: entered_as(lambda classifier, image, target: image[..., 0], "mine"),
    ),
    # training
    "labels for other images": (
        lambda f: evaluate(classifier(), IMAGE[None], [0, 1]),
        "There are 1 images and 2 labels: give one label for each image",
        lambda f, m: evaluate(classifier(), IMAGE[None], [0]),
    ),
}  # fmt: skip


def _twelve_bits():
    buffer = io.BytesIO()
    Image.fromarray((np.arange(1600).reshape(40, 40) * 2).astype(np.uint16)).save(buffer, format="PNG")
    return buffer.getvalue()


def _divided():
    return [f"{name}/{part}/{i}.png" for name in "ab" for part in ("train", "test") for i in range(2)]


def _named_in(message):
    from pathlib import Path

    return Path(re.search(r"such as (.*?), after", message)[1])


def _moved_up(folder):
    for file in sorted(folder.glob("*/*/*.png")):
        site, name = file.relative_to(folder).parts[:2]
        (folder / name).mkdir(exist_ok=True)
        shutil.move(file, folder / name / f"{site}{file.name}")
    for site in ("x", "y"):
        shutil.rmtree(folder / site)
    return folder


def _exported(folder):
    networks.gap_network().export(folder, verbose=False)
    return folder


def _zipped(path):
    with zipfile.ZipFile(path.parent / "m.zip", "w") as archive:
        archive.write(path, path.name)
    return path.parent / "m.zip"


def _weights(path, model=None):
    (model or networks.gap_network()).save_weights(path)
    return path


def _of_layer(path, layer):
    keras.Sequential([keras.Input((8, 8, 3)), layer, networks.gap_network()]).save(path)
    return path


def _held():
    image, age = keras.Input((8, 8, 3), name="image"), keras.Input((1,), name="age")
    model = keras.Model([image, age], L.Softmax()(L.Add()([networks.gap_network(activation=None)(image), age])))
    return xh.Classifier(model, inputs={"age": np.float32([1])})


def _compared(file, image=IMAGE):
    return xh.compare(classifier(), [image], methods=["saliency"], metrics=["sparseness"], progress=False, file=file)


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name, tmp_path):
    refused, words, follow = CASES[name]
    is_followed(lambda: refused(tmp_path), words, lambda message: follow(tmp_path, message))
