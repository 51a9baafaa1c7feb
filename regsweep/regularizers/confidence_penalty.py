"""Confidence penalty: loss − β H(p), the entropy of the network's own prediction (Pereyra et al., 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.fields import number
from regsweep.methods import Batch, Method, MethodSettings, Paper, Parameters, Task

if TYPE_CHECKING:
    from torch import Tensor


class ConfidencePenalty(Method):
    """β Σ p log p is added to the loss, its mean over the batch."""

    name, title, symbol = "confidence_penalty", "confidence penalty", "β"
    paper = Paper(
        "Confidence penalty",
        "Pereyra, G., Tucker, G., Chorowski, J., Kaiser, Ł. and Hinton, G. (2017). Regularizing neural networks by "
        "penalizing confident output distributions. arXiv:1701.06548.",
    )
    off = {"beta": 0.0}
    needs_classes = True

    class Settings(MethodSettings):
        """β."""

        beta: float = number(
            "must be a finite number of 0 or more, for example regularizer.confidence_penalty=0.1", ge=0, default=0.1
        )

    def check(self, task: Task) -> None:
        """Refuse squared errors, under which outputs are no logits, and have no entropy."""
        if task.loss != "cross_entropy":
            reason = f"it is the entropy of a softmax, and with trainer.loss={task.loss} there is none; leave it out"
            raise self.refuse("beta", reason)

    def extra_loss(self, logits_BK: Tensor, batch: Batch, parameters: Parameters) -> Tensor:
        """Return −β H(p)."""
        log_shares_BK = logits_BK.log_softmax(1)
        entropy: Tensor = -(log_shares_BK.exp() * log_shares_BK).sum(1).mean()
        return -float(self.settings.beta) * entropy
