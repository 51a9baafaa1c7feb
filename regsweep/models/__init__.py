"""Networks. A model is a class, or a function that returns a network, that takes what it has a place for, by these
names:

``input_shape`` (channels, rows, columns of a picture), ``num_classes`` (the number of outputs), the arguments that
methods set (``dropout``, the probability of dropping; ``batch_norm``, whether to normalize; and so on), and parameters
of its own. Where a constructor has no such argument, a method may adapt the network itself (`Method.adapt`). Where it
finds nothing to change either, asking for it is an error, and a sweep leaves it out where it was not named.
"""

from regsweep.models.initial import Initial
from regsweep.models.probe import NUM_PROBED, require_batches, require_finite, strides_over_single_pixels
from regsweep.models.resolve import Network, build_model, places_without, resolve_target

__all__ = [
    "NUM_PROBED",
    "Initial",
    "Network",
    "build_model",
    "places_without",
    "require_batches",
    "require_finite",
    "resolve_target",
    "strides_over_single_pixels",
]
