"""Pictures of a comparison: maps in one colour language, means with their intervals, quality against passes."""

import numpy as np

from .._quiet import without_warnings
from ..plots import figure, side_by_side
from ..seeing import large, seen
from .agreements import ALIKE
from .entries import entries, signs_of
from .plan import technique
from .results import QUESTIONS
from .statistics import mean_interval


def gallery(classifier, image, target=None, *, rows=ALIKE, columns=7, caption="", title="image"):
    """Return (Picture, {label: Attribution}): the maps of many techniques, all in one colour language.

    Blue speaks for the class, red against it, white says nothing; each map reaches its full colour at its largest hundredth.
    Maps that know no sign are blue and white. RISE is drawn above and below its mean, since it is positive everywhere.
    """
    chosen = [row for row in entries() if row.label in rows]
    target = classifier.class_index(target, image)
    with without_warnings():
        maps = {row.label: technique(row.technique)(classifier, image, target, **row.parameters) for row in chosen}
    drawn = [_one_unit(found) for found in maps.values()]
    # One value of -1 in a corner would be seen; the scale is shared and signed as soon as one map has a negative value.
    titles = [title, *(label.replace(", ", "\n", 1) for label in maps)]
    picture = side_by_side(
        [image, *drawn], titles, columns=columns, size=1.75, shared_scale=True, colour_bar=False, caption=caption
    )
    return picture, maps


def _one_unit(found):
    """Return a map as it is drawn everywhere, from -1 to 1: its largest hundredth has the last colour."""
    heatmap = seen(found).values
    heatmap = heatmap - (heatmap.mean() if "centred" in signs_of(found.method, found.parameters) else 0)
    return np.clip(heatmap / large(heatmap), -1, 1)


# What a chart shows unless it is asked for all rows: one setting a technique, and those that change the verdict.
SHOWN = (
    *ALIKE, "Gradient × input", "SmoothGrad, 16", "Deconvnet", "Integrated gradients, mean", "Integrated gradients, black",
    "Integrated gradients, blur, absolute", "Deep SHAP, mean", "Deep SHAP, black", "Deep SHAP, blur, absolute",
    "Grad-CAM, earlier layer", "HiResCAM, earlier layer", "Occlusion, black, patch 16", "RISE, black, 300 masks",
    "RISE, mean, 300 masks, centred", "LIME, black, 300 samples", "LIME, segment mean, 300 samples",
)  # fmt: skip


