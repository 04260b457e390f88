"""One colour scale for maps that were measured in different units."""

from ...images import as_rgb, as_uint8
from ...plots import colour, overlay
from ...results import Attribution
from ...seeing import LARGE, large, seen

OWN, SHARED, SPREAD = "share of each map's large values", "the same unit in all maps", "each map's lowest to highest value"
OVER, ALONE = "over the photograph", "the map alone"


class Scale:
    """One colour scale for several maps: diverging if one of them is signed.

    Techniques measure in different units. So a colour stands for a share of what is large in the map itself; or, for maps
    of the same technique, for the same value in all of them; or for the place between the map's lowest and highest value.
    """

    def __init__(self, results, kind):
        found = [each for each in results if isinstance(each, Attribution)]
        maps = [seen(each).values for each in found]
        # In its own unit a map without a sign can lie below zero too, such as RISE's of a logit: zero keeps its colour there.
        below = kind == SHARED and any((each < 0).any() for each in maps)
        self.kind, self.signed = kind, kind != SPREAD and (below or any(each.signed for each in found))
        fixed = any(isinstance(each, Attribution) and each.full_scale is not None for each in results)
        self.limit = max(map(large, maps), default=1.0) if kind == SHARED and not fixed else 1.0

    def shares(self, result):
        """Return a map as the scale shows it: what has the value `limit` has the last colour."""
        if result.full_scale is not None:
            return result.heatmap / result.full_scale
        values = seen(result).values
        low, high = values.min(), values.max()
        if self.kind == SPREAD:
            return (values - low) / ((high - low) or 1)
        if self.kind == SHARED:
            return values
        # A map that is far from zero everywhere, such as RISE's, would be all one colour: it begins at its smallest value.
        begin = beginning(values, result.signed)
        return (values - begin) / (large(values - begin) or 1)

    def panel(self, result, how):
        """Return the picture of a result, (H, W, 3) uint8."""
        if not isinstance(result, Attribution):
            return as_uint8(as_rgb(result.image))
        if how == ALONE:
            return as_uint8(255 * colour(self.shares(result), self.limit, self.signed)[0])
        return overlay(self.shares(result), result.image, limit=self.limit, signed=self.signed)

    def ends(self):
        """Return the words for the two ends of the scale."""
        if self.kind == SPREAD:
            return "lowest", "highest"
        low, high = f"{-self.limit:.3g}", f"{self.limit:.3g}"
        return (f"{low}: against the class", f"{high}: for the class") if self.signed else ("0", high)

    def words(self):
        """Return what the colours mean."""
        if self.kind == OWN:
            return (
                f"One colour scale for all maps: 1 is the size under which {LARGE} of 100 pixels of a map stay, and stands "
                "below it; 0 is zero, or the smallest value of a map that is never near zero. Techniques measure in "
                "different units: compare where the colour is, not how much. A map with a value for each pixel is "
                "drawn in small blocks, to be seen."
            )
        if self.kind == SPREAD:
            return (
                "One colour scale for all maps, from the lowest to the highest value of each, which stand below it. Zero has "
                "no colour of its own: what speaks for the class can't be told from what speaks against it."
            )
        return (
            "One colour scale for all maps, in the unit of the technique. That is a comparison only between maps of the same "
            "technique: different techniques measure in different units."
        )


def beginning(heatmap, signed):
    """Return where colours begin: 0; the smallest value where that is far above 0, or below it and the map without a sign."""
    low = float(heatmap.min())
    return low if low > 0.1 * large(heatmap) or (low < 0 and not signed) else 0.0
