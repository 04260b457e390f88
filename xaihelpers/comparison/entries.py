"""What a comparison compares: a technique is an entry only together with its settings.

A name alone says little: integrated gradients from black and from a blurred image are two answers, and so are a signed map
and its absolute values. So every technique enters with two settings or more, those that take a baseline with the same ones,
and those that ask random questions with three budgets.
"""

from typing import NamedTuple

import numpy as np

from ..methods import METHODS
from .controls import CONTROLS

BASELINES = ("blur", "mean", "black")
# What is done to a map before it is measured, beside taking it as it is.
SIGNS = {"signed": lambda h: h, "absolute": np.abs, "centred": lambda h: h - h.mean()}


class Entry(NamedTuple):
    """One row of a comparison. technique: a name; parameters: those that differ from its own.

    label: what the row is called. sampled: it asks many questions, and is measured on fewer images.
    """

    label: str
    technique: str
    parameters: dict = {}
    sampled: bool = False

    @property
    def signs(self):
        """What is done to its map, as in `SIGNS`; the first is the map as it is, and has the plain label."""
        return signs_of(self.technique, self.parameters)

    @property
    def labels(self):
        """{sign: label of the row}."""
        return {sign: self.label if i == 0 else f"{self.label}, {sign}" for i, sign in enumerate(self.signs)}

    @property
    def is_control(self):
        """Whether this row knows no network."""
        return self.technique in CONTROLS


def friendly(name):
    """Return the name for a reader of a technique or a control; a name that is neither comes back as it is."""
    method = CONTROLS[name].method if name in CONTROLS else METHODS.get(name)
    return name if method is None else method.title


def signs_of(technique, parameters):
    """Return which of `SIGNS` a map is measured with: its absolute values where it is signed, or what is above its mean."""
    method = METHODS.get(technique)
    if method is None:  # a control, or a technique of somebody's own
        return ("signed",)
    if method.above_mean:
        return ("signed", "centred")
    return ("signed", "absolute") if method.gives_signed(parameters) else ("signed",)


def entries(earlier=None):
    """Return all Entries of the course, in the order of its tables.

    earlier: the layer that the CAMs look at beside their last one; None leaves these rows out.
    """
    rows = [
        Entry("Saliency", "saliency"),
        Entry("Gradient × input", "saliency", {"times_input": True}),
        *(Entry(f"SmoothGrad, {n}", "saliency", {"noise": 0.15, "samples": n}, sampled=n != 16) for n in (4, 16, 64)),
        Entry("VarGrad", "saliency", {"noise": 0.15, "samples": 16, "variance": True}),
        Entry("Guided backpropagation", "guided_backprop"),
        Entry("Deconvnet", "guided_backprop", {"rule": "deconvnet"}),
        *(Entry(f"Integrated gradients, {b}", "integrated_gradients", {"baseline": b, "steps": 32}) for b in BASELINES),
        *(
            Entry(f"Integrated gradients, blur, {n} steps", "integrated_gradients", {"baseline": "blur", "steps": n}, True)
            for n in (8, 128)
        ),
        *(Entry(f"Deep SHAP, {b}", "deep_shap", {"background": b}) for b in (*BASELINES, "greys")),
        Entry("Grad-CAM", "grad_cam"),
        Entry("Grad-CAM without ReLU", "grad_cam", {"relu": False}),
        Entry("HiResCAM", "hires_cam", {}),
    ]
    if earlier is not None:
        rows += [
            Entry("Grad-CAM, earlier layer", "grad_cam", {"layer": earlier}),
            Entry("HiResCAM, earlier layer", "hires_cam", {"layer": earlier}),
        ]
    rows += _asking()
    return [*rows, *_new({row.technique for row in rows}), *(Entry(friendly(name), name) for name in CONTROLS)]


def _new(known):
    """Return two Entries for each technique that is not among the known ones: as it comes, and with its first slider moved."""
    rows = []
    for name, method in METHODS.items():
        if name in known or method.family == "feature visualization":
            continue
        title, asks = method.title, not method.needs_gradients
        rows.append(Entry(title, name, {}, asks))
        for key, slider in method.sliders.items():
            value = slider.low if slider.options is None else None if callable(slider.options) else list(slider.options)[-1]
            if value is not None:
                rows.append(Entry(f"{title}, {key} {value}", name, {key: value}, asks))
                break
    return rows


def _asking():
    """Return the Entries that only ask questions: three budgets, three fills, and the logit in place of the probability."""
    # (label, technique, parameters of the three budgets, which of them is the middle one)
    kinds = [
        ("Occlusion", "occlusion", {f"patch {p}": {"patch": p, "stride": p // 2} for p in (32, 16, 8)}, "patch 16"),
        ("RISE", "rise", {f"{n} masks": {"n_masks": n} for n in (100, 300, 900)}, "300 masks"),
        ("LIME", "lime", {f"{n} samples": {"n_samples": n} for n in (100, 300, 900)}, "300 samples"),
        ("Anchors", "anchors", {f"{n} questions": {"max_questions": n} for n in (250, 500, 1000)}, "500 questions"),
    ]
    rows = []
    for name, technique, budgets, middle in kinds:
        fill = "mean"
        rows += [Entry(f"{name}, {fill}, {word}", technique, {"fill": fill, **more}, True) for word, more in budgets.items()]
        rows += [
            Entry(f"{name}, {other}, {middle}", technique, {"fill": other, **budgets[middle]}, True)
            for other in ("blur", "black")
        ]
        if technique in ("lime", "anchors"):  # their own fill: each superpixel in its mean colour
            rows.append(Entry(f"{name}, segment mean, {middle}", technique, {"fill": "segment mean", **budgets[middle]}, True))
        if technique != "anchors":
            logit = {"fill": fill, **budgets[middle], "of": "logit"}
            rows.append(Entry(f"{name}, {fill}, {middle}, logit", technique, logit, True))
    return rows


def earlier_layer(classifier):
    """Return the last layer whose maps have at least twice the edge of the last one's; None where there is none."""
    spatial = classifier.spatial_layers()
    last = classifier.places(classifier.spatial_layer()).grid[0]
    larger = [path for path in spatial if classifier.places(path).grid[0] >= 2 * last]
    return larger[-1] if larger else None


def as_methods(rows):
    """Return {label: (function, parameters)} for `compare`, one for each Entry."""
    return {row.label: (row.technique, row.parameters) for row in rows}


def settings_table(rows):
    """Return every row with its full settings: what is compared with what, how signs are taken, and what may be asked."""
    import inspect

    import pandas as pd

    found = []
    for row in rows:
        if row.is_control:
            continue
        defaults = inspect.signature(METHODS[row.technique].function).parameters
        full = {k: p.default for k, p in defaults.items() if p.default is not inspect.Parameter.empty} | row.parameters
        baseline = next((full[key] for key in ("baseline", "background", "fill") if key in full), "none")
        budget = {key: full[key] for key in ("steps", "samples", "n_masks", "n_samples", "max_questions", "patch") if key in full}
        for sign, label in row.labels.items():
            found.append(
                {
                    "row": label,
                    "technique": friendly(row.technique),
                    "compared with": baseline,
                    "map": sign,
                    "layer": (full.get("layer") or "last") if "layer" in full else "",
                    "budget": ", ".join(f"{key} {value}" for key, value in budget.items() if value is not None),
                    "of": full.get("of", "logit"),
                }
            )
    return pd.DataFrame(found).set_index("row")
