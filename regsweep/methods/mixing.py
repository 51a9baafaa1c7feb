"""What the methods have in common that mix two examples of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from regsweep.fields import number
from regsweep.methods.method import Method, MethodSettings, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from regsweep.methods.parameters import Batch

NEARLY_ZERO = 0.01
"""Below it torch's Beta(α, α) is often exactly ½, by underflow; its limit for α → 0 is 0 or 1, each as often."""


class Mixing(Method):
    """A share λ ~ Beta(α, α) of each example, and the rest of another one of the batch."""

    symbol = "α"
    role = "mixing of examples"
    stage: ClassVar[Mapping[str, str]] = {"on_batch": "mix"}
    off: ClassVar[Mapping[str, Any]] = {"alpha": 0.0}

    class Settings(MethodSettings):
        """α."""

        alpha: float = number(
            "must be a finite number of 0 or more, for example regularizer.mixup=0.2", ge=0, default=0.2
        )

    def check(self, task: Task) -> None:
        """Refuse batches of one image."""
        if task.smallest_batch == 1:
            raise self.refuse("alpha", "needs batches of 2 examples or more to mix; raise trainer.batch_size")

    def draw(self, batch: Batch) -> tuple[float, Tensor]:
        """Return λ, and for each example the place of the other one, (B,)."""
        import torch  # noqa: PLC0415

        alpha = self.settings.alpha
        share = torch.randint(2, ()) if alpha < NEARLY_ZERO else torch.distributions.Beta(alpha, alpha).sample()
        return float(share), torch.randperm(len(batch.inputs)).to(batch.inputs.device, non_blocking=True)
