"""Techniques side by side over many images: one tidy table, on one machine or on a cluster."""

import warnings
from functools import lru_cache
from typing import Any

import cloudpickle
import joblib
import numpy as np

from .._progress import progress_bar
from .._quiet import without_warnings
from .._types import PathLike
from .._validation import listed, yes_or_no
from ..classifier import Classifier
from ..results import Attribution
from .fingerprint import fingerprint
from .plan import make_plan, technique
from .store import COLUMNS, Store


def compare(
    classifier: Classifier | str,
    images: Any,
    masks: Any = None,
    methods: Any = None,
    metrics: Any = None,
    *,
    targets: Any = None,
    file: PathLike | None = None,
    progress: bool = True,
) -> Any:
    """Return a table of every metric of every technique on every image: image, method, metric, value, passes, seconds, note.

    classifier: a Classifier, or a name of `classifier_names()`, which every process then loads for itself.
    images: (N, H, W, 3), a list, or {name: image}. masks: (N, H, W), the evidence, or {name: mask}, or None.
    methods: names or functions; or {label: parameters} or {label: (name or function, parameters)}. None: every technique that
        gives a map of this classifier, and the controls, which know no network: "chance", "edges", "centre", "blur_difference".
    metrics: names out of `METRICS`; or {label: f(classifier, attribution, mask) -> number}.
        None: those that need no further maps; deletion and insertion take 20 steps to the image's mean colour.
    targets: the class to explain, one for all or one an image; None is the predicted class.
    file: a CSV file written as it goes; called again with the same arguments, what stands there is not computed again.
    A technique that fails on an image is a row without metric, and `note` says why; diagnostics stand in `note` too.
    passes, seconds: what the map cost; the first map of a technique includes its compilation, so look at medians.
    Images go through joblib: `with joblib.parallel_config(backend="dask"):` around the call takes them to a cluster.
    Interrupted, it returns the images that are done.
    """
    images = dict(images) if isinstance(images, dict) else dict(enumerate(listed(images, "images", "images")))
    progress = yes_or_no(progress, "progress")
    given = classifier
    if isinstance(classifier, str):
        classifier = _arrived(given)
    elif not isinstance(classifier, Classifier):
        raise TypeError(f"compare got {type(classifier).__name__}: wrap the model first, Classifier(model, ...).")
    plan = make_plan(classifier, images, masks, methods, metrics, targets)
    store = Store(file, fingerprint(classifier, plan), len(plan.metrics))
    left = [(job, [label for label in plan.methods if (str(job.name), label) not in store.done]) for job in plan.jobs]
    left = [(job, labels) for job, labels in left if labels]
    try:
        for rows in _run(given, plan, left, progress):
            store.add(rows)
    except KeyboardInterrupt:
        warnings.warn(
            f"compare was interrupted: the table has {len(store.done)} of {len(plan.jobs) * len(plan.methods)} maps.",
            stacklevel=2,
        )
    return _sorted(store.table(), plan)


def summary(
    table: Any,
    better: Any = None,
) -> Any:
    """Return mean, standard deviation and count of every metric, median passes and seconds: one row a technique.

    table: what `compare` returned. better: the metric by which the rows are sorted, highest first; None keeps the order.
    """
    rows = table[table.metric.notna()]
    order = list(dict.fromkeys(table.method))
    wide = rows.groupby(["method", "metric"], sort=False).value.agg(["mean", "std", "count"]).unstack("metric").swaplevel(axis=1)
    wide = wide[list(dict.fromkeys(rows.metric))].reindex(order)
    one_each = table.drop_duplicates(["image", "method"]).groupby("method")[["passes", "seconds"]].median()
    for name in one_each:
        wide[("cost", name)] = one_each[name]
    return wide.sort_values((better, "mean"), ascending=False) if better else wide


def _run(classifier, plan, left, progress):
    """Yield the rows of one piece of work after another, in the order in which they are ready."""
    # A piece carries the network to its process: not many more pieces than processes, unless there is only this one.
    backend, n_jobs = joblib.parallel.get_active_backend()
    workers = joblib.effective_n_jobs(n_jobs)
    size = 1 if workers == 1 else max(1, -(-len(left) // (4 * workers)))
    pieces = [left[start : start + size] for start in range(0, len(left), size)]
    work, travels = joblib.delayed(_explain), classifier
    if not isinstance(classifier, str) and workers > 1 and not getattr(backend, "supports_sharedmem", False):
        travels = cloudpickle.dumps(classifier)  # once, and not for every piece
    with progress_bar(title="compare", unit="map", total=sum(len(labels) for _, labels in left), shown=progress) as bar:
        tasks = (work(travels, plan.methods, plan.metrics, piece) for piece in pieces)
        for rows in joblib.Parallel(return_as="generator_unordered")(tasks):
            bar.update(len({(row[0], row[1]) for row in rows}))
            yield rows


@lru_cache(maxsize=2)  # as many as one table asks in turn
def _arrived(travels):
    """Return the Classifier that came to this process as a name or as bytes: built and compiled once, not for every piece."""
    if isinstance(travels, bytes):
        return cloudpickle.loads(travels)
    from ..zoo import load_classifier

    return load_classifier(travels)


def _explain(travels, methods, metrics, piece):
    """Return the rows for some images: each technique, and each metric of its map."""
    classifier, rows = _arrived(travels) if isinstance(travels, (str, bytes)) else travels, []
    for job, labels in piece:
        for label in labels:
            rows += _rows(classifier, job, label, methods[label], metrics)
    return rows


def _rows(classifier, job, label, method, metrics):
    """Return the rows of one technique on one image; a failure is a row."""
    function, parameters = method
    function = technique(function)
    with without_warnings():
        try:
            found = function(classifier, job.image, job.target, **parameters)
            if not isinstance(found, Attribution):
                raise TypeError(f"it returned {type(found).__name__}: give a function that returns an Attribution.")
        except Exception as error:
            return [(job.name, label, None, np.nan, np.nan, np.nan, f"failed: {type(error).__name__}: {error}")]
        return [(job.name, label, *_measured(classifier, found, job.mask, *metric)) for metric in metrics.items()]


def _measured(classifier, found, mask, name, metric):
    """Return metric, value, passes, seconds and note of one map."""
    value, notes = np.nan, list(found.diagnostics)
    try:
        value = float(metric(classifier, found, mask))
    except Exception as error:
        notes.append(f"not measured: {type(error).__name__}: {error}")
    return name, value, found.forward_passes + found.backward_passes, found.seconds, "; ".join(notes)


def _sorted(table, plan):
    """Return the table in the order of images, methods and metrics, with the images' own names."""
    names = {str(job.name): job.name for job in plan.jobs}
    order = [list(names), list(plan.methods), list(plan.metrics)]
    keys = [table[column].map({key: i for i, key in enumerate(keys)}) for column, keys in zip(COLUMNS, order)]
    table = table.iloc[np.lexsort([key.fillna(-1) for key in keys[::-1]])].reset_index(drop=True)
    return table.assign(image=table.image.map(names))
