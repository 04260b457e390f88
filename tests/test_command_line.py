"""The command line: one picture with its parameters inside, one line for what is wrong, an exit code for scripts."""

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh
from xaihelpers.command_line import main
from xaihelpers.saving import read_png

COMMAND = [sys.executable, "-m", "xaihelpers"]


@pytest.fixture
def rash(tmp_path, monkeypatch):
    """A folder to work in, with an image of 160 x 128 pixels: its centred square is number 90 of the test split."""
    monkeypatch.chdir(tmp_path)
    image = xh.rashes.load_test_split().images[90]
    Image.fromarray(np.pad(image, ((0, 0), (16, 16), (0, 0)))).save("rash.png")
    return "rash.png"


def complaint(capsys):
    """The one line on stderr."""
    said = capsys.readouterr().err
    assert said.startswith("xaihelpers: ") and said.count("\n") == 1, said
    return said


def test_a_picture_of_two_techniques_with_their_parameters_inside(rash, tmp_path):
    command = [
        *COMMAND,
        rash,
        "--classifier",
        "rashnet",
        "--method",
        "grad_cam",
        "--method",
        "rise",
        "--target",
        "Measles",
        "--set",
        "rise.n_masks=300",
        "--set",
        "rise.design=independent",
        "--set",
        "grad_cam.relu=no",
        "--set",
        "seed=7",
        "--out",
        "explained.png",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "rash.png: monkeypox 0." in done.stdout and "rise: measles; 300 forward" in done.stdout
    kept = read_png(tmp_path / "explained.png")
    assert (kept["classifier"], kept["image"]) == ("rashnet", "rash.png")
    grad_cam, rise = kept["results"]
    assert (grad_cam["method"], grad_cam["class_name"], rise["class_name"]) == ("grad_cam", "measles", "measles")
    assert grad_cam["parameters"]["relu"] is False and grad_cam["parameters"]["seed"] == 7
    assert {"n_masks": 300, "design": "independent", "seed": 7, "p": 0.5}.items() <= rise["parameters"].items()
    width, height = Image.open("explained.png").size
    assert width > 3 * 300 and height > 300, "three panels, large enough to look at"


def test_the_picture_shows_the_maps(rash, capsys):
    """The panel of occlusion with one window is one flat colour; a broken drawing would not be."""
    assert main([rash, "-c", "rashnet", "-m", "occlusion", "-s", "occlusion.patch=128", "-s", "occlusion.fill=255"]) == 0
    picture = np.asarray(Image.open("rash-explained.png").convert("RGB"), dtype=int)
    middle = picture[picture.shape[0] // 2]
    photo, panel = middle[20 : len(middle) // 2 - 20], middle[len(middle) // 2 + 20 : -20]
    assert (np.ptp(photo, axis=1) > 20).mean() > 0.5, "skin"
    hue = panel - panel.min(axis=1, keepdims=True)
    assert (hue.argmax(axis=1) == hue[0].argmax()).mean() > 0.95


def test_help_is_quick_and_loads_no_tensorflow(tmp_path):
    code = (
        "import sys, time; from xaihelpers.command_line import main; code = main(['--help']); "
        "print(code, round(time.process_time(), 3), {'tensorflow', 'numpy', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    code, seconds, loaded = done.stdout.splitlines()[-1].split(maxsplit=2)
    assert (code, loaded) == ("0", "set()") and float(seconds) < 0.5
    for word in (*xh.METHODS, *xh.classifier_names(), "photo", "examples:", "exit codes:"):
        assert word in done.stdout


def test_list_names_every_setting(capsys):
    assert main(["--list"]) == 0
    said = capsys.readouterr().out
    for word in (*xh.METHODS, *xh.classifier_names(), "n_masks=1000", "segments='slic'", "the Grad-CAM map of one class"):
        assert word in said
    assert "batch_size" not in said and "progress" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no photo was given"),
        (["--method", "gradcam"], "did you mean 'grad_cam'?"),
        (["--method", "magic"], "choose from saliency"),
        (["--classifier", "rasnet"], "did you mean 'rashnet'?"),
        (["rash.png", "--loud"], "unrecognized arguments: --loud"),
        (["rash.png", "--out", "a.jpg"], "ends in .png"),
        (["rash.png", "--out", "rash.png"], "the photo itself"),
        (["rash.png", "--set", "rise.n_masks=5"], "add --method rise"),
        (["rash.png", "--set", "grad_cam.n_masks=5"], "grad_cam has layer, relu, seed"),
        (["rash.png", "--set", "batch_size=5"], "no setting 'batch_size'"),
        (["rash.png", "--set", "relu"], "technique.setting=value"),
        (["rash.png", "--set", "relu=2"], "true or false"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(rash, capsys, arguments, words):
    assert main(arguments) == 2
    assert words in complaint(capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.jpg"], "There is no file nowhere.jpg"),
        ([__file__], "no image of a format that is read here"),
        (["rash.png", "--out", "nowhere/a.png"], "no folder nowhere"),
        (["rash.png", "-c", "rashnet", "--target", "flu"], "no class 'flu'"),
        (["rash.png", "-c", "rashnet", "--target", "6"], "0 to 5"),
        (["rash.png", "-c", "rashnet", "-m", "rise", "-s", "n_masks=none"], "rise: n_masks is 'none'"),
        (["rash.png", "-c", "rashnet", "-s", "layer=conv9"], "grad_cam: There is no layer 'conv9'"),
    ],
)
def test_what_can_not_be_done_is_one_line_and_exit_code_1(rash, capsys, arguments, words):
    assert main(arguments) == 1
    assert words in complaint(capsys)


def test_one_technique_that_fails_does_not_take_the_others_along(rash, capsys):
    assert main([rash, "-c", "rashnet", "-m", "rise", "-m", "grad_cam", "-s", "rise.n_masks=0", "-o", "a.png"]) == 1
    assert "rise: n_masks is 0" in complaint(capsys)
    assert [each["method"] for each in read_png("a.png")["results"]] == ["grad_cam"]


def test_doubts_are_said_on_stderr(rash, capsys):
    assert main([rash, "-c", "rashnet", "-m", "saliency", "-s", "of=probability", "-m", "lime", "-s", "n_samples=20"]) == 0
    said = capsys.readouterr()
    assert "lime: 20 samples are few" in said.err and "few" not in said.out


def test_feature_visualization_takes_the_predicted_class(rash, capsys):
    assert main([rash, "-c", "rashnet", "-m", "activation-maximization", "-m", "deep_dream", "-s", "steps=2", "-o", "a.png"]) == 0
    drawn, dreamt = read_png("a.png")["results"]
    assert drawn["class_name"] == "monkeypox" and dreamt["target"] is None
    settings = ["-s", "steps=2", "-s", "layer=relu2", "-s", "channel=3"]
    assert main([rash, "-c", "rashnet", "-m", "activation_maximization", *settings, "-o", "a.png"]) == 0
    assert read_png("a.png")["results"][0]["class_name"] == "relu2, channel 3"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_long_technique_shows_its_progress_and_keeps_what_it_has_when_interrupted(rash, tmp_path):
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    techniques = ["-m", "grad_cam", "-m", "rise", "-m", "lime", "-s", "n_masks=500000"]
    command = [*COMMAND, rash, "-c", "rashnet", *techniques, "-o", "a.png"]
    with open(tmp_path / "out.txt", "w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=theirs)
    os.close(theirs)
    said, pressed, end = "", False, time.monotonic() + 180
    try:
        while process.poll() is None and time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                with contextlib.suppress(OSError):  # the other end is closed
                    said += os.read(ours, 4096).decode(errors="replace")
            if not pressed and re.search(r"\b\d{3,}/500000 .*image/s", said):
                process.send_signal(signal.SIGINT)
                pressed = True
        assert process.poll() == 130, said
    finally:
        process.kill()
        os.close(ours)
    assert "500,000 questions" in said and "interrupted: 2 of 3 techniques" in said
    assert "questions" not in (tmp_path / "out.txt").read_text()
    grad_cam, rise = read_png("a.png")["results"]
    assert grad_cam["method"] == "grad_cam" and "Interrupted" in rise["diagnostics"][0]
