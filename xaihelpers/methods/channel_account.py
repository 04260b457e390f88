"""A readable account of one decision: which channels of a layer contributed most to it, and where they look.

A channel's contribution is what HiResCAM attributes to it: gradient times activation, summed over places (Draelos and
Carin, arXiv 2011.08891, 2020). Where the network behind the layer is linear, as on a head of global average pooling and one
Dense layer, the contributions of all channels add up to the logit minus the bias.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._quiet import announce
from .._types import ImageLike, Target
from .._validation import as_array, shown
from ..classifier import Classifier
from ..images import resize_map
from ..results import Cost
from .shared.class_activation import silenced_logits
from .shared.contract import require, whole_number


@dataclass(frozen=True, eq=False)
class ChannelAccount:
    """What each of K channels of one layer contributed to one logit.

    image, target, class_name, layer: what was asked. logit: the class's logit. contributions: (K,) float32, in units of
    the logit, signed. activations: (h, w, K), the layer's output. channels: indices of the `top` largest contributions.
    cost: forward and backward passes, seconds.
    """

    image: np.ndarray
    target: int
    class_name: str
    layer: str
    logit: float
    contributions: np.ndarray
    activations: np.ndarray
    channels: np.ndarray
    cost: Cost

    @property
    def offset(self):
        """What no channel accounts for: the logit minus all contributions; the bias on a linear head."""
        return float(self.logit - self.contributions.sum())

    @property
    def shares(self):
        """(K,) each contribution divided by the sum of them all; they add up to 1, and are negative against the class."""
        return self.contributions / self.contributions.sum()

    @property
    def explained(self):
        """The share of logit minus offset that the named channels explain together."""
        return float(self.shares[self.channels].sum())

    def table(self):
        """Return a pandas DataFrame, one row a named channel: channel, contribution, share, shares so far."""
        import pandas

        share = self.shares[self.channels]
        columns = {"channel": self.channels, "contribution": self.contributions[self.channels], "share": share}
        return pandas.DataFrame({**columns, "so far": np.cumsum(share)})

    def map(self, channel):
        """Return where one channel is active, (H, W) float32, resized to the image (bilinear)."""
        return resize_map(self.activations[..., channel], self.image.shape[:2])

    def crop(self, channel, edge=64):
        """Return the piece of the image, (edge, edge, 3), around the place that excites one channel most."""
        h, w = self.activations.shape[:2]
        row, column = _peak(self.activations[..., channel])
        height, width = self.image.shape[:2]
        edge = min(edge, height, width)
        top = np.clip(round((row + 0.5) * height / h - edge / 2), 0, height - edge)
        left = np.clip(round((column + 0.5) * width / w - edge / 2), 0, width - edge)
        return self.image[top : top + edge, left : left + edge]

    def __repr__(self):
        return (
            f"ChannelAccount({self.class_name!r}: logit {self.logit:.2f}; {len(self.channels)} of "
            f"{len(self.contributions)} channels of {self.layer} explain {self.explained:.0%})"
        )


def _peak(activation):
    """Return (row, column) of the largest value of a map; of several, the one whose eight neighbours are largest."""
    from scipy.ndimage import uniform_filter

    # Several are usual where ReLU6 cuts off: the first of them would be at the edge of what excites the channel.
    around = uniform_filter(activation.astype(np.float64), 3, mode="nearest")
    best = np.where(activation == activation.max(), around, -np.inf)
    return np.unravel_index(best.argmax(), activation.shape)


def channel_account(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    layer: str | None = None,
    top: int = 10,
) -> ChannelAccount:
    """Return the ChannelAccount of one prediction: what each channel of a layer contributed to the class's logit.

    classifier: a Classifier around a Keras model. image: (H, W, 3), 0 to 255. target: class index, name, or None for the
    predicted class. layer: a layer with a spatial output; None is the last one. top: how many channels to name.
    Raises ValueError for an unknown layer, one without a spatial output, or more channels than it has.
    """
    require(classifier, True, "channel_account")
    pixels = classifier.check(image)
    index = None if target is None else classifier.class_index(target)
    path = classifier.spatial_layer(layer)
    top = whole_number(top, "top")
    with classifier.measure() as cost:
        found = classifier.gradients(pixels, index, layer=path)
    index = int(found.index[0])
    values, gradients = classifier.maps(path, found.values)[0], classifier.maps(path, found.gradients)[0]
    contributions = (values * gradients).sum(axis=(0, 1))
    if top > len(contributions):
        raise ValueError(f"top is {top}: layer {path!r} has {len(contributions)} channels.")
    if contributions.sum() <= 0:
        announce(
            f"The channels of {path!r} speak against {classifier.class_names[index]!r} altogether: look at "
            "contributions, not at shares of a sum that is not positive."
        )
    return ChannelAccount(
        image=np.asarray(image),
        target=index,
        class_name=classifier.class_names[index],
        layer=path,
        logit=float(found.logits[0, index]),
        contributions=contributions,
        activations=values,
        channels=np.argsort(-contributions, kind="stable")[:top],
        cost=cost(),
    )


def silence(
    classifier: Classifier,
    image: ImageLike,
    channels: ArrayLike,
    *,
    layer: str | None = None,
    batch_size: int = 32,
) -> np.ndarray:
    """Return the logits, (n, C), of one image when channels of a layer are set to zero; everything behind runs as usual.

    channels: a list of channel indices, (k,), or several lists of equal length, (n, k), for n answers at once.
    layer: a layer with a spatial output; None is the last one.
    Raises ValueError for an unknown layer, or a channel that it does not have.
    """
    require(classifier, True, "silence")
    pixels = classifier.check(image)
    path = classifier.spatial_layer(layer)
    n = classifier.n_channels(path)
    groups, batch_size = np.atleast_2d(as_array(channels, "channels")), whole_number(batch_size, "batch_size")
    whole = groups.dtype.kind in "ui" and groups.ndim == 2 and groups.size
    if not whole or groups.min() < 0 or groups.max() >= n:
        raise ValueError(f"channels is {shown(channels)}: layer {path!r} has the channels 0 to {n - 1}.")
    kept = np.ones((len(groups), n), dtype=np.float32)
    np.put_along_axis(kept, groups, 0, axis=1)
    starts = range(0, len(kept), batch_size)
    return np.concatenate([silenced_logits(classifier, path, pixels, kept[start : start + batch_size]) for start in starts])
