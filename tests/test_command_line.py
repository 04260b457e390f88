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
from xaihelpers.command_line.arguments import parse
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


@pytest.mark.slow
def test_the_first_picture_costs_little_more_than_tensorflow_itself(tmp_path):
    """Of the processor, the best of two turns: eight seconds by the clock of a machine on which TensorFlow starts in four."""
    resource = pytest.importorskip("resource", reason="Windows does not say what a process took")
    Image.fromarray(xh.sample_photo("chelsea")).save(tmp_path / "photo.jpg")

    def seconds(*command):
        before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before, done.stderr

    bare, picture = zip(*((seconds(sys.executable, "-c", "import tensorflow"), _picture(seconds)) for _ in range(2)))
    assert {said for _, said in picture} == {""}
    assert (tmp_path / "photo-explained.png").exists()
    assert min(picture)[0] < 2 * min(bare)[0], (bare, picture)


def _picture(seconds):
    return seconds(*COMMAND, "photo.jpg", "-m", "grad_cam")


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


ORDERS = {
    "behind an option": ("-m rise a.jpg b.jpg", "a.jpg b.jpg"),
    "on both sides": ("a.jpg -m rise b.jpg", "a.jpg b.jpg"),
    "between all": ("a.jpg -m rise b.jpg -d --target 1 c.jpg --set seed=1 d.jpg", "a.jpg b.jpg c.jpg d.jpg"),
    "behind two hyphens": ("a.jpg -m rise -- -m b.jpg", "a.jpg -m b.jpg"),
    "two hyphens twice": ("-m rise -- -- a.jpg", "-- a.jpg"),
    "an option tied to its value": ("a.jpg --method=rise b.jpg", "a.jpg b.jpg"),
    "a negative value": ("a.jpg --value-range -1000,3000 b.jpg -m rise", "a.jpg b.jpg"),
    "the same value twice": ("a.jpg -t 1 -m rise -m rise --target 1 b.jpg", "a.jpg b.jpg"),
}


@pytest.mark.parametrize("name", ORDERS)
def test_photos_stand_where_people_write_them(name):
    arguments, photos = ORDERS[name]
    options = parse(arguments.split())
    assert [str(photo) for photo in options.photos] == photos.split() and options.methods == ["rise"]
    assert options.value_range == ((-1000, 3000) if name == "a negative value" else None)


def test_a_long_list_of_names_is_no_file():
    names = [f"class number {n}" for n in range(1000)]
    assert parse(["a.jpg", "--model", "b.keras", "--names", ",".join(names)]).names == names


def test_a_folder_with_a_dot_in_its_name_takes_several_photos(tmp_path):
    (tmp_path / "run.1").mkdir()
    assert parse(["a.jpg", "b.jpg", "--out", str(tmp_path / "run.1")]).out == tmp_path / "run.1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no photo was given"),
        (["--method", "gradcam"], "did you mean 'grad_cam'?"),
        (["--method", "magic"], "choose from saliency"),
        (["--classifier", "rasnet"], "did you mean 'rashnet'?"),
        (["rash.png", "--loud"], "there is no option --loud"),
        (["rash.png", "--out", "a.jpg"], "ends in .png"),
        (["rash.png", "--model", "m.keras", "-c", "rashnet"], "--classifier and --model were both given"),
        (["rash.png", "--names", "a,b"], "give --model FILE too"),
        (["rash.png", "--model", "m.keras", "--range", "0 to 2"], "there is no range '0 to 2'"),
        (["rash.png", "rash.png", "x.png", "--out", "a.png"], "give a folder, such as a"),
        (["rash.png", "--value-range", "4095"], "two numbers, as in 0,4095"),
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


# -- settings without TensorFlow --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", xh.METHODS)
def test_settings_read_from_the_text_are_those_of_the_function(name, monkeypatch):
    """What `--set` knows before TensorFlow is loaded is what the technique's signature says."""
    import inspect

    from xaihelpers.command_line import settings

    real = inspect.signature(xh.METHODS[name].function).parameters
    real = {key: each.default for key, each in real.items() if key not in settings._HEAD and each.kind is not each.VAR_KEYWORD}
    monkeypatch.setattr(settings.sys, "modules", {})
    read = settings.defaults(name)
    assert list(read) == list(real)
    assert all(isinstance(read[key], settings.Written) or read[key] == real[key] for key in real)
    assert settings.first_line(name) == inspect.getdoc(xh.METHODS[name].function).partition("\n")[0]


