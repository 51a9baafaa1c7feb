"""Networks. A model is a class that takes what it has a place for, by these names:

``input_shape`` (channels, rows, columns), ``num_classes``, ``dropout`` (probability of dropping),
``batch_norm`` (whether to normalize), and parameters of its own. A class without a ``dropout`` or a
``batch_norm`` parameter has no place for it: asking for it is an error, and a sweep leaves it out.
"""

from regsweep.models.resolve import build_model, has_place_for, resolve_class

__all__ = ["build_model", "has_place_for", "resolve_class"]
