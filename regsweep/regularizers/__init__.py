"""Methods of regularization, one a file. λ is a penalty's strength, always relative to the mean cross-entropy:

    L1           loss + λ Σ|w|
    L2           loss + λ Σw²
    elastic net  loss + λ [ρ Σ|w| + (1 − ρ) Σw²],  ρ = l1_ratio

There is no ½ before the squares (scikit-learn's elastic net has one, and optax's L2 loss), so L2 with λ is
SGD with weight_decay = 2λ.

A module of this package that defines a `Method` is found by itself; its name is that of the key ``regularizer.NAME``
and of the preset ``conf/regularizer/NAME.yaml``. Importing this package does not import torch, so its modules import
torch where they need it.
"""

import importlib
import pkgutil

from regsweep.methods import Method


def _found(base: type[Method]) -> list[type[Method]]:
    classes = [cls for child in base.__subclasses__() for cls in (child, *_found(child))]
    return [cls for cls in classes if cls.__module__.startswith(f"{__name__}.") and "name" in vars(cls)]


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

METHODS: dict[str, type[Method]] = {cls.name: cls for cls in sorted(_found(Method), key=lambda cls: cls.name)}

__all__ = ["METHODS"]
