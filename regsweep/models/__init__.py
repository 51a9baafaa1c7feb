"""Networks. A model is a class that takes what it has a place for, by these names:

``input_shape`` (channels, rows, columns), ``num_classes``, the arguments that methods set (``dropout``, the probability
of dropping; ``batch_norm``, whether to normalize; and so on), and parameters of its own. A class without such an
argument has no place for the method: asking for it is an error, and a sweep leaves it out where it was not named.
"""

from regsweep.models.resolve import build_model, places_without, resolve_class

__all__ = ["build_model", "places_without", "resolve_class"]
