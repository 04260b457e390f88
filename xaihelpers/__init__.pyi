"""Helpers for explaining convolutional neural networks in Keras 3. Written by `make generated`; change the package, not this."""

from typing import Any as _Any

from . import comparison as comparison
from . import images as images
from . import methods as methods
from . import metrics as metrics
from . import plots as plots
from . import rashes as rashes
from . import results as results
from . import zoo as zoo
from ._quiet import without_warnings as without_warnings
from ._types import Fill as _Fill
from ._types import ImageLike as _ImageLike
from ._types import Layers as _Layers
from ._types import Segments as _Segments
from ._types import Target as _Target
from .auditing import audit as audit
from .classifier import Classifier as Classifier
from .classifier.model_files import load_model as load_model
from .comparison import compare as compare
from .comparison.board import board as board
from .course import checks as _checks
from .course import field as field
from .course.judging import judge as judge
from .course.stored import stored as stored
from .evidence import composites as composites
from .evidence import object_masks as object_masks
from .folders import images_from_folder as images_from_folder
from .images import load_image as load_image
from .images import photo_credit as photo_credit
from .images import photo_names as photo_names
from .images import sample_photo as sample_photo
from .methods import METHODS as METHODS
from .methods import cost_of as cost_of
from .methods.channel_account import channel_account as channel_account
from .methods.channel_account import silence as silence
from .methods.concepts import concepts as concepts
from .plots import animate as animate
from .plots import figure as figure
from .plots import overlay as overlay
from .plots import show as show
from .plots import side_by_side as side_by_side
from .reporting import explain_folder as explain_folder
from .results import Attribution as Attribution
from .results import DiagnosticWarning as DiagnosticWarning
from .results import Visualization as Visualization
from .saving import read_png as read_png
from .saving import save_png as save_png
from .training import evaluate as evaluate
from .training import train_classifier as train_classifier
from .widgets.explore import explore as explore
from .widgets.explore import strip as strip
from .widgets.playground import playground as playground
from .zoo import classifier_names as classifier_names
from .zoo import load_classifier as load_classifier

__all__ = [
    "METHODS",
    "Attribution",
    "Classifier",
    "DiagnosticWarning",
    "Visualization",
    "ablation_cam",
    "activation_maximization",
    "anchors",
    "animate",
    "audit",
    "board",
    "channel_account",
    "check",
    "classifier_names",
    "compare",
    "comparison",
    "composites",
    "concepts",
    "cost_of",
    "deep_dream",
    "deep_shap",
    "eigen_cam",
    "evaluate",
    "expected_gradients",
    "explain_folder",
    "explore",
    "extremal_perturbation",
    "field",
    "figure",
    "grad_cam",
    "grad_cam_plus_plus",
    "guided_backprop",
    "hires_cam",
    "images",
    "images_from_folder",
    "integrated_gradients",
    "judge",
    "layer_cam",
    "lime",
    "load_classifier",
    "load_image",
    "load_model",
    "lrp",
    "methods",
    "metrics",
    "object_masks",
    "occlusion",
    "overlay",
    "photo_credit",
    "photo_names",
    "playground",
    "plots",
    "rashes",
    "read_png",
    "results",
    "rise",
    "saliency",
    "sample_photo",
    "save_png",
    "score_cam",
    "shapley",
    "show",
    "side_by_side",
    "silence",
    "stored",
    "strip",
    "train_classifier",
    "without_warnings",
    "xgrad_cam",
    "zoo",
]
__version__: str
check = _checks

