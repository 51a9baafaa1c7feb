"""L1 (lasso): loss + λ Σ|w| (Tibshirani, 1996)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from regsweep.fields import field
from regsweep.methods import Paper, Parameters, Penalty, Task, Update

if TYPE_CHECKING:
    from torch import Tensor

Solver = Literal["proximal", "subgradient"]


class L1(Penalty):
    """λ Σ|w|.

    ``proximal`` applies the soft threshold w ← sign(w) max(|w| − ηλ, 0) after each step (Parikh and Boyd, 2014,
    section 6.5.2) and so ends with exact zeros. ``subgradient`` adds λ sign(w) to the gradient, as the penalty
    in an automatic gradient would; it circles around zero and never settles there.
    """

    name, title = "l1", "L1"
    paper = Paper(
        "L1",
        "Tibshirani, R. (1996). Regression shrinkage and selection via the lasso. Journal of the Royal Statistical "
        "Society B, 58(1), 267–288.",
    )
    stage = {"before_update": "penalty", "on_weights": "shrink"}
    example = {"lambda": 1e-2}

    class Settings(Penalty.Settings):
        """The strength, what it covers, and how the penalty is minimized."""

        solver: Solver = field("must be proximal (exact zeros) or subgradient", default="proximal")

    def check(self, task: Task) -> None:
        """Refuse a soft threshold under an optimizer that has no step size for it."""
        if self.settings.solver == "proximal" and task.no_step_size:
            next_step = f"set regularizer.{self.name}.solver=subgradient, or choose another optimizer"
            raise self.refuse("solver", f"{task.no_step_size}; {next_step}")

    def value(self, parameters: Parameters) -> float:
        """Return λ Σ|w|."""
        total = sum(weight.abs().sum().item() for weight in parameters.covered.values())
        return float(self.strength * total)

    @property
    def strength(self) -> float:
        """λ; of an elastic net its share."""
        return float(self.settings.strength)

    def before_update(self, parameters: Parameters, lr: float | Tensor) -> None:
        """Add λ sign(w), which is 0 at 0, to each gradient, where the solver is ``subgradient``."""
        if self.settings.solver == "subgradient":
            for weight in parameters.covered.values():
                assert weight.grad is not None
                weight.grad.add_(weight.sign(), alpha=self.strength)

    def on_weights(self, update: Update) -> None:
        """Move each coordinate towards 0 by ηλ, and to exactly 0 where it is nearer than that (``proximal``)."""
        if self.settings.solver == "proximal":
            for weight in update.parameters.covered.values():
                magnitude = weight.abs().sub_(self.strength * update.step_size(weight)).clamp_(min=0)
                weight.copy_(magnitude.mul_(weight.sign()))