@pytest.mark.parametrize("wrong", ["rise.masks=5", "grad_cam.relu=perhaps", "layer", "lime.seed=1"])
def test_a_misspelt_setting_is_said_before_tensorflow_is_loaded(tmp_path, wrong):
    (tmp_path / "photo.jpg").write_bytes(b"never looked at")
    code = (
        "import sys; from xaihelpers.command_line import main\n"
        f"code = main(['photo.jpg', '-m', 'rise', '-m', 'grad_cam', '--set', {wrong!r}])\n"
        "print(code, {'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "2 set()" and done.stderr.startswith("xaihelpers: --set got") and done.stderr.count("\n") == 1


# -- models of one's own, several photos ------------------------------------------------------------------------------------


@pytest.fixture
def own_model(tmp_path):
    """A model trained on 0 to 1, three classes, 60 x 100 pixels; two photos, one of them grey, and one of 12 bits."""
    import keras

    keras.utils.set_random_seed(2)
    layers = [keras.Input((60, 100, 3)), keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.GlobalAveragePooling2D()]
    model = keras.Sequential([*layers, keras.layers.Dense(3, activation="softmax")])
    model.save(tmp_path / "mine.keras")
    (tmp_path / "photos").mkdir()

    Image.fromarray(xh.sample_photo("coffee", 120)).save(tmp_path / "photos" / "coffee.png")
    Image.fromarray(xh.sample_photo("camera", 90)[..., 0]).save(tmp_path / "photos" / "camera.jpg")
    (tmp_path / "photos" / ".hidden.png").write_bytes(b"?")
    (tmp_path / "photos" / "notes.txt").write_text("none")
    ramp = np.linspace(0, 4095, 60 * 100).reshape(60, 100).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    return model


def test_a_model_of_ones_own_a_folder_and_a_photo(rash, own_model, capsys):
    options = ["--model", "mine.keras", "--names", "ant, bee,cat", "--range", "0 to 1", "-m", "occlusion", "-s", "patch=30"]
    assert main(["photos", rash, *options, "-o", "explained"]) == 0
    said = capsys.readouterr()
    assert said.err == "" and sorted(os.listdir("explained")) == [
        "camera-explained.png", "coffee-explained.png", "rash-explained.png"
    ]  # fmt: skip
    image = xh.load_image("photos/coffee.png", (60, 100))
    p = np.asarray(own_model(image[None] / 255.0))[0]
    name = ["ant", "bee", "cat"][p.argmax()]
    assert f"coffee.png: {name} {p.max():.2f}" in said.out
    stored = read_png("explained/coffee-explained.png")
    assert stored["classifier"] == "mine.keras" and stored["results"][0]["class_name"] == name


def test_names_come_from_a_file_and_a_saved_classifier_brings_them(rash, own_model, tmp_path, capsys):
    (tmp_path / "names.txt").write_text("ant\nbee\n\ncat\n")
    assert main([rash, "--model", "mine.keras", "--names", "names.txt", "--range", "-1 to 1", "-t", "bee"]) == 0
    assert "grad_cam: bee" in capsys.readouterr().out
    xh.Classifier(own_model, class_names=["x", "y", "z"], preprocess=lambda x: x / 255).save("kept.keras")
    assert main([rash, "--model", "kept.keras", "-t", "z"]) == 0
    assert "grad_cam: z" in capsys.readouterr().out


def test_describe_needs_no_photo(own_model, rash, capsys):
    assert main(["--model", "mine.keras", "--names", "ant,bee,cat", "--range", "0 to 1", "--describe"]) == 0
    said = capsys.readouterr()
    assert "mine.keras" in said.out and "classes     3: ant" in said.out and "bee" in said.out and said.err == ""


def test_twelve_bits_are_refused_with_the_option_that_helps(own_model, rash, capsys):
    options = ["deep.png", "--model", "mine.keras", "--names", "ant,bee,cat", "--range", "0 to 1", "-m", "saliency"]
    assert main(options) == 1
    assert "value_range=(0, 4095)" in complaint(capsys)
    assert main([*options, "--value-range", "0,4095"]) == 0
    ramp = np.rint(np.asarray(Image.open("deep.png")) / 4095 * 255)
    p = np.asarray(own_model(np.stack([ramp] * 3, -1)[None] / 255.0))[0]
    assert f"{p.max():.2f}" in capsys.readouterr().out


def test_one_broken_photo_does_not_take_the_others_along(own_model, rash, tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"?")
    assert main(["broken.png", rash, "photos/coffee.png", "--model", "mine.keras", "--range", "0 to 1"]) == 1
    assert "broken.png" in complaint(capsys)
    assert os.path.exists("rash-explained.png") and os.path.exists("coffee-explained.png")
    for wrong, words in [
        (["photos", "--model", "none.keras"], "There is no file"),
        (["photos", "--model", "mine.keras", "--names", "a,b"], "3 classes and 2 class names"),
        (["photos/notes.txt", "--model", "mine.keras"], "no image of a format"),
    ]:
        assert main(wrong) == 1
        assert words in capsys.readouterr().err


def test_photos_of_one_name_get_pictures_of_different_names(own_model, rash, tmp_path, capsys):
    (tmp_path / "other").mkdir()
    Image.open(rash).save("other/rash.png")
    assert main([rash, "other/rash.png", "--model", "mine.keras", "--range", "0 to 1"]) == 0
    assert os.path.exists("rash-explained.png") and os.path.exists("rash-2-explained.png")


@pytest.mark.parametrize(
    ("name", "said"), [("rashnet", True), ("rashnet-biased", True), ("rash-xception", True), ("xception", False)]
)
def test_a_network_of_drawings_says_so(name, said):
    from xaihelpers.zoo import knows_only

    assert bool(knows_only(name)) is said


def test_of_a_photograph_it_is_said_that_the_network_knows_drawings(rash, tmp_path, capsys):
    Image.fromarray(xh.sample_photo("chelsea", 200)).save("cat.png")
    assert main(["cat.png", "-c", "rashnet"]) == 0
    assert "rashnet knows the course's drawn rashes only: what it says of a photograph means nothing" in capsys.readouterr().out


def test_what_other_packages_say_is_not_on_stderr(rash, monkeypatch, capsys):
    import warnings

    from xaihelpers.command_line import work

    real = work._run

    def noisy(*given):
        warnings.warn("of no interest", FutureWarning, stacklevel=1)
        warnings.warn("ours", xh.DiagnosticWarning, stacklevel=1)
        return real(*given)

    monkeypatch.setattr(work, "_run", noisy)
    assert main([rash, "-c", "rashnet"]) == 0
    assert capsys.readouterr().err == "xaihelpers: ours\n"


def test_it_is_installed_as_a_command(repository):
    import importlib
    import tomllib

    scripts = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, function = scripts["xaihelpers"].partition(":")
    assert getattr(importlib.import_module(module), function) is main
