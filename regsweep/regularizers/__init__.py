"""Penalties on the weights, one a file. λ is their strength, always relative to the mean cross-entropy:

    L1           loss + λ Σ|w|
    L2           loss + λ Σw²
    elastic net  loss + λ [ρ Σ|w| + (1 − ρ) Σw²],  ρ = l1_ratio

There is no ½ before the squares (scikit-learn's elastic net has one, and optax's L2 loss), so L2 with λ is
SGD with weight_decay = 2λ. A strength of 0 is the same as no penalty, bit for bit.

A module of this package that defines a `Penalty` is found by itself; its name is what the key
``regularizer.penalty`` takes, and its constructor's parameters are the settings that it has a use for.
Importing this package does not import torch.
"""

import importlib
import pkgutil

from regsweep.regularizers.penalty import NoPenalty, Penalty

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

PENALTIES: dict[str, type[Penalty]] = {cls.name: cls for cls in Penalty.__subclasses__()}

__all__ = ["PENALTIES", "NoPenalty", "Penalty"]
