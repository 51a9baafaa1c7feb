"""What a model of this project does where its configuration leaves it open."""

_BATCH_NORM = {"Linear": False, "MLP": False, "CNN": False, "ResNet18": True}


def batch_norm_habit(target: object) -> bool | None:
    """Return whether the model `target` (``module.Class``) has BatchNorm where ``regularizer.batch_norm`` is null.

    None where that is not known: for a network of the user's own.
    """
    return _BATCH_NORM.get(str(target).rpartition(".")[2])