def chart(ranked, title=None, *, rows=SHOWN, caption=""):
    """Return a Picture of a `ranking`: a dot and an interval a row, full where it beats the best control, hollow where not.

    title: None takes the question. rows: labels to draw, controls always among them; None: all that there are.
    """
    import matplotlib.pyplot as plt

    question = QUESTIONS.get(ranked.attrs.get("question"))
    title = title or (question.asks if question else ranked.attrs["metric"])
    shown = ranked[ranked.n > 0] if rows is None else ranked[(ranked.index.isin(rows) & (ranked.n > 0)) | ranked.control]
    fig, axis = plt.subplots(figsize=(8.5, 0.9 + 0.2 * len(shown)))
    places = np.arange(len(shown))[::-1]
    if (control := ranked.attrs["best_control"]) is not None:
        best = ranked.loc[control]
        axis.axvspan(best.low, best.high, color="0.88", zorder=0)
    for place, (_, row) in zip(places, shown.iterrows()):
        colour = "0.45" if row.control else "#20639b"
        axis.plot([row.low, row.high], [place, place], color=colour, lw=1.6)
        full = row.control or row.beats_controls
        axis.plot(row["mean"], place, "s" if row.control else "o", color=colour, ms=5, mfc=colour if full else "white")
    names = [f"{name}  ({int(row.n)})" for name, row in shown.iterrows()]
    axis.set_yticks(places, names, fontsize=8)
    axis.set_xlabel(
        f"{'lower' if ranked.attrs['better'] == 'low' else 'higher'} is better; in brackets the number of images", fontsize=8
    )
    axis.set_title(title, fontsize=10, loc="left")
    axis.tick_params(axis="x", labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.margins(y=0.01)
    words = "; ".join(f"{name} {row['mean']:.2f}" for name, row in shown.iterrows())
    return figure(fig, f"{title} Means, the best first: {words}", caption, dpi=66)


# {technique: the rows whose budget grows, all else alike}
GROWING = {
    "SmoothGrad": [f"SmoothGrad, {n}" for n in (4, 16, 64)],
    "Integrated gradients, blur": [
        "Integrated gradients, blur, 8 steps",
        "Integrated gradients, blur",
        "Integrated gradients, blur, 128 steps",
    ],
    "Occlusion": [f"Occlusion, mean, patch {p}" for p in (32, 16, 8)],
    "RISE": [f"RISE, mean, {n} masks" for n in (100, 300, 900)],
    "LIME": [f"LIME, mean, {n} samples" for n in (100, 300, 900)],
    "Anchors": [f"Anchors, mean, {n} questions" for n in (250, 500, 1000)],
}


def budgets(tables, *, caption=""):
    """Return a Picture of quality against passes, a panel a question. tables: {question: stored table}."""
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, len(tables), figsize=(4.2 * len(tables), 3.4), squeeze=False, layout="constrained")
    words = []
    for axis, (question, table) in zip(axes[0], tables.items()):
        asked = QUESTIONS[question]
        rows = table[table.metric == asked.metric]
        # Only images on which all of them were measured: a curve over other images would bend by itself.
        rows = rows[rows.method.isin([label for labels in GROWING.values() for label in labels])]
        every = rows.groupby("image").method.nunique()
        rows = rows[rows.image.isin(every[every == every.max()].index)]
        for (name, labels), marker in zip(GROWING.items(), "o^sDvP"):
            found = [rows[rows.method == label] for label in labels]
            found = [(each.passes.median(), mean_interval(each.value, asked.metric)) for each in found if len(each)]
            x, means = [passes for passes, _ in found], [each.mean for _, each in found]
            errors = np.array([(each.mean - each.low, each.high - each.mean) for _, each in found]).T
            axis.errorbar(x, means, errors, marker=marker, ms=4, lw=1.2, capsize=2, label=name)
            words.append(f"{question}, {name}: {', '.join(f'{m:.2f}' for m in means)}")
        axis.set_xscale("log")
        axis.set_title(f"{question} ({rows.image.nunique()} images)", fontsize=10)
        axis.set_xlabel("passes for one map", fontsize=8)
        axis.tick_params(labelsize=8)
    axes[0, -1].legend(fontsize=7)
    return figure(fig, "Quality against passes. " + "; ".join(words), caption)


def tree(table, measure="agreement", *, caption=""):
    """Return a Picture of who is like whom: techniques joined by how alike their maps are. table: the stored "agreement"."""
    import matplotlib.pyplot as plt
    from scipy.cluster.hierarchy import dendrogram, linkage

    mean = table.groupby(["a", "b"])[measure].mean()
    names = list(dict.fromkeys([*table.a, *table.b]))
    condensed = [1 - (mean.get((a, b), mean.get((b, a)))) for i, a in enumerate(names) for b in names[i + 1 :]]
    fig, axis = plt.subplots(figsize=(7.5, 0.6 + 0.25 * len(names)))
    drawn = dendrogram(
        linkage(condensed, "average"),
        orientation="left",
        labels=names,
        ax=axis,
        color_threshold=0,
        above_threshold_color="#20639b",
    )
    axis.set_xlabel(f"1 − {measure.replace('_', ' ')}: the further right two branches join, the more alike", fontsize=8)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right", "left"]].set_visible(False)
    return figure(fig, f"Tree of likeness by {measure}; from top to bottom: {', '.join(drawn['ivl'][::-1])}", caption)