def saliency(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    times_input: bool = False,
    noise: float = 0.0,
    samples: int = 1,
    variance: bool = False,
    of: str = "logit",
    seed: int = 0,
    batch_size: int = 8,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the saliency map of one class, (H, W): the gradient's absolute value, the largest of the channels."""

def integrated_gradients(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    baseline: _Fill = "blur",
    steps: int = 64,
    of: str = "logit",
    seed: int = 0,
    batch_size: int = 8,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the integrated gradients of one class, (H, W), signed: contributions that add up to f(image) - f(baseline)."""

def guided_backprop(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    rule: str = "guided",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Attribution:
    """Return the guided gradient of a class's logit, (H, W): its absolute value, the largest of the three channels."""

def deep_shap(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    background: _Fill = "greys",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Attribution:
    """Return every pixel's contribution to a logit, (H, W), signed: they add up to logit(image) - mean logit(background)."""

def grad_cam(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    layer: str | None = None,
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Attribution:
    """Return the Grad-CAM map of one class, (H, W): where a layer's maps, weighted by their mean gradient, are high."""

def hires_cam(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    layer: str | None = None,
    relu: bool = False,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Attribution:
    """Return the HiResCAM map of one class, (H, W): gradient times activation, summed over channels, not averaged."""

def grad_cam_plus_plus(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    layer: str | None = None,
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Attribution:
    """Return the Grad-CAM++ map of one class, (H, W): Grad-CAM's, but only places with a positive gradient count."""

def xgrad_cam(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    layer: str | None = None,
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Attribution:
    """Return the XGrad-CAM map of one class, (H, W): Grad-CAM's, places counted by how active the channel is there."""

def layer_cam(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    layer: str | None = None,
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Attribution:
    """Return the Layer-CAM map of one class, (H, W): activation times positive gradient, place by place, summed over channels."""

def score_cam(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    layer: str | None = None,
    channels: int = 64,
    fill: _Fill = "black",
    of: str = "probability",
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the Score-CAM map of one class, (H, W): each channel counts by the score of the image seen through its map."""

def ablation_cam(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    layer: str | None = None,
    channels: int = 64,
    relu: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the Ablation-CAM map of one class, (H, W): each channel counts by what the logit loses without it."""

def eigen_cam(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    layer: str | None = None,
    centred: bool = False,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Attribution:
    """Return the Eigen-CAM map, (H, W): the strongest pattern that a layer's maps have in common. It is of no class."""

def expected_gradients(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    background: _Fill = "greys",
    samples: int = 64,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the expected gradients of one class, (H, W), signed; they nearly add up to logit(image) - mean logit(background)."""

def lrp(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    rule: str = "composite",
    epsilon: float = 0.25,
    gamma: float = 0.25,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Attribution:
    """Return every pixel's relevance for a class, (H, W), signed: its share of the logit; biases and epsilon keep some."""

def occlusion(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    patch: int | None = None,
    stride: int | None = None,
    fill: _Fill = "mean",
    of: str = "probability",
    levels: int = 1,
    keep: float = 0.25,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the occlusion map of one class, (H, W): how far covering a pixel's patch lowers the class's probability."""

def rise(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    n_masks: int = 1000,
    grid: int = 8,
    p: float = 0.5,
    fill: _Fill = "black",
    of: str = "probability",
    design: str = "balanced",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the RISE map of one class, (H, W): its expected score, given that the pixel is kept."""

def lime(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    n_samples: int = 1000,
    n_segments: int = 50,
    segments: _Segments = "slic",
    fill: _Fill = "segment mean",
    of: str = "probability",
    kernel_width: float = 0.25,
    ridge: float = 1.0,
    n_features: int | None = None,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the LIME map of one class, (H, W): for every pixel the weight of its superpixel, signed, on the scale of `of`."""

def shapley(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    n_samples: int | None = None,
    n_segments: int = 25,
    segments: _Segments = "slic",
    fill: _Fill = "segment mean",
    of: str = "probability",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the Shapley map of one class, (H, W): for every pixel the Shapley value of its superpixel, on the scale of `of`."""

def extremal_perturbation(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    area: float | None = None,
    steps: int = 30,
    grid: int | None = None,
    fill: _Fill = "blur",
    of: str = "logit",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the extremal masks of one class, (H, W): 1 where a pixel is kept in masks of all sizes, 0 where in none."""

def anchors(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    threshold: float = 0.95,
    n_segments: int = 16,
    segments: _Segments = "slic",
    fill: _Fill = "segment mean",
    delta: float = 0.1,
    tau: float = 0.15,
    beam_size: int = 1,
    round_size: int = 64,
    max_questions: int = 4000,
    engine: str = "own",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Attribution:
    """Return the anchor of a decision, (H, W): 1 on the superpixels that keep the network's class, 0 elsewhere."""

def activation_maximization(
    classifier: Classifier,
    target: _Target = None,
    *,
    layer: str | None = None,
    channel: int | None = None,
    steps: int = 256,
    step_size: float = 0.05,
    space: str = "fourier",
    optimizer: str = "adam",
    jitter: int = 8,
    scale: float = 0.0,
    rotation: float = 0.0,
    negative: bool = False,
    l2: float = 0.0,
    total_variation: float = 0.0,
    radius: float | None = None,
    size: int | tuple[int, int] | None = None,
    frames: _Any = 8,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Visualization:
    """Return the picture that drives up a class's logit, or the mean of one channel, found by gradient ascent from noise."""

def deep_dream(
    classifier: Classifier,
    image: _ImageLike,
    target: _Target = None,
    *,
    layers: _Layers = None,
    channel: int | None = None,
    squares: bool = False,
    guide: _ImageLike | None = None,
    octaves: int = 4,
    octave_scale: float = 1.4,
    steps: int = 10,
    step_size: float = 2.0,
    blur: float = 1.4,
    tile: int | None = None,
    roll: bool = True,
    frames: _Any = 8,
    seed: int = 0,
    batch_size: int = 4,
    progress: bool = False,
) -> Visualization:
    """Return the image changed so that layers (or a class) are excited more: gradient ascent from small to large octaves."""
