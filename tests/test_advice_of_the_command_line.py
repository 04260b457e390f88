"""Advice of the command line is followed: one line says what is wrong; what it says is done, and the picture is written."""

import re
from pathlib import Path

import networks
import numpy as np
import pytest
from PIL import Image

from xaihelpers.command_line import main
from xaihelpers.saving import read_png


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "mine.keras"
    networks.gap_network(size=16).save(path)
    return path


@pytest.fixture
def run(model, tmp_path, monkeypatch):
    """Return a function of arguments: it explains cat.png, and returns the parameters that were kept of each technique."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(networks.image(size=20)).save("cat.png")
    (tmp_path / "empty").mkdir()

    def explained(*arguments, photo="cat.png", picture="cat-explained.png"):
        if code := main([photo, "--model", str(model), *arguments]):
            raise SystemExit(code)
        return {each["method"]: each["parameters"] for each in read_png(tmp_path / picture)["results"]}

    return explained


def two(message):
    """The last two words of a line: an option, and what is given to it."""
    return re.search(r"add (--method) (\w+)", message).groups()


# {name: (what is refused, what the line says, whether what it says to do is right, given the line)}
CASES = {
    "a setting of another technique": (
        lambda run: run("--set", "rise.n_masks=20"),
        "--set got 'rise.n_masks=20', but rise is not among the techniques asked for: add --method rise",
        lambda run, m: run("--set", "rise.n_masks=20", *two(m))["rise"]["n_masks"] == 20,
    ),
    "a setting of no technique": (
        lambda run: run("--set", "rize.n_masks=20"),
        "--set got 'rize.n_masks=20', and there is no technique 'rize': choose from",
        lambda run, m: (
            "rise" in re.search(r"choose from (.*?) \(", m)[1].split(", ")
            and run("--set", "rise.n_masks=20", "--method", "rise")["rise"]["n_masks"] == 20
        ),
    ),
    "a setting without a value": (
        lambda run: run("--set", "relu"),
        "--set got 'relu': write technique.setting=value, as in rise.n_masks=500",
        lambda run, m: run("--set", "grad_cam.relu=no")["grad_cam"]["relu"] is False,
    ),
    "the setting that is the example": (
        lambda run: run("--set", "n_masks"),
        "--set got 'n_masks': write technique.setting=value, as in rise.n_masks=500",
        lambda run, m: run("-m", "rise", "--set", re.search(r"as in (\S+)", m)[1])["rise"]["n_masks"] == 500,
    ),
    "neither yes nor no": (
        lambda run: run("--set", "relu=maybe"),
        "--set got relu=maybe: expected true or false",
        lambda run, m: [run("--set", f"relu={each}")["grad_cam"]["relu"] for each in ("true", "false")] == [True, False],
    ),
    "a file in a folder that there is not": (
        lambda run: run("--out", "maps/cat.png"),
        "There is no folder maps: make it first, or choose another with --out",
        lambda run, m: made("maps") and "grad_cam" in run("--out", "maps/cat.png", picture="maps/cat.png"),
    ),
    "another folder": (
        lambda run: run("--out", "maps/cat.png"),
        "There is no folder maps: make it first, or choose another with --out",
        lambda run, m: "grad_cam" in run("--out", "empty/cat.png", picture="empty/cat.png"),
    ),
    "a folder in a folder that there is not": (
        lambda run: run("--out", "maps/of/cats", photo=filled()),
        "of: make it first, or choose another with --out",
        lambda run, m: (
            made("maps/of") and bool(run("--out", "maps/of/cats", photo=filled(), picture="maps/of/cats/one-explained.png"))
        ),
    ),
    "a network twice over": (
        lambda run: run("-c", "rashnet"),
        "--classifier and --model were both given: give one of them",
        lambda run, m: "grad_cam" in run() and main(["cat.png", "-c", "rashnet"]) == 0,
    ),
    "names for a network of the course": (
        lambda run: done("cat.png", "-c", "rashnet", "--names", "one,two,three"),
        "--names and --range are for a model of your own: give --model FILE too",
        lambda run, m: "grad_cam" in run("--names", "one,two,three", "--range", "0 to 255"),
    ),
    "no photo": (
        lambda run: done("-m", "saliency"),
        "no photo was given: name an image file",
        lambda run, m: "saliency" in run("-m", "saliency"),
    ),
    "a file for several photos": (
        lambda run: done(filled(), "cat.png", "--out", "maps.png"),
        "--out is 'maps.png' for several photos: give a folder, such as maps",
        lambda run, m: bool(run("--out", re.search(r"such as (\S+)", m)[1], photo=filled(), picture="maps/one-explained.png")),
    ),
    "a picture that is no PNG": (
        lambda run: run("--out", "maps.jpg"),
        "--out is 'maps.jpg': give a name that ends in .png, or a folder that there is",
        lambda run, m: (
            bool(run("--out", "maps.png", picture="maps.png")) and bool(run("--out", "empty", picture="empty/cat-explained.png"))
        ),
    ),
    "a picture over the photo": (
        lambda run: run("--out", "cat.png"),
        "--out is 'cat.png', the photo itself: give another name",
        lambda run, m: "grad_cam" in run("--out", "map.png", picture="map.png"),
    ),
    "a photo in an empty text": (
        lambda run: run(photo=""),
        "PHOTO: '' is no path: name a file or a folder",
        lambda run, m: "grad_cam" in run() and bool(run("-o", "maps", photo=filled(), picture="maps/one-explained.png")),
    ),
    "an empty text among photos only": (
        lambda run: run("--", ""), "'' is no path: name a file or a folder", lambda run, m: "grad_cam" in run("--", "cat.png"),
    ),
    "one number for two": (
        lambda run: run("--value-range", "4095"),
        "expected two numbers, as in 0,4095, and got '4095'",
        lambda run, m: deep() and "grad_cam" in run(
            "--value-range", re.search(r"as in (\S+),", m)[1], photo="deep.png", picture="deep-explained.png"
        ),
    ),
    "a technique that is misspelt": (
        lambda run: run("-m", "gradcam++"),
        "-m/--method: there is no technique 'gradcam++', did you mean",
        lambda run, m: bool(run("-m", re.search(r"mean '(\w+)'", m)[1])),
    ),
    "a range that is none": (
        lambda run: run("--range", "0 to 2"),
        "--range: there is no range '0 to 2', did you mean",
        lambda run, m: "grad_cam" in run("--range", re.search(r"mean '(.*?)'", m)[1]),
    ),
    "a technique that there is not": (
        lambda run: run("-m", "magic"),
        "-m/--method: there is no technique 'magic': choose from",
        lambda run, m: "saliency" in run("-m", re.search(r"choose from (\w+)", m)[1]),
    ),
    "an option that is misspelt": (
        lambda run: run("--metod", "saliency"),
        "there is no option --metod, did you mean --method?",
        lambda run, m: "saliency" in run(re.search(r"mean (\S+)\?", m)[1], "saliency"),
    ),
    "a photo that looks like an option": (
        lambda run: Path("cat.png").rename("-xray.png") and run(photo="-xray.png"),
        "there is no option -xray.png: write ./-xray.png for the file of that name",
        lambda run, m: bool(run(photo=re.search(r"write (\S+)", m)[1], picture="-xray-explained.png")),
    ),
    "an option without a value": (
        lambda run: run("-m"), "-m/--method has no value: give one behind it", lambda run, m: "lime" in run("-m", "lime"),
    ),
    "an option that takes no value": (
        lambda run: run("--describe=yes"),
        "-d/--describe takes no value: leave 'yes' out",
        lambda run, m: "grad_cam" in run("--describe"),
    ),
    "two classes": (
        lambda run: run("-t", "1", "--target", "2"),
        "--target was given twice, with different values: give it once",
        lambda run, m: "grad_cam" in run("--target", "2"),
    ),
    "two values of a setting": (
        lambda run: run("--set", "relu=no", "--set", "relu=yes"),
        "--set got relu twice, as no and as yes: give it once",
        lambda run, m: run("--set", "relu=yes")["grad_cam"]["relu"] is True,
    ),
    "a setting that a technique lacks": (
        lambda run: run("--set", "n_masks=20"),
        "--set got 'n_masks=20', and there is no setting 'n_masks': grad_cam has layer, relu, seed",
        lambda run, m: run("--set", "relu=no")["grad_cam"]["relu"] is False,
    ),
    "a file of names that there is not": (
        lambda run: run("--names", "names.txt"),
        "there is no file names.txt: check the spelling, or give the names with commas",
        lambda run, m: (
            bool(Path("names.txt").write_text("one\ntwo\nthree\n", encoding="utf-8-sig"))
            and bool(run("--names", "names.txt", "-t", "one")) and bool(run("--names", "one,two,three", "-t", "one"))
        ),
    ),
    "names of an old program": (
        lambda run: Path("names.txt").write_bytes("eins\nzw\xf6lf\ndrei".encode("latin-1")) and run("--names", "names.txt"),
        "names.txt can't be read as text in UTF-8: save it as such, or give the names with commas",
        lambda run, m: (
            bool(Path("names.txt").write_text("eins\nzw\xf6lf\ndrei", encoding="utf-8"))
            and bool(run("--names", "names.txt", "-t", "zw\xf6lf")) and bool(run("--names", "eins,zw\xf6lf,drei", "-t", "drei"))
        ),
    ),
    "no names": (
        lambda run: run("--names", ","),
        "--names: ',' has no name in it: give the names with commas, as in cat,dog",
        lambda run, m: bool(run("--names", re.search(r"as in (\S+)", m)[1] + ",hen", "-t", "cat")),
    ),
    "a folder without images": (
        lambda run: run("--out", "maps", photo="empty"),
        "There is no image in the folder empty: name one that has JPEG, PNG or other image files",
        lambda run, m: all(
            run("--out", "maps", photo=filled(), picture=f"maps/{each}-explained.png") for each in ("one", "two", "three")
        ),
    ),
}  # fmt: skip


def done(*arguments):
    """Do what the arguments say, as from a terminal."""
    if code := main(list(arguments)):
        raise SystemExit(code)


def deep():
    """Write an image of 12 bits."""
    Image.fromarray(np.linspace(0, 4095, 400).reshape(20, 20).astype(np.uint16)).save("deep.png")
    return True


def made(folder):
    Path(folder).mkdir(parents=True)
    return True


def filled():
    """Return a folder with a JPEG, a PNG and a WebP file."""
    folder = Path("photos")
    folder.mkdir(exist_ok=True)
    for seed, name in enumerate(("one.jpg", "two.png", "three.webp")):
        Image.fromarray(np.roll(networks.image(size=20), seed, axis=0)).save(folder / name)
    return str(folder)


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_a_line_works(name, run, capsys):
    refused, words, follow = CASES[name]
    with pytest.raises(SystemExit):
        refused(run)
    said = capsys.readouterr().err
    assert words in said and said.startswith("xaihelpers: ") and said.count("\n") == 1, said
    assert follow(run, said) is True
