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
    "a folder without images": (
        lambda run: run("--out", "maps", photo="empty"),
        "There is no image in the folder empty: name one that has JPEG, PNG or other image files",
        lambda run, m: all(
            run("--out", "maps", photo=filled(), picture=f"maps/{each}-explained.png") for each in ("one", "two", "three")
        ),
    ),
}  # fmt: skip


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
