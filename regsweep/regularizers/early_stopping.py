"""Early stopping: training ends when validation no longer improves, and the weights of the best epoch are kept.

Prechelt, 1998; Goodfellow et al., 2016, algorithm 7.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from regsweep.fields import field
from regsweep.methods import Method, MethodSettings, Paper

if TYPE_CHECKING:
    from regsweep.member import EpochRow


class EarlyStopping(Method):
    """Ends after `patience` epochs without a better objective on validation examples, with the weights of the best."""

    name, title = "early_stopping", "early stopping"
    paper = Paper(
        "Early stopping",
        "Prechelt, L. (1998). Early stopping – but when? Neural Networks: Tricks of the Trade, Springer, 55–69.",
    )
    acts_in_evaluation = True
    keeps_best_epoch = True
    example = {"patience": 1}

    class Settings(MethodSettings):
        """The number of epochs."""

        patience: int = field(
            "must be a whole number of epochs, 1 or more, for example regularizer.early_stopping=5", ge=1, default=5
        )

    def should_stop(self, history: Sequence[EpochRow]) -> bool:
        """Return whether the best epoch is `patience` epochs ago."""
        scores = [row.validation.score for row in history if row.validation is not None]
        num_since_best = len(scores) - 1 - scores.index(max(scores))
        return num_since_best >= int(self.settings.patience)
